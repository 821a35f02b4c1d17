"""A worker that dies at a chosen call of a port, as by SIGKILL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nightdesk.server.services.watch import Parts

from ..workbench import Bench


class Crash(BaseException):
    """The process is gone. Nothing of ours catches this."""


class Fuse:
    """Counts calls of ports and blows at the ``at``-th, before or after it took effect.

    Once it has blown every further call fails too: a dead process does nothing in its ``finally``.
    """

    def __init__(self, at: int, before: bool) -> None:
        self.at = at
        self.before = before
        self.blown = threading.Event()
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def call(self, name: str, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Make a call, or die at it."""
        with self._lock:
            if self.blown.is_set():
                raise Crash(name)
            self.calls.append(name)
            mine = len(self.calls) == self.at
            if mine and self.before:
                self.blown.set()
        if mine and self.before:
            raise Crash(name)
        answer = method(*arguments, **named)
        if mine:
            self.blown.set()
        if self.blown.is_set():
            raise Crash(name)
        return answer

    def parts(self, bench: Bench) -> Parts:
        """The bench's parts, wired through this fuse."""
        names = ("records", "engine", "store", "folders", "bell")
        return replace(
            bench.parts, **{name: _Wired(getattr(bench.parts, name), name, self) for name in names}
        )


class _Wired:
    def __init__(self, port: Any, name: str, fuse: Fuse) -> None:
        self._port, self._name, self._fuse = port, name, fuse

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)

        def call(*arguments: Any, **named: Any) -> Any:
            return self._fuse.call(f"{self._name}.{method}", found, *arguments, **named)

        return call
