"""Pushes that start runs: a schedule of a repository has an address that the repository's host tells of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, SignInNeeded
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.push import hook_secret, is_signed, leads, mark_of, push_of
from nightdesk.server.domain.repository import GitFile
from nightdesk.server.domain.schedule import BY_COMMIT, Schedule, Tick
from nightdesk.server.ports.records import Records

BY_TAG = "a tag"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: words, and the tick that it made, now or the first time it came."""

    words: str
    tick: Tick | None = None
    new: bool = False


def set_hook(records: Records, key: str, by: Person, schedule: Schedule) -> tuple[Schedule, str]:
    """Have pushes start a schedule; the secret is another one each time.

    Raises:
        Invalid: its file is not in a repository.
    """
    if not isinstance(schedule.source, GitFile):
        raise Invalid(
            "only a schedule whose file is in a repository can be started by pushes",
            "Give it one: `nightdesk schedule set NAME --git REPOSITORY FILE`.",
        )
    nonce = secrets.token_hex(16)

    def hooked(before: Schedule, at: float) -> Schedule:
        return replace(before, hook={"nonce": nonce, "by": by.name, "at": at})

    note = Note(by.name, "schedule.hooked", schedule.id, schedule.owner, schedule.name)
    after = _there(records.change_schedule(schedule.id, hooked, note))
    return after, hook_secret(key, schedule.id, nonce)


def clear_hook(records: Records, by: Person, schedule: Schedule) -> Schedule:
    """Pushes start nothing any more."""
    note = Note(by.name, "schedule.unhooked", schedule.id, schedule.owner, schedule.name)
    return _there(records.change_schedule(schedule.id, lambda before, _at: replace(before, hook=None), note))


def take_push(records: Records, key: str, schedule_id: str, headers: Mapping[str, str], body: bytes) -> Taken:
    """What a repository's host sent. The same twice starts one run.

    Raises:
        SignInNeeded: it is not signed with the secret, or there is no such hook: the two answers are the same on purpose.
        Invalid: it is not what a host sends.
    """
    schedule = records.schedule(schedule_id)
    hook = None if schedule is None else schedule.hook
    secret = hook_secret(key, schedule_id, hook["nonce"] if hook else secrets.token_hex(16))
    signed = is_signed(secret, headers, body, records.now())
    if schedule is None or hook is None or not signed or not isinstance(schedule.source, GitFile):
        raise SignInNeeded(
            "there is no push hook with this signature at this address",
            "Give the repository's host the address and secret anew: `nightdesk schedule hook NAME`.",
        )
    push = push_of(headers, body)
    if isinstance(push, str):
        return Taken(push)
    if not leads(push, schedule.source.ref):
        return Taken(f"{push.ref} is not what {schedule.name} fetches.")
    if schedule.paused:
        return Taken(f"{schedule.name} is paused.")
    by = f"{BY_COMMIT} {push.commit}" if push.commit else BY_TAG
    note = Note("", "schedule.pushed", schedule.id, schedule.owner, f"{schedule.name}: {by}")
    tick, new = records.add_push(schedule.id, mark_of(body), by, note)
    if tick is None:
        raise Conflict("so many times of this schedule wait already that no further one may")
    return Taken("It starts a run." if new else "It has come before.", tick, new)


def _there(schedule: Schedule | None) -> Schedule:
    if schedule is None:
        raise NotFound("the schedule was just removed")
    return schedule
