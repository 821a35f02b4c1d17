"""Signing in with an account of our own register."""

from __future__ import annotations

import time
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import maybe_future
from traitlets import Any as AnyTrait
from traitlets import Bool, Integer, Unicode, default

from nightdesk_hub import style_files
from nightdesk_hub.accounts.lockout import Lockout, lock_words
from nightdesk_hub.accounts.passwords import MAX_LENGTH, Hasher, hash_password
from nightdesk_hub.accounts.problem import AccountProblem, said
from nightdesk_hub.accounts.register import ADMIN
from nightdesk_hub.addresses import address_of
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving.admission import check_may_sign_in, check_not_going
from nightdesk_hub.leaving.departures import State
from nightdesk_hub.user_names import is_user_name


class NightdeskAuthenticator(Authenticator):  # type: ignore[misc]
    """Lets in whose account is approved. The first start makes the account `admin`."""

    desk: Desk = AnyTrait().tag(config=True)  # type: ignore[assignment]
    admin_password = Unicode(help="Password of the account that the first start makes.").tag(config=True)

    # Approval decides, and is looked up at each sign-in; none of the hub's lists does.
    any_allow_config = Bool(True, config=True)
    # Whoever is suspended is out within seconds, also with a token.
    auth_refresh_age = Integer(10, config=True)
    auth_refresh_strict = Bool(True, config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hasher = Hasher()
        self.lockout = Lockout()
        if self.desk.register.needs_admin():
            self.desk.register.seed_admin(hash_password(self.admin_password))
            self.log.info("Made the account %r; its password is NIGHTDESK_ADMIN_PASSWORD", ADMIN)

    @default("admin_users")
    def _admin_users(self) -> set[str]:
        # An admin account that was removed on purpose does not come back as a user of the hub.
        return {ADMIN} if self.desk.register.find(ADMIN) else set()

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> dict[str, Any] | None:
        """See :meth:`jupyterhub.auth.Authenticator.authenticate`.

        A name that nobody has costs as much time and locks as soon as one that somebody has.
        """
        name = self.normalize_username(data.get("username", "")).strip()[:MAX_LENGTH]
        address = address_of(handler.request, self.desk)
        locked = self.lockout.seconds_left(name, address, time.monotonic())
        if locked:
            raise said(429, lock_words(locked), {"Retry-After": str(round(locked) or 1)})
        account = self.desk.register.find(name)
        # Noted before the slow check, so that many guesses at once count as many.
        self.lockout.failed(name, address, time.monotonic())
        try:
            right = await self.hasher.verify(data.get("password", ""), account.password if account else None)
        except AccountProblem as problem:
            raise said(problem.status, str(problem)) from None
        if account is None or not right:
            return None
        self.lockout.succeeded(name, address)
        check_may_sign_in(self.desk, name)
        if not self.desk.register.is_approved(name):
            raise said(403, "Your account waits for an admin's approval. Ask one, then sign in again.")
        return {"name": name}

    def check_allowed(self, username: str, authentication: Any = None) -> bool:  # noqa: ARG002
        """Is this account approved, and not disabled?"""
        return self.desk.register.is_approved(username) and not self.desk.departures.is_out(username)

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:  # noqa: ARG002
        """Is it still? A user whom an admin made without an account (a robot's, with a token) stays."""
        account = self.desk.register.find(user.name)
        return (account is None or account.approved) and not self.desk.departures.is_out(user.name)

    def validate_username(self, username: str) -> bool:
        """May somebody be called so, also through the hub's own API?"""
        return bool(super().validate_username(username)) and is_user_name(username)

    async def add_user(self, user: Any) -> None:
        """A user is made. Nobody takes the name of somebody who is not gone yet."""
        if self.desk.settling.started:  # a hub that starts names everybody whom it has
            check_not_going(self.desk, user.name)
        await maybe_future(super().add_user(user))

    async def delete_user(self, user: Any) -> None:
        """A user goes, perhaps by the hub's own admin page: what belongs to them is put away as ever."""
        found = self.desk.departures.find(user.name)
        if found is None or found.state is not State.REMOVING:
            self.desk.settling.being_deleted.add(user.name)
            self.desk.departures.disable(user.name, "an admin of the hub")
            self.desk.departures.remove(user.name, purge_home=False)
            self.desk.settling.shut_out(user.name)
        super().delete_user(user)
        self.desk.register.remove(user.name)

    def get_handlers(self, app: Any) -> list[Any]:
        """What we add to the hub: the pages and the REST API of accounts, and the style sheet."""
        from nightdesk_hub import live_sessions
        from nightdesk_hub.accounts import api, pages
        from nightdesk_hub.leaving import api as people_api
        from nightdesk_hub.leaving import pages as people_pages

        self.desk.settling.attach(app)
        return [
            *super().get_handlers(app),
            *pages.handlers,
            *api.handlers,
            *people_api.handlers,
            *live_sessions.handlers,
            *people_pages.handlers,
            *style_files.handlers,
        ]
