"""Signing in with a provider: who comes, under which name, with which rights, and whether that still holds.

oauthenticator does the exchange with the provider. What is decided here: who is let in
(:mod:`admission`), which user of the hub somebody is (:mod:`identities`, :mod:`user_name`), that groups
and admins follow the provider (:mod:`groups`), and what happens while it is away.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any

from jupyterhub import orm, roles
from jupyterhub.utils import maybe_future
from oauthenticator.oauth2 import OAuthenticator
from tornado import web
from traitlets import Any as AnyTrait
from traitlets import Bool

from nightdesk_hub.accounts.authenticator import NightdeskAuthenticator
from nightdesk_hub.accounts.homes import home_owners
from nightdesk_hub.accounts.problem import said
from nightdesk_hub.engine import ENGINE_ERRORS
from nightdesk_hub.sign_in import groups
from nightdesk_hub.sign_in.admission import Vouched, clean_groups, is_admin, is_allowed
from nightdesk_hub.sign_in.identities import Caller
from nightdesk_hub.sign_in.pages import ProviderCallback, ProviderLogin, ProviderLogout
from nightdesk_hub.sign_in.refused import NotLetIn, ProviderAway, ProviderSaysNo, said_no
from nightdesk_hub.sign_in.user_name import user_name_for
from nightdesk_hub.user_names import RESERVED

#: A provider that did not answer is asked again so soon.
RETRY_SECONDS = 60.0
#: A token that ends so soon counts as ended.
_MARGIN_SECONDS = 10.0


class ProviderSignIn(NightdeskAuthenticator):
    """What all kinds share; a kind puts oauthenticator's class behind it."""

    #: Its section of the settings, a :class:`nightdesk.sign_in.Provider` of the kind.
    provider: Any = AnyTrait().tag(config=True)

    # Tokens of the provider are kept encrypted with JUPYTERHUB_CRYPT_KEY, to ask it again.
    enable_auth_state = Bool(True, config=True)

    login_handler = ProviderLogin
    callback_handler = ProviderCallback
    logout_handler = ProviderLogout

    #: What is asked of the provider so that it asks who somebody is, although they are signed in there.
    prompt_again = "login"
    #: The claim with what the provider calls somebody for good, and the one with their name.
    subject_claim = "sub"
    #: Does asking again take a new token, because the claims stand in a token and not behind an address?
    claims_in_token = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: dict[str, float] = {}

    def get_handlers(self, app: Any) -> list[Any]:
        """Ours, oauthenticator's three, and a page for admins' passwords."""
        from nightdesk_hub.sign_in import group_api, pages

        return [*pages.handlers, *group_api.handlers, *super().get_handlers(app)]

    # --- signing in -------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Know the provider's addresses. Raises ProviderAway; most kinds know them from the start."""

    def end_session_url(self) -> str:
        """Where people sign out of the provider itself; empty where that is not known."""
        return ""

    async def authenticate(self, handler: Any, data: dict[str, str] | None = None) -> dict[str, Any] | None:
        """A password (`data`), which is for admins alone here, or somebody whom the provider sends.

        Raises:
            ProviderAway, ProviderSaysNo, NotLetIn: with words for the person.
        """
        if data is not None:
            found = await super().authenticate(handler, data)
            if found is not None and not self._is_hub_admin(handler.db, found["name"]):
                raise said(403, f"Passwords are for admins here. Sign in with {self.login_service}.")
            return found
        await self.ready()
        with said_no(self.login_service):
            model = await OAuthenticator.authenticate(self, handler, data)
            await self.check_proof(handler, model)
        who, model = await self.judged(model)
        name = await self._name_of(handler.db, who)
        self.check_may_sign_in(name)
        self._asked[name] = time.monotonic()
        return {**model, "name": name, "groups_claimed": sorted(who.groups)}

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Decided in :meth:`authenticate`, for whom the provider sends; otherwise an account."""
        if authentication and "groups_claimed" in authentication:
            return True
        return bool(super().check_allowed(username, authentication))

    async def check_proof(self, handler: Any, model: dict[str, Any]) -> None:
        """What else has to be right about an answer of the provider, for kinds that can tell."""

    async def judged(self, model: dict[str, Any]) -> tuple[Vouched, dict[str, Any]]:
        """Who it is, and the model with their rights.

        Raises:
            NotLetIn: nothing lets this person in.
        """
        info = model["auth_state"][self.user_auth_state_key]
        caller = Caller(self.provider.source, str(info.get(self.subject_claim) or ""), self.called(info))
        if not caller.subject or not caller.provider_name:
            raise said(
                502, f"{self.login_service} says neither who you are nor what you are called. Show an admin."
            )
        who = Vouched(
            caller,
            clean_groups(await maybe_future(self.groups_in(model["auth_state"]))),
            self.domain_in(info),
            may_be_listed=not self.desk.register.identities.is_anothers(caller),
        )
        admin = is_admin(self.provider, who)
        model = {**model, "admin": admin}
        if not (is_allowed(self.provider, who) or await self.is_let_in_otherwise(who, model)):
            raise NotLetIn(self.login_service, caller.provider_name)
        return who, {**model, "auth_state": {**model["auth_state"], **self._confirmed(model["auth_state"])}}

    def called(self, info: dict[str, Any]) -> str:
        """The name that the provider gives somebody."""
        return str(self.user_info_to_username(info))

    def groups_in(self, auth_state: dict[str, Any]) -> Any:  # noqa: ARG002
        """The groups that the provider says; may be awaitable."""
        return ()

    def domain_in(self, info: dict[str, Any]) -> str:  # noqa: ARG002
        """The domain of an e-mail address that the provider vouches for."""
        return ""

    async def is_let_in_otherwise(self, who: Vouched, model: dict[str, Any]) -> bool:  # noqa: ARG002
        """What a kind looks at beyond what the sign-in says."""
        return False

    async def _name_of(self, db: Any, who: Vouched) -> str:
        """The user name that somebody has here; bound to them now if they are new."""
        identities = self.desk.register.identities
        known = identities.find(who.caller)
        if known is not None:
            return known.name
        linked = identities.linked(who.caller.provider_name) if who.may_be_listed else None
        if linked is not None:
            self.desk.register.remove(linked)  # they no longer sign in with the password
            user = orm.User.find(db, linked)
            if user is not None:
                user.cookie_id = orm.new_token()
                db.commit()
        else:
            try:
                homes = await home_owners(self.desk)
            except ENGINE_ERRORS:
                raise said(
                    503, "Whether your name is free cannot be told just now. Try again in a minute."
                ) from None
            again = identities.find(who.caller)  # from another browser meanwhile
            if again is not None:
                return again.name

            def is_taken(name: str) -> bool:
                return (
                    name in RESERVED
                    or name in homes
                    or identities.is_taken(name)
                    or self.desk.departures.find(name) is not None
                    or self.desk.register.find(name) is not None
                    or orm.User.find(db, name) is not None
                )

            linked = user_name_for(who.caller, is_taken)
        identities.add(who.caller, linked)
        self.log.info(
            "%r of %s is the user %s from now on", who.caller.provider_name, who.caller.source, linked
        )
        return linked

    def _is_hub_admin(self, db: Any, name: str) -> bool:
        user = orm.User.find(db, name)
        return name in self.admin_users or bool(user and user.admin)

    # --- whether it still holds --------------------------------------------------------------------

    async def refresh_user(self, user: Any, handler: Any = None) -> Any:
        """Does the provider still vouch for somebody, and for what? It is asked every `recheck_after`.

        What it confirmed last holds for `trusted_for` where it cannot be asked: it is away, or it gave
        nothing to ask with. Where it says no, browsers have to sign in again at once.
        """
        if not self.may_stay(user.name):
            return False
        by_token = bool(getattr(handler, "_token_authenticated", False))
        identity = self.desk.register.identities.of(user.name)
        if identity is None:
            stays = bool(await super().refresh_user(user, handler))
            has_account = self.desk.register.find(user.name) is not None
            # Accounts of before the provider: their tokens work on, but nobody signs in with their password.
            return stays and (by_token or not has_account or bool(user.admin))
        if identity.source != self.provider.source:
            return False
        async with self._turns[user.name]:  # a token for renewal is good for one use
            return await self._recheck(user, by_token=by_token)

    async def _recheck(self, user: Any, *, by_token: bool) -> Any:
        asked = self._asked.get(user.name)
        if asked is not None and time.monotonic() - asked < self.provider.recheck_after_seconds:
            return True
        state = await user.get_auth_state()
        if not state:
            return False
        now = time.monotonic()
        try:
            model = await self._ask_again(state)
            who, model = await self.judged(model)
        except ProviderAway as away:
            self.log.warning("%s: not confirmed, %s", user.name, away)
            self._asked[user.name] = now - self.provider.recheck_after_seconds + RETRY_SECONDS
            return self._is_trusted(state)
        except ProviderSaysNo as no:
            self.log.info("%s: %s", user.name, no)
            return by_token and self._is_trusted(state)
        except web.HTTPError as error:
            self.log.warning("%s: no longer let in: %s", user.name, error)
            self._take_rights(user)
            return False
        self._asked[user.name] = now
        if who.caller.subject != self.desk.register.identities.of(user.name).subject:  # type: ignore[union-attr]
            self.log.error("%s: the provider speaks of somebody else", user.name)
            return False
        groups.follow(user.db, user.orm_user, who.groups, self.login_service)
        return model

    async def _ask_again(self, state: dict[str, Any]) -> dict[str, Any]:
        """What the provider says now, with the token that there is or a new one.

        Raises:
            ProviderAway: it cannot be asked. ProviderSaysNo: it no longer vouches for the person.
        """
        await self.ready()
        token = dict(state.get("token_response") or {})
        ended = time.time() > float(state.get("ends_at") or "inf") - _MARGIN_SECONDS
        renewal = state.get("refresh_token")
        if not (ended or self.claims_in_token):
            try:
                with said_no(self.login_service):
                    return await self._token_to_auth_model(token)  # type: ignore[no-any-return]
            except ProviderSaysNo:
                if not renewal:
                    raise
        if not renewal:
            raise ProviderAway(self.login_service, "gave no token to ask it with again")
        with said_no(self.login_service):
            renewed = await self.get_token_info(None, self.build_refresh_token_request_params(renewal))
            return await self._token_to_auth_model({"refresh_token": renewal, **renewed})  # type: ignore[no-any-return]

    def _confirmed(self, state: dict[str, Any]) -> dict[str, Any]:
        """When it was said, and until when the token is good; unix times."""
        token = state.get("token_response") or {}
        kept = {"confirmed_at": time.time()}
        if "ends_at" not in token and token.get("expires_in"):
            token["ends_at"] = time.time() + float(token["expires_in"])
        return {**kept, "ends_at": token.get("ends_at"), "token_response": token}

    def _is_trusted(self, state: dict[str, Any]) -> bool:
        return bool(time.time() - float(state.get("confirmed_at") or 0) < self.provider.trusted_for_seconds)

    def _take_rights(self, user: Any) -> None:
        """What the provider gave goes: its groups, and being an admin where the provider says who is."""
        groups.follow(user.db, user.orm_user, (), self.login_service)
        if user.admin and (self.provider.admin_users or getattr(self.provider, "admin_groups", ())):
            user.admin = False
            roles.assign_default_roles(user.db, entity=user.orm_user)
            user.db.commit()
