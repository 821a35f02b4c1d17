"""For whom a run's code asks: its owner, with the groups and rights of now, as long as that attempt goes on."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run_token import Attempt, attempt_of, still_good
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.services.policies import PolicyBook

_REMEMBER_SECONDS = 5.0
_REMEMBER_COUNT = 10_000


class RunOwners:
    """Tells whose a run's token is. The hub is asked about a person now and then, and anew after each change."""

    def __init__(self, records: Records, people: People, policies: PolicyBook, key: str) -> None:
        self._records = records
        self._people = people
        self._policies = policies
        self._key = key
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, int, Person | None]] = {}

    def of_token(self, token: str) -> tuple[Person, Attempt] | None:
        """The owner and the attempt; None where the token is not genuine, or its attempt is over.

        Raises:
            Unavailable: the database or the hub does not answer.
        """
        attempt = attempt_of(self._key, token)
        if attempt is None:
            return None
        run = self._records.run(attempt.run_id)
        if run is None or not still_good(attempt, run) or self._records.is_shut_out(run.owner):
            return None
        person = self._person(run.owner)
        # Sharing with somebody shows it to them, not to the code that they run.
        return None if person is None else (replace(self._policies.with_rights(person), shown=False), attempt)

    def _person(self, name: str) -> Person | None:
        changes = self._people.changes
        with self._lock:
            known = self._known.get(name)
        if known is not None and known[0] > time.monotonic() and known[1] == changes:
            return known[2]
        person = self._people.person(name)
        with self._lock:
            if len(self._known) >= _REMEMBER_COUNT:
                self._known.clear()
            self._known[name] = (time.monotonic() + _REMEMBER_SECONDS, changes, person)
        return person
