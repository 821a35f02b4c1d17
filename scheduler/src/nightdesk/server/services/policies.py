"""Policies at hand: read from the database now and then, and anew once somebody has changed them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from nightdesk.sections import Limits
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Limit, Policies
from nightdesk.server.ports import policies as ports

_REMEMBER_SECONDS = 5.0


class PolicyBook:
    """All policies, as they were at most five seconds ago; :meth:`forget` is what a change calls."""

    def __init__(
        self, records: ports.Policies, settings: Limits, usual: Mapping[Limit, float] | None = None
    ) -> None:
        """``settings`` and ``usual`` are what counts where no policy says something."""
        self._records = records
        self._settings = settings
        self._usual = usual
        self._lock = threading.Lock()
        self._known: Policies | None = None
        self._good_until = 0.0
        self._changes = 0

    def remembered(self) -> Policies | None:
        """The same without asking the database; None when it has to be asked."""
        return self._known if time.monotonic() < self._good_until else None

    def now(self) -> Policies:
        """All policies.

        Raises:
            Unavailable: the database does not answer.
        """
        known = self.remembered()
        if known is not None:
            return known
        changes = self._changes
        read = Policies.of(self._records.policies(), self._settings, self._usual)
        with self._lock:
            if changes == self._changes:  # else they were changed meanwhile: good for this once
                self._known, self._good_until = read, time.monotonic() + _REMEMBER_SECONDS
        return read

    def forget(self) -> None:
        """Read them anew next time."""
        with self._lock:
            self._changes += 1
            self._good_until = 0.0

    def with_rights(self, person: Person) -> Person:
        """The person with what all policies give them."""
        return endowed(person, self.now())


def endowed(person: Person, policies: Policies) -> Person:
    """The person with what these policies give them."""
    return replace(person, rights=policies.rights(person.name, person.groups, person.admin))
