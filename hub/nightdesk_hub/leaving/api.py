"""People over the hub's REST API: /hub/api/nightdesk/people/NAME, for the scope admin:users."""

from __future__ import annotations

import json
from typing import Any

from jupyterhub import orm
from jupyterhub.scopes import needs_scope

from nightdesk_hub.accounts import membership
from nightdesk_hub.accounts.api import AccountAPI
from nightdesk_hub.accounts.problem import AccountProblem, said
from nightdesk_hub.engine import ENGINE_ERRORS
from nightdesk_hub.leaving import people


class PersonAPI(AccountAPI):
    """One person, whichever way they sign in."""

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        """What the hub knows of somebody and of what they own."""
        await self._answer(name, sized=True)

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def patch(self, name: str) -> None:
        """Disable them, perhaps with somebody who takes over; or let them in again."""
        body = self.body({"disabled": bool, "hand_over_to": str})
        if "disabled" not in body or (not body["disabled"] and "hand_over_to" in body):
            raise said(400, "Send 'disabled': true or false; with true also 'hand_over_to', if you want.")
        membership_check(self, name)
        if body["disabled"]:
            done = await self.attempt(people.disable(self, self.desk, name, body.get("hand_over_to")))
        else:
            done = None
            await self.attempt(people.enable(self, self.desk, name))
        await self._answer(name, done)

    @needs_scope("admin:users")  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """Remove them, with `?purge_home=1` the home folder too. Says so where it is not through yet."""
        membership_check(self, name)
        purge = self.get_query_argument("purge_home", "") in {"1", "true"}
        gone = await self.attempt(people.remove(self, self.desk, name, purge_home=purge))
        self.set_status(200 if gone else 202)
        self.write(json.dumps({"name": name, "removed": gone}))

    async def _answer(self, name: str, done: dict[str, Any] | None = None, *, sized: bool = False) -> None:
        try:
            people.check_there(self, self.desk, name)
        except AccountProblem as problem:
            raise said(problem.status, str(problem)) from None
        size = (
            {"home_bytes": await home_bytes(self.desk, name)} if sized else {}
        )  # which takes the engine a while
        self.write(json.dumps({**person_model(self, name), **size, "done": done}))


def membership_check(handler: Any, name: str) -> None:
    """Only an admin changes an admin."""
    try:
        membership.check_may_change(handler, name)
    except AccountProblem as problem:
        raise said(problem.status, str(problem)) from None


def person_model(handler: Any, name: str) -> dict[str, Any]:
    """A person as JSON: who they are, what they have at the hub, and where their leaving is."""
    desk = handler.desk
    found = orm.User.find(handler.db, name)
    departure = desk.departures.find(name)
    leaving = None
    if departure is not None:
        leaving = {
            "state": departure.state.value,
            "at": departure.at,
            "by": departure.by,
            "hand_over_to": departure.heir,
            "settled": departure.is_settled,
        }
    return {
        "name": name,
        "admin": bool(found and found.admin),
        "disabled": desk.departures.is_out(name),
        "leaving": leaving,
        "groups": sorted(group.name for group in found.groups) if found else [],
        "tokens": tokens_of(found),
        "sessions": sessions_of(handler, found),
        "home": desk.home(name),
        "sees_homes_of": [each.of for each in desk.departures.handed_to(name)],
    }


async def home_bytes(desk: Any, name: str) -> int | None:
    """The size of somebody's home, 0 without one; None where the engine does not say."""
    try:
        used = await desk.engine.call("df")
    except ENGINE_ERRORS:
        return None
    sizes = {each["Name"]: each.get("UsageData") for each in used.get("Volumes") or []}
    if desk.home(name) not in sizes:
        return 0
    usage = sizes[desk.home(name)]
    return int(usage["Size"]) if usage and usage["Size"] >= 0 else None


def tokens_of(user: orm.User | None) -> int:
    """How many tokens somebody made or was given; those of sessions and sign-ins do not count."""
    if user is None:
        return 0
    return sum(1 for token in user.api_tokens if token.client_id == "jupyterhub")


def sessions_of(handler: Any, user: orm.User | None) -> list[str]:
    """Names of the sessions that run; a person's own has none."""
    if user is None:
        return []
    return sorted(name for name, spawner in handler.users[user].spawners.items() if spawner.active)


handlers = [(r"/api/nightdesk/people/([^/]+)", PersonAPI)]
