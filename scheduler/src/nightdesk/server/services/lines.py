"""Reading a container's output in a thread of its own, so that what has come can be put on record in time."""

from __future__ import annotations

import queue
import threading

from nightdesk.server.domain.errors import EngineError, NightdeskError
from nightdesk.server.ports.engine import LogFollower

_AHEAD = 2000  # lines read ahead of what is on record
_LINE = bytes | NightdeskError | None


class Quiet(Exception):
    """No line came in time."""


class Lines:
    """The lines of a follower, with a time limit on the wait for each."""

    def __init__(self, follower: LogFollower, name: str) -> None:
        self._follower = follower
        self._lines: queue.Queue[_LINE] = queue.Queue(maxsize=_AHEAD)
        self._closed = threading.Event()
        threading.Thread(target=self._read, name=name, daemon=True).start()

    def next(self, timeout: float | None) -> bytes | None:
        """The next line; None at the end.

        Raises:
            Quiet: nothing came within ``timeout`` seconds.
            EngineError: the output broke off.
        """
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise Quiet from None
        if isinstance(line, NightdeskError):
            raise line
        return line

    def close(self) -> None:
        """Stop reading; whoever waits in :meth:`next` gets the end."""
        self._closed.set()
        self._follower.close()
        self._put(None)

    def _read(self) -> None:
        last: _LINE = None
        try:
            for line in self._follower:
                if not self._put(line):
                    return
        except NightdeskError as error:
            last = error
        except Exception as error:  # noqa: BLE001 - the thread's edge: its reader must not wait for ever
            last = EngineError(f"reading the container's output failed: {type(error).__name__}: {error}")
        self._put(last)

    def _put(self, line: _LINE) -> bool:
        while True:
            try:
                self._lines.put(line, timeout=1)
                return True
            except queue.Full:
                if self._closed.is_set():
                    return False
