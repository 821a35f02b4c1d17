"""Following a run: server-sent events over a connection that may break as often as it likes."""

from __future__ import annotations

import json
import time

from nightdesk.client.errors import ConnectionLost, Refused, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from nightdesk.client.response import Response

    Connect = Callable[[str | None], Response]
    """Opens the stream after the event with this id. Raises Unreachable or Refused."""
    Waiting = Callable[[float], None]
    """Called about once a second while nothing comes, with the seconds that the connection is lost (0: it is not)."""

TICK_SECONDS = 1.0
SILENCE_SECONDS = 16.0  # the platform sends a ping every 5 s: after three the line is dead
_STEADY_SECONDS = 5.0  # a connection that held for so long counts as good, and the next pause is short again
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Event:
    """One event: `kind` is run, log, usage or end; `data` what the platform sent with it."""

    __slots__ = ("data", "id", "kind")

    def __init__(self, kind: str, data: Any, id: str | None) -> None:
        self.kind = kind
        self.data = data
        self.id = id


def follow(
    connect: Connect, *, after: str | None = None, waiting: Waiting | None = None, patient: bool = False
) -> Iterator[Event]:
    """Every event after `after` exactly once, up to and with `end`, for as long as it takes.

    A broken connection is opened again where it broke. Only the first attempt may fail with Unreachable,
    unless `patient`. Raises Refused when the platform says no (signed out, run gone).
    """
    last = after
    lost_since: float | None = None
    pause = _SHORTEST_PAUSE
    while True:
        opened_at = time.monotonic()
        try:
            response = connect(last)
        except (Unreachable, Refused) as error:
            if not patient or not _passing(error):
                raise
        else:
            patient = True
            try:
                for event in read(response, waiting):
                    lost_since = None
                    if event.id is not None:
                        last = event.id
                    yield event
                    if event.kind == "end":
                        return
            except ConnectionLost:
                pass  # the next connection goes on after `last`
            finally:
                response.close()
        if time.monotonic() - opened_at > _STEADY_SECONDS:
            pause = _SHORTEST_PAUSE
        lost_since = lost_since or time.monotonic()
        _rest(pause, lost_since, waiting)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _passing(error: Unreachable | Refused) -> bool:
    """Whether waiting can help: the platform is restarting or busy, not saying no."""
    return isinstance(error, Unreachable) or error.status == 429 or error.status >= 500


def _rest(seconds: float, lost_since: float, waiting: Waiting | None) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, TICK_SECONDS))
        if waiting is not None:
            waiting(time.monotonic() - lost_since)


def read(response: Response, waiting: Waiting | None = None) -> Iterator[Event]:
    """The events of one stream, up to where it ends. Raises ConnectionLost.

    As the HTML standard has it (9.2.6): an event counts once the empty line after it has come.
    """
    kind = ""
    data: list[str] = []
    number: str | None = None
    for line in _lines(response, waiting):
        if not line:
            if data and kind != "ping":
                yield Event(kind or "message", json.loads("\n".join(data)), number)
            elif kind == "ping" and waiting is not None:
                waiting(0.0)
            kind, data, number = "", [], None
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            number = value


def _lines(response: Response, waiting: Waiting | None) -> Iterator[str]:
    buffer = bytearray()
    searched = 0
    quiet_since = time.monotonic()
    while True:
        try:
            piece = response.some(TICK_SECONDS)
        except TimeoutError as error:
            if time.monotonic() - quiet_since > SILENCE_SECONDS:
                raise ConnectionLost("the platform fell silent") from error
            if waiting is not None:
                waiting(0.0)
            continue
        if not piece:
            return
        quiet_since = time.monotonic()
        buffer += piece
        while (end := buffer.find(b"\n", searched)) >= 0:
            line = bytes(buffer[:end]).removesuffix(b"\r")
            del buffer[: end + 1]
            searched = 0
            yield line.decode("utf-8", errors="replace")
        searched = len(buffer)
