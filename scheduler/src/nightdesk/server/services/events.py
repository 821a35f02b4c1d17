"""Reading what the runner prints: one JSON event a line, numbered; anything else is the code's own noise."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from nightdesk.server.domain.outcome import as_count
from nightdesk.server.ports.engine import Sample
from nightdesk.server.ports.records import LogChunk


@dataclass(slots=True)
class Progress:
    """What the events of one attempt have said so far.

    Reading them again from the start gives the same: ``number`` and ``length`` say how much of the
    log is on record already, and what is there is not taken twice.
    """

    number: int = 0
    length: int = 0
    cell: int = 0
    cells: int = 0
    finished: dict[str, Any] | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    sampled: Sample | None = None  # what was seen from outside, for a runner that could not say
    waiting: list[LogChunk] = field(default_factory=list)
    _metric: int = (
        0  # the number of the last metric: metrics are not on record, so they are read from the start
    )

    def take(self, line: bytes) -> None:
        """One line of the container's output. Code can print there as well: nothing in it is trusted."""
        try:
            event = json.loads(line)
            number, name = as_count(event["n"]), event["event"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if number is None:
            return
        if name == "stream" and number > self.number:
            self._log(number, _stream(event.get("name")), event.get("cell"), str(event.get("text") or ""))
        elif name == "started":
            self.cells = as_count(event.get("cells")) or 0
        elif name == "cell_started":
            # never back: the start of the output is read again after an adoption
            self.cell = max(self.cell, as_count(event.get("cell")) or 0)
        elif name == "metric" and number > self._metric:
            self._metric = number
            self.metrics.append({key: event.get(key) for key in ("name", "value", "step")})
        elif name == "finished":
            self.finished = event

    def say(self, text: str) -> None:
        """A line of the platform's own in the log."""
        self._log(self.number + 1, "system", None, text)

    def _log(self, number: int, stream: str, cell: Any, text: str) -> None:
        # Half a surrogate pair cannot be stored or sent as UTF-8.
        text = text.encode("utf-8", "replace").decode("utf-8")
        if not text:  # a piece without a place of its own in the log
            return
        self.waiting.append(LogChunk(number, self.length, stream, as_count(cell), text))
        self.number = number
        self.length += len(text)


def _stream(name: Any) -> str:
    return "stderr" if name == "stderr" else "stdout"
