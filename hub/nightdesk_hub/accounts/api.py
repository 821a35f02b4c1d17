"""Accounts over the hub's REST API: /hub/api/nightdesk/accounts, for the scope admin:users."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope

from nightdesk_hub.accounts import membership
from nightdesk_hub.accounts.homes import home_volumes
from nightdesk_hub.accounts.problem import AccountProblem, said
from nightdesk_hub.accounts.register import Account
from nightdesk_hub.desk import Desk
from nightdesk_hub.leaving import people
from nightdesk_hub.user_names import RESERVED, RULE, is_user_name


class AccountAPI(APIHandler):  # type: ignore[misc]
    """What the two resources share."""

    @property
    def desk(self) -> Desk:
        """What the hub's parts share."""
        return self.authenticator.desk  # type: ignore[no-any-return]

    def body(self, allowed: dict[str, type]) -> dict[str, Any]:
        """The request's JSON object, with no other keys and types than allowed.

        Raises:
            web.HTTPError: 400, names what is wrong.
        """
        body = self.get_json_body()
        if not isinstance(body, dict):
            raise said(400, "Send a JSON object.")
        for key, value in body.items():
            if key not in allowed:
                raise said(400, f"Unknown key {key!r:.60}; known are {', '.join(allowed)}.")
            if not isinstance(value, allowed[key]):
                kind = "true or false" if allowed[key] is bool else "text"
                raise said(400, f"'{key}' must be {kind}.")
        return body

    async def attempt(self, work: Awaitable[Any]) -> Any:
        """Do it; a problem becomes the status and the message it carries.

        Raises:
            web.HTTPError: what the problem says.
        """
        try:
            return await work
        except AccountProblem as problem:
            raise said(problem.status, str(problem)) from None

    def model(self, account: Account) -> dict[str, Any]:
        """An account as JSON."""
        user = orm.User.find(self.db, account.name)
        disabled = self.desk.departures.is_out(account.name)
        return {
            "name": account.name,
            "approved": account.approved and not disabled,
            "admin": bool(user and user.admin),
            "disabled": disabled,
            "created_at": account.created_at,
        }

    def answer(self, name: str) -> None:
        """Answer with one account."""
        account = self.desk.register.find(name)
        self.write(json.dumps(self.model(account) if account else None))


class AccountsAPI(AccountAPI):
    """All accounts."""

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """List them; of who waits also whether a home folder of that name is there, which they would get."""
        accounts = self.desk.register.all()
        waiting = any(not account.approved for account in accounts)
        homes = await home_volumes(self.desk) if waiting else set()
        models = [self.model(account) for account in accounts]
        for model in models:
            if not model["approved"]:
                model["home"] = self.desk.home(model["name"]) in homes
        self.write(json.dumps(models))

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Make one, approved unless said otherwise."""
        body = self.body({"name": str, "password": str, "approved": bool})
        if "name" not in body or "password" not in body:
            raise said(400, "An account needs 'name' and 'password'.")
        await self.attempt(self._make(body))

    async def _make(self, body: dict[str, Any]) -> None:
        account = await membership.sign_up(
            self.desk, self.authenticator.hasher, body["name"], body["password"], approved=False
        )
        if body.get("approved", True):
            await membership.approve(self, self.desk, account.name)
        self.set_status(201)
        self.answer(account.name)


class OneAccountAPI(AccountAPI):
    """One account."""

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def patch(self, name: str) -> None:
        """Approve it, disable it, give it a new password."""
        body = self.body({"approved": bool, "password": str, "must_change": bool})
        await self.attempt(self._change(name, body))
        self.answer(name)

    async def _change(self, name: str, body: dict[str, Any]) -> None:
        self.desk.register.get(name)
        membership.check_may_change(self, name)
        if "password" in body:
            keeps = body.get("must_change") is False
            by = name if keeps else self.current_user.name
            hasher = self.authenticator.hasher
            await membership.set_password(self, self.desk, hasher, name, body["password"], by=by)
            self.authenticator.lockout.forget(name)
        if body.get("approved") is True:
            await membership.approve(self, self.desk, name)
        elif body.get("approved") is False:
            await people.disable(self, self.desk, name)

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """Remove it with the user, their sessions and tokens. Their files stay."""
        self.set_status(204 if await self.attempt(self._remove(name)) else 202)

    async def _remove(self, name: str) -> bool:
        membership.check_may_change(self, name)
        return await people.remove(self, self.desk, name)


class LinkAPI(AccountAPI):
    """Who of the provider is who here, said in advance."""

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def put(self, name: str) -> None:
        """Keep a user name, with its files, for whoever comes from the provider with the name that is sent."""
        body = self.body({"provider_name": str})
        await self.attempt(self._link(name, body.get("provider_name", "").strip()))
        self.set_status(204)

    async def _link(self, name: str, provider_name: str) -> None:
        if self.desk.settings.accounts.provider is None:
            raise AccountProblem(
                "People sign in with passwords here: there is no provider to link with.", 409
            )
        if not is_user_name(name):
            raise AccountProblem(RULE)
        if name in RESERVED:
            raise AccountProblem(f"'{name}' stays a user of this platform's own.")
        if not provider_name:
            raise AccountProblem("Say what the provider calls the person, in 'provider_name'.")
        membership.check_may_change(self, name)
        self.desk.register.identities.link(name, provider_name)
        self.log.info("%s: %s is %r of the provider", self.current_user.name, name, provider_name)


handlers = [
    (r"/api/nightdesk/links/([^/]+)", LinkAPI),
    (r"/api/nightdesk/accounts", AccountsAPI),
    (r"/api/nightdesk/accounts/([^/]+)", OneAccountAPI),
]
