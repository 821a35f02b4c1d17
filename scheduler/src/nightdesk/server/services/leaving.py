"""Somebody leaves: their runs end or go to another; and under which name those stay on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.leaving import Left, former_name
from nightdesk.server.domain.policy import Kind, Policy
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.records import Records

#: Runs that change hands in one transaction: others write in between.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Heir:
    """Who takes over, and their groups as the hub has them."""

    name: str
    groups: tuple[str, ...] = ()


def leave(
    records: Records, bell: Doorbell, name: str, by: str, heir: Heir | None, gone: Callable[[], None]
) -> Left:
    """Accept nothing of this person any more, end what they have, or hand it to the heir.

    What waits is cancelled in any case: it would be somebody's code that starts with another's rights. What goes
    on goes on where there is an heir, and starts no further step of a pipeline. Schedules are paused, and the heir's to
    resume; without one they stay theirs. May be called again, whatever became of it the last time. ``gone`` is called
    when nothing more is accepted.
    """
    records.shut_out(name, by)
    gone()
    ended = records.end_pipelines(name, by)
    cancelled, ending = records.end_runs(name, by, keep_going=heir is not None)
    for changed in (*cancelled, *ending, *ended):
        bell.changed(changed)
    handed = 0
    if heir is None:
        records.pause_schedules_of(name, by, f"{name} was disabled by {by}.")
    else:
        why = (
            f"Handed over from {name} by {by}: look at what it runs, it is with your rights, then resume it."
        )
        records.move_schedules(name, heir.name, heir.groups, by, why)
        records.move_pipelines(name, heir.name, heir.groups)
        said = f"handed over from {name} to {heir.name} by {by}"
        handed = _all(records, name, heir.name, heir.groups, said)
        if handed:
            records.note(Note(by, "person.handed over", heir.name, name, f"{handed} runs"))
    return Left(len(cancelled), len(ending), handed)


def let_in(records: Records, name: str, by: str) -> None:
    """Accept runs again. Those that were ended stay so."""
    records.let_in(name, by)


def put_away(records: Records, name: str, number: int, by: str) -> int:
    """Keep somebody's runs under a name that nobody has, and free theirs: how many there were."""
    kept = _all(records, name, former_name(name, number), (), "")
    records.move_schedules(name, former_name(name, number), (), by, f"{name} was removed by {by}.")
    records.move_pipelines(name, former_name(name, number), ())
    records.let_in(name, None)
    records.set_policy(Policy(Kind.PERSON, name))  # limits of their own, which the next one does not inherit
    records.forget_wishes(name)
    records.forget_grants(Kind.PERSON, name)  # nor the connections
    former = former_name(name, number)
    words = f"{kept} runs are kept as {former}'s"
    records.note_arrived(
        [(records.now(), Note(by, "person.removed", former, name, words, key=f"removed {former}"))]
    )
    return kept


def _all(records: Records, name: str, heir: str, groups: tuple[str, ...], said: str) -> int:
    count = 0
    while some := records.hand_over_some(name, heir, groups, said, _AT_ONCE):
        count += some
    return count
