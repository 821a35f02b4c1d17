"""Metrics that the code logs: lines of `$NIGHTDESK_METRICS`, read as they are appended."""

from __future__ import annotations

import json
import math
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .events import Events

INTERVAL_SECONDS = 0.5
READ_BYTES = 1_000_000
MOST = 100_000


class Metrics:
    """Emits one `metric` event a valid line, up to `MOST` of them; other lines are passed over."""

    def __init__(self, path: str, events: Events) -> None:
        self._path = path
        self._events = events
        self._offset = 0
        self._count = 0
        self.due = time.monotonic() + INTERVAL_SECONDS

    def read(self) -> None:
        """Emit what was appended since the last time."""
        self.due = time.monotonic() + INTERVAL_SECONDS
        try:
            if os.stat(self._path).st_size <= self._offset:
                return
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                while self._take(file.read(READ_BYTES)):
                    file.seek(self._offset)
        except OSError:
            return

    def _take(self, chunk: bytes) -> bool:
        whole = chunk.rfind(b"\n") + 1
        if not whole and len(chunk) == READ_BYTES:
            whole = READ_BYTES  # a line of that length is no metric
        for line in chunk[:whole].splitlines():
            metric = _parse(line)
            if metric and self._count < MOST:
                self._count += 1
                self._events.emit("metric", **metric)
        self._offset += whole
        return whole > 0


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        fields = json.loads(line)
        name, value, step = fields["name"], fields["value"], fields.get("step")
        valid = isinstance(name, str) and 0 < len(name) <= 200 and math.isfinite(value)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    if (
        not valid
        or isinstance(value, bool)
        or isinstance(step, bool)
        or not isinstance(step, (int, type(None)))
    ):
        return None
    return {"name": name, "value": value, "step": step}
