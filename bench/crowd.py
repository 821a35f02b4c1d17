"""Ten people who hand over many runs at once, and somebody who looks at the pages meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.people import join, leave
from tests.support.platform import Platform

from .contenders import ONE
from .wire import Form, Wire

PEOPLE = 10
LOOK_EVERY = 0.5  # seconds


@contextmanager
def people(platform: Platform, called: str) -> Iterator[dict[str, str]]:
    """Ten accounts with a token of their own each, by name: `called-0`, `called-1` and so on.

    Each part has people of its own, whose runs do not stand in another's way.
    """
    tokens = {name: join(platform, name).token for name in (f"{called}-{number}" for number in range(PEOPLE))}
    try:
        yield tokens
    finally:
        for name in tokens:
            leave(platform, name)


def hand_over(url: str, tokens: dict[str, str], each: int) -> list[float]:
    """Everybody submits so many one-cell notebooks, one behind the other; the seconds of each submit."""
    form = Form(ONE, "one.ipynb")
    taken: list[float] = []
    failed: list[BaseException] = []
    ready = threading.Barrier(len(tokens))

    def submit(token: str) -> None:
        wire = Wire(url, token)
        try:
            ready.wait()
            for _ in range(each):
                taken.append(wire.post("/api/v1/runs", form)[0])
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            wire.close()

    threads = [threading.Thread(target=submit, args=(token,)) for token in tokens.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return taken


@dataclass
class Looks:
    """The seconds that each look took."""

    runs: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    run: list[float] = field(default_factory=list)


class Onlooker(threading.Thread):
    """Asks for the list of runs, the page of it and the newest run, twice a second until it is told to stop."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(name="onlooker", daemon=True)
        self._wire = Wire(url, token)
        self._stopped = threading.Event()
        self.looks = Looks()

    def run(self) -> None:
        """The thread."""
        while not self._stopped.wait(LOOK_EVERY):
            taken, _ = self._wire.get("/api/v1/runs")
            self.looks.runs.append(taken)
            self.looks.page.append(self._wire.get("/")[0])
            newest = self._wire.json("/api/v1/runs?limit=1")["runs"]
            if newest:
                self.looks.run.append(self._wire.get(f"/runs/{newest[0]['id']}")[0])

    def so_far(self) -> Looks:
        """What was measured until now; starts anew."""
        seen, self.looks = self.looks, Looks()
        return seen

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self.join()
        self._wire.close()
