"""Reading what the runner prints: one JSON event a line, numbered; anything else is the code's own noise."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from nightdesk.server.domain.cell_time import CellTime, time_of
from nightdesk.server.domain.metric import LONGEST_NAME, Point
from nightdesk.server.domain.outcome import as_count
from nightdesk.server.ports.engine import Sample
from nightdesk.server.ports.records import LogChunk
from nightdesk.server.services.colours import Colours

# What the runner itself keeps to; code that prints in its place is held to the same.
_MOST_METRICS = 100_000
_LARGEST = 2**62
_CUT = "\n[nightdesk] the log is cut here: it has grown over its limit\n"
_MASKED = "\n[nightdesk] secrets of connections were masked here; do not rely on it: keep them out of what is shown\n"


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
    most: int = _LARGEST  # characters that the log may have
    sampled: Sample | None = None  # what was seen from outside, for a runner that could not say
    waiting: list[LogChunk] = field(default_factory=list)
    measured: int = 0  # the number of the last metric on record
    points: list[Point] = field(default_factory=list)  # metrics that wait to be put on record
    times: dict[int, CellTime] = field(default_factory=dict)  # of cells that are over
    timed: bool = False  # there are more than are on record
    _metric: int = (
        0  # the number of the last metric: the manifest has all of them, so they are read from the start
    )
    _heard: int = 0  # the number of the last printed text, on record or not
    _colours: Colours = field(default_factory=Colours, compare=False)

    def take(self, line: bytes) -> None:
        """One line of the container's output. Code can print there as well: nothing in it is trusted."""
        try:
            event = json.loads(line)
            number, name = as_count(event["n"]), event["event"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if number is None:
            return
        if name == "stream":
            self._print(number, _stream(event.get("name")), event)
        elif name == "started":
            self.cells = as_count(event.get("cells")) or 0
        elif name == "cell_started":
            # never back: the start of the output is read again after an adoption
            cell = as_count(event.get("cell")) or 0
            self.cell = max(self.cell, min(cell, self.cells or cell))
        elif name == "cell_finished":
            self._cell_done(event)
        elif name == "metric" and number > self._metric:
            self._metric = number
            if len(self.metrics) < _MOST_METRICS and (metric := _metric(event)) is not None:
                self.metrics.append(metric)
                if number > self.measured:
                    self.points.append(Point(number, metric["name"], float(metric["value"]), metric["step"]))
        elif name == "finished":
            self.finished = _finished(event)
            if event.get("masked") is True and number > self.number:
                self._log(number, "system", None, _MASKED)

    def _cell_done(self, event: dict[str, Any]) -> None:
        done = time_of(event, self.cells)
        if done is not None and self.times.get(done[0]) != done[1]:
            self.times[done[0]] = done[1]
            self.timed = True

    def _print(self, number: int, stream: str, event: dict[str, Any]) -> None:
        # What is on record goes through the colours as well: a sequence may be cut in two at its end.
        if number <= self._heard:
            self._colours.clear()
        self._heard = number
        text = self._colours.only(stream, str(event.get("text") or ""))
        if number <= self.number or self.length >= self.most:
            return
        if self.length + len(text) > self.most:
            text = text[: self.most - self.length] + _CUT
        self._log(number, stream, event.get("cell"), text)

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


def _metric(event: dict[str, Any]) -> dict[str, Any] | None:
    name, value, step = event.get("name"), event.get("value"), event.get("step")
    if not (isinstance(name, str) and 0 < len(name) <= LONGEST_NAME):
        return None
    name = (
        name.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    )  # PostgreSQL keeps no NUL
    if _number(value) is not None and (step is None or isinstance(_number(step), int)):
        return {"name": name, "value": value, "step": step}
    return None


def _finished(event: dict[str, Any]) -> dict[str, Any]:
    """The runner's last word, with numbers that are numbers."""
    measured = {name: _number(event.get(name)) for name in ("peak_memory_bytes", "cpu_seconds")}
    return {**event, **{name: None if (value or 0) < 0 else value for name, value in measured.items()}}


def _number(value: Any) -> int | float | None:
    """A number as every database and every reader of JSON takes it."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    return value if fits and math.isfinite(value) else None


def _stream(name: Any) -> str:
    return "stderr" if name == "stderr" else "stdout"
