"""Outputs that have stayed for as long as they are to: they go, and the run stays on record and says so."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from nightdesk.config import Settings
from nightdesk.server.domain.errors import NotAllowed
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import OF_OUTPUTS, Limit, Policies
from nightdesk.server.domain.retention import Going, Rules, going
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.services.policies import PolicyBook

_TURN, _EVERY_SECONDS = "retention", 600.0
_TIDY_TURN, _TIDY_EVERY_SECONDS = "store", 6 * 3600.0
_ABANDONED_SECONDS = 86400.0  # since it was begun: no upload takes that long
_log = logging.getLogger(__name__)


def usual_limits(settings: Settings) -> dict[Limit, float]:
    """What the settings say: it counts where no policy says something."""
    said = settings.retention
    return Rules(said.age_seconds, said.count, said.size_bytes).limits()


def what_goes(records: Records, policies: Policies, people: People | None) -> list[Going]:
    """What goes at the next clean-up, each person's oldest first.

    Raises:
        Unavailable: the database does not answer, or the hub where groups have rules of their own.
    """
    if not any(policies.sets(limit) for limit in OF_OUTPUTS):
        return []
    groups = _groups(policies, people)
    # In this order: what a report points at by then was on record before.
    stored = records.stored_runs()

    def rules(owner: str) -> Rules:
        return Rules.of(policies.limits(owner, groups.get(owner, ())))

    return going(stored, rules, records.protected_runs(), records.now())


def _groups(policies: Policies, people: People | None) -> dict[str, tuple[str, ...]]:
    """Who is in which groups, where that matters."""
    if people is None or not any(set(OF_OUTPUTS) & set(one.limits) for one in policies.groups.values()):
        return {}
    return {person.name: person.groups for person in people.people()}


def clean(records: Records, store: FileStore, book: PolicyBook, people: People | None) -> None:
    """Remove what has had its time, where it is this worker's turn, and what was begun and left in the store.

    A worker that dies in between, or a store that is away, leaves it for the next time.

    Raises:
        Unavailable: the database, the hub or the store does not answer.
    """
    if records.take_turn(_TURN, _EVERY_SECONDS):
        book.forget()  # what goes does not come back: by what is said now
        remove(records, store, what_goes(records, book.now(), people))
    if records.take_turn(_TIDY_TURN, _TIDY_EVERY_SECONDS):
        count = store.tidy(_ABANDONED_SECONDS)
        if count:
            _log.info("%s files were begun in the store and left: removed", count)


def remove(records: Records, store: FileStore, gone: Iterable[Going]) -> None:
    """Remove what has had its time, from the record first: nothing is on record that is not there."""
    for one in gone:
        if records.remove_outputs(one.stored.run_id, one.why):
            _log.info("outputs of run %s removed: %s", one.stored.run_id, one.why)
    for run_id in records.to_clear():
        store.remove(f"runs/{run_id}")
        records.cleared(run_id)


def check_may_keep(person: Person, run: Run) -> None:
    """Raise :class:`NotAllowed` where somebody sees the run, but it is not theirs to keep."""
    if not (person.admin or run.owner == person.name):
        raise NotAllowed(f"run {run.id} is {run.owner}'s: only they and admins keep it", f"Ask {run.owner}.")
