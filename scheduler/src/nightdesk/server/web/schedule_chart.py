"""The history of a schedule as bars: how long its runs took, and which of them did not succeed."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.schedule import BAD, Tick, TickState
from nightdesk.server.domain.timetable import local
from nightdesk.server.web.wording import took

HEIGHT = 100.0
_LEAST = 6.0  # of a bar that stands for something without a duration
_LOOKS = {TickState.SUCCEEDED: "good", TickState.QUEUED: "busy", TickState.WAITING: "busy"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One tick. ``look`` is good, bad, busy or calm; ``words`` what is said of it."""

    height: float
    look: str
    words: str
    run: str | None

    @property
    def y(self) -> float:
        """Where it begins from above."""
        return HEIGHT - self.height


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from the oldest to the newest; ``longest`` is what the highest stands for."""

    bars: list[Bar]
    longest: float | None
    first: str = ""
    last: str = ""


def chart_of(newest_first: list[Tick], zone: str) -> Chart:
    """The ticks as bars."""
    ticks = newest_first[::-1]
    known = [tick.took_seconds for tick in ticks if tick.took_seconds is not None]
    longest = max(known, default=None)
    bars = [_bar(tick, longest, zone) for tick in ticks]
    ends = (_when(ticks[0], zone), _when(ticks[-1], zone)) if ticks else ("", "")
    return Chart(bars, longest, *ends)


def _bar(tick: Tick, longest: float | None, zone: str) -> Bar:
    height = _LEAST
    if tick.took_seconds is not None and longest:
        height = max(_LEAST, HEIGHT * tick.took_seconds / longest)
    look = "bad" if tick.state in BAD else _LOOKS.get(tick.state, "calm")
    words = f"{_when(tick, zone)}: {tick.state.value.replace('_', ' ')}"
    if tick.took_seconds is not None:
        words += f", {took(tick.took_seconds)}"
    return Bar(height, look, words, tick.run_id)


def _when(tick: Tick, zone: str) -> str:
    return local(tick.at, zone)[:16].replace("T", " ")
