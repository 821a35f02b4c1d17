"""The numbered events on standard output, one JSON object a line and nothing else."""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .masks import Masks


class Events:
    """Writes events to what was standard output when it was made; anything stray goes to standard error."""

    def __init__(self, masks: Masks) -> None:
        self.masks = masks
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._number = 0
        self._ended = False

    def record(self, event: str, **fields: Any) -> dict[str, Any]:
        """The next event, numbered, timed and masked; it must be sent before another one is recorded."""
        self._number += 1
        return {"n": self._number, "t": round(time.time(), 3), "event": event, **self.masks.value(fields)}

    def send(self, record: dict[str, Any]) -> None:
        """Write one event. A reader that is gone does not stop a run: the results are in files too."""
        if self._ended:
            return
        rest = memoryview(json.dumps(record).encode("ascii") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._out, rest) :]
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out)

    def emit(self, event: str, **fields: Any) -> None:
        self.send(self.record(event, **fields))

    def end(self) -> None:
        """Nothing comes behind the `finished` event, whatever a kernel still says on its way out."""
        self._ended = True
