"""Signing in with an account of our own register."""

from __future__ import annotations

import time
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets import Any as AnyTrait
from traitlets import Bool, Integer, Unicode, default

from nightdesk_hub import style_files
from nightdesk_hub.accounts.lockout import Lockout, lock_words
from nightdesk_hub.accounts.passwords import MAX_LENGTH, Hasher, hash_password
from nightdesk_hub.accounts.problem import AccountProblem, MustChoosePassword, said
from nightdesk_hub.accounts.register import ADMIN, Account
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
        self.lockout = Lockout(self.desk.register.file)
        if self.desk.register.needs_admin():
            self.desk.register.seed_admin(hash_password(self.admin_password))
            self.log.info("Made the account %r; its password is NIGHTDESK_ADMIN_PASSWORD", ADMIN)

    @default("admin_users")
    def _admin_users(self) -> set[str]:
        # An admin account that was removed on purpose does not come back as a user of the hub.
        return {ADMIN} if self.desk.register.find(ADMIN) else set()

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> dict[str, Any] | None:
        """See :meth:`jupyterhub.auth.Authenticator.authenticate`.

        Raises:
            MustChoosePassword: the password is one that an admin gave out.
            web.HTTPError: the person may not come in; with words.
        """
        account = await self.account_of(handler, data.get("username", ""), data.get("password", ""))
        if account is None:
            return None
        if account.must_change:
            raise MustChoosePassword(account.name)
        return {"name": account.name}

    async def account_of(self, handler: BaseHandler, name: str, password: str) -> Account | None:
        """The account whose name and password these are. None: there is no such account.

        A name that nobody has costs as much time and locks as soon as one that somebody has.

        Raises:
            web.HTTPError: the name is locked (429), too many are at it (503), or the person may not
                come in (403); with words.
        """
        name = self.normalize_username(name).strip()[:MAX_LENGTH]
        address = address_of(handler.request, self.desk)
        locked = self.lockout.seconds_left(name, address, time.time())
        if locked:
            raise said(429, lock_words(locked), {"Retry-After": str(round(locked) or 1)})
        account = self.desk.register.find(name)
        # Noted before the slow check, so that many guesses at once count as many.
        self.lockout.failed(name, address, time.time())
        try:
            right = await self.hasher.verify(password, account.password if account else None)
        except AccountProblem as problem:
            raise said(problem.status, str(problem)) from None
        account = self.desk.register.find(name)  # it may have changed meanwhile
        if account is None or not right:
            return None
        self.lockout.succeeded(name, address)
        self.check_may_sign_in(name)
        if not account.approved:
            raise said(403, "Your account waits for an admin's approval. Ask one, then sign in again.")
        return account

    def check_may_sign_in(self, name: str) -> None:
        """May this person be here at all, whoever vouches for them? Asked at each sign-in and refresh.

        The one place for what keeps somebody out whichever way they come.

        Raises:
            web.HTTPError: 403 or 409, with words for the person.
        """
        check_may_sign_in(self.desk, name)

    def may_stay(self, name: str) -> bool:
        """The same as an answer."""
        try:
            self.check_may_sign_in(name)
        except web.HTTPError:
            return False
        return True

    def check_allowed(self, username: str, authentication: Any = None) -> bool:  # noqa: ARG002
        """Is this account approved, and not disabled?"""
        return self.desk.register.is_approved(username) and not self.desk.departures.is_out(username)

    async def refresh_user(self, user: Any, handler: Any = None) -> Any:  # noqa: ARG002
        """Is it still? A user whom an admin made without an account (a robot's, with a token) stays.

        Somebody whom a provider vouched for does not, now that there is none: they may have left there.
        """
        if not self.may_stay(user.name):
            return False
        account = self.desk.register.find(user.name)
        if account is None:
            return self.desk.register.identities.of(user.name) is None
        return account.approved

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
        from nightdesk_hub.accounts import api, last_admin, pages, password_page
        from nightdesk_hub.leaving import api as people_api
        from nightdesk_hub.leaving import pages as people_pages

        self.desk.settling.attach(app)
        own = (pages, password_page, api, last_admin, people_api, live_sessions, people_pages, style_files)
        # Ours first: the sign-in page takes the place of the hub's.
        return [*(handler for module in own for handler in module.handlers), *super().get_handlers(app)]
