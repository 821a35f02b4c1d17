"""What admins do with people and sessions; the hub does it, with the admin's own token."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import Records, RunFilter
from nightdesk.server.ports.roster import WAITING, LiveSession, Member, Roster

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike
_GOING_ON = (Status.QUEUED, Status.STARTING, Status.RUNNING)
_COUNTED = 500  # runs of each status


@dataclass(frozen=True, slots=True)
class AdminAt:
    """An admin with the token that the hub knows them by."""

    person: Person
    token: str


def found(members: Iterable[Member], words: str) -> list[Member]:
    """Those whose name, group or state has these words in it; who waits for approval first."""
    wanted = words.lower().split()

    def fits(member: Member) -> bool:
        said = " ".join(
            [member.name, *member.groups, member.account, "admin" if member.admin else ""]
        ).lower()
        return all(word in said for word in wanted)

    return sorted(filter(fits, members), key=lambda member: (member.account != WAITING, member.name))


def runs_going_on(records: Records) -> dict[str, int]:
    """How many runs of each person have not ended."""
    counts: dict[str, int] = {}
    for status in _GOING_ON:
        for run in records.runs(RunFilter(status=status, limit=_COUNTED)):
            counts[run.owner] = counts.get(run.owner, 0) + 1
    return counts


def set_admin(roster: Roster, by: AdminAt, name: str, admin: bool) -> None:
    """Make somebody an admin, or no longer.

    Raises:
        Conflict: nobody would be an admin any more, or the account waits for approval.
        NotFound: there is nobody of that name.
    """
    members = {member.name: member for member in roster.everybody(by.token)}
    if name not in members:
        raise NotFound(f"there is nobody called '{name[:60]}'")
    if admin and members[name].account == WAITING:
        raise Conflict(f"{name} waits for approval", "Approve the account first.")
    if not admin:
        check_not_last(members.values(), name)
    roster.set_admin(by.token, name, admin)


def check_not_last(members: Iterable[Member], name: str) -> None:
    """Raise :class:`Conflict` where nobody else is an admin who can sign in."""
    if not any(member.admin and member.account != WAITING for member in members if member.name != name):
        raise Conflict(f"{name} is the last admin", "Make somebody else an admin first.")


def remove(roster: Roster, by: AdminAt, name: str) -> None:
    """Refuse who asked for an account, or take one away.

    Raises:
        Conflict: it is one's own, or the last admin's.
        NotFound: there is no such account.
    """
    if name == by.person.name:
        raise Conflict("you cannot remove your own account", "Another admin can.")
    roster.remove(by.token, name)


def new_password(roster: Roster, by: AdminAt, name: str) -> str:
    """Give an account a password that is made here; it is to be told the person, and shown this once."""
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    roster.set_password(by.token, name, password)
    return password


def stop_idle(roster: Roster, by: AdminAt, now: float, idle_seconds: float) -> list[LiveSession]:
    """End all sessions that nobody has used for so long; those that were."""
    idle = [
        session
        for session in roster.live_sessions()
        if session.ready and session.idle_since is not None and now - session.idle_since >= idle_seconds
    ]
    for session in idle:
        roster.stop_session(by.token, session.person, session.name)
    return idle
