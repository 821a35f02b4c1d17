"""Ten people who hand over runs one after the other, whatever goes on around them."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests

from ..support.ledger import Ledger
from ..support.people import Person
from ..support.runs import FINAL, Refused
from .stories import Story, some_story

OPEN_AT_ONCE = 3
AGAIN_SECONDS = 1.0
# Answers of a platform of which a part is away, and of a proxy that knows no way yet.
AWAY = {404, 502, 503, 504, 507}


@dataclass(slots=True)
class Accepted:
    """A run that the platform has accepted."""

    id: str
    story: Story
    person: Person
    at: float  # monotonic
    shown: dict[str, Any] | None = None  # as it was seen last
    asked_to_cancel: bool = False

    @property
    def over(self) -> bool:
        """Has it ended?"""
        return self.shown is not None and self.shown["status"] in FINAL


class User(threading.Thread):
    """One of them. Stops handing over at :meth:`enough`, and goes on looking until all has ended."""

    def __init__(self, person: Person, seed: str, ledger: Ledger) -> None:
        super().__init__(name=person.name, daemon=True)
        self.person = person
        self.accepted: list[Accepted] = []
        self.troubles: list[str] = []  # answers that nobody should ever see
        self._chance = random.Random(f"{seed} {person.name}")  # noqa: S311  # no secret
        self._ledger = ledger
        self._enough = threading.Event()
        self._stopped = threading.Event()

    def enough(self) -> None:
        """Hand over nothing more."""
        self._enough.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def run(self) -> None:
        while not self._stopped.is_set():
            waiting = [one for one in self.accepted if not one.over]
            if len(waiting) < OPEN_AT_ONCE and not self._enough.is_set():
                self._hand_over()
            for one in waiting:
                self._look_after(one)
            self._stopped.wait(0.3)

    def _hand_over(self) -> None:
        """The same submit again and again until it is accepted: its key makes it one run."""
        story = some_story(self._chance)
        key = f"{self.person.name}-{self._chance.getrandbits(64):x}"
        source = story.source(self._ledger)
        while not self._stopped.is_set():
            run = self._ask(lambda: self.person.runs.submit(source, "soak.ipynb", key=key, **story.request))
            if run is not None:
                self.accepted.append(Accepted(run["id"], story, self.person, time.monotonic()))
                return
            if self._enough.wait(AGAIN_SECONDS):
                return

    def _look_after(self, one: Accepted) -> None:
        due = one.story.cancel_after
        if due is not None and not one.asked_to_cancel and time.monotonic() > one.at + due:
            one.asked_to_cancel = self._ask(lambda: self.person.runs.cancel(one.id)) is not None
        shown = self._ask(lambda: self.person.runs.show(one.id))
        if shown is not None:
            one.shown = shown

    def _ask(self, question: Any) -> Any:
        """An answer; None where there is none for now."""
        try:
            return question()
        except Refused as refused:
            if refused.status not in AWAY:
                self.troubles.append(f"{self.person.name}: {refused}")
        except (requests.RequestException, ValueError, KeyError):
            pass  # somebody has just killed what was asked
        return None
