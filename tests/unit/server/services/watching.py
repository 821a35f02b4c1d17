"""A worker at work in threads of this process, and waiting for what is to be seen of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from nightdesk.server.domain.run import Run, Status
from nightdesk.server.services.supervise import Supervisor

from ..workbench import Bench


def until(condition: Callable[[], Any], what: str, seconds: float = 10) -> None:
    """Wait for a condition, and say what it was when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not seen within {seconds} s: {what}"
        time.sleep(0.005)


def care(supervisor: Supervisor, run: Run) -> None:
    """See a run through: claimed where it is queued, else taken over as if its worker had died."""
    now = supervisor._parts.records.run(run.id)
    assert now is not None
    if now.status is Status.QUEUED:
        supervisor.supervise(run.id)
    elif not now.final:
        supervisor.adopt(now, None)


class Worker:
    """:func:`care` in a thread; whatever it raised comes out of :meth:`join`."""

    def __init__(self, supervisor: Supervisor, run: Run) -> None:
        self.supervisor = supervisor
        self._raised: list[BaseException] = []
        self._thread = threading.Thread(target=self._supervise, args=(run,), daemon=True)
        self._thread.start()

    def _supervise(self, run: Run) -> None:
        try:
            care(self.supervisor, run)
        except BaseException as error:  # noqa: BLE001 - it comes out of join()
            self._raised.append(error)

    @property
    def busy(self) -> bool:
        """Whether it has not returned."""
        return self._thread.is_alive()

    def join(self, seconds: float = 10) -> None:
        """Wait for its end."""
        self._thread.join(seconds)
        assert not self.busy, f"the supervisor did not return within {seconds} s"
        if self._raised:
            raise self._raised[0]


@contextlib.contextmanager
def keeping(supervisor: Supervisor) -> Iterator[None]:
    """A keeper that looks after the supervisor's runs all the time."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.01):
            supervisor.keep()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def running(bench: Bench, run: Run, log: str = "") -> None:
    """Wait until the run's code is running and has printed this."""
    until(lambda: bench.run(run).status.value == "running", "the run is running")
    until(lambda: bench.log(run) == log, f"its log is {log!r}")
