"""Outputs that have stayed for as long as they are to: they go, and the run stays on record and says so."""

from __future__ import annotations

import logging

from nightdesk.config import Settings
from nightdesk.server.domain.errors import NotAllowed
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.retention import Going, Rules, going
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records

_TURN, _EVERY_SECONDS = "retention", 600.0
_TIDY_TURN, _TIDY_EVERY_SECONDS = "store", 6 * 3600.0
_ABANDONED_SECONDS = 86400.0  # since it was begun: no upload takes that long
_log = logging.getLogger(__name__)


def rules_of(settings: Settings) -> Rules:
    """What the settings say."""
    said = settings.retention
    return Rules(said.age_seconds, said.count, said.size_bytes)


def what_goes(records: Records, rules: Rules) -> list[Going]:
    """What goes at the next clean-up, each person's oldest first."""
    if rules.none:
        return []
    # In this order: what a report points at by then was on record before.
    stored = records.stored_runs()
    return going(stored, rules, records.protected_runs(), records.now())


def clean(records: Records, store: FileStore, rules: Rules) -> None:
    """Remove what has had its time, where it is this worker's turn, and what was begun and left in the store.

    A worker that dies in between, or a store that is away, leaves it for the next time.

    Raises:
        Unavailable: the database or the store does not answer.
    """
    if records.take_turn(_TURN, _EVERY_SECONDS):
        remove(records, store, rules)
    if records.take_turn(_TIDY_TURN, _TIDY_EVERY_SECONDS):
        count = store.tidy(_ABANDONED_SECONDS)
        if count:
            _log.info("%s files were begun in the store and left: removed", count)


def remove(records: Records, store: FileStore, rules: Rules) -> None:
    """Remove what has had its time, from the record first: nothing is on record that is not there."""
    for one in what_goes(records, rules):
        if records.remove_outputs(one.stored.run_id, one.why):
            _log.info("outputs of run %s removed: %s", one.stored.run_id, one.why)
    for run_id in records.to_clear():
        store.remove(f"runs/{run_id}")
        records.cleared(run_id)


def check_may_keep(person: Person, run: Run) -> None:
    """Raise :class:`NotAllowed` where somebody sees the run, but it is not theirs to keep."""
    if not (person.admin or run.owner == person.name):
        raise NotAllowed(f"run {run.id} is {run.owner}'s: only they and admins keep it", f"Ask {run.owner}.")
