"""What a person sees on stderr while a run is followed."""

from __future__ import annotations

import sys
import time

from nightdesk.cli import wording
from nightdesk.cli.logtext import LogLines
from nightdesk.cli.terminal import colours, is_terminal, paint, plain, shortened, speaks_unicode, width
from nightdesk.client.status import FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from nightdesk.client.answers import LogText, Run

_LOST_AFTER = 5.0  # shorter breaks (a restart, a network change) are not worth a word
_SAID_AGAIN_AFTER = 30.0  # of a place in the queue that only moves up, where each change is a line
_BAR = 24


def display(stream: TextIO | None = None) -> Display:
    """The display for `stream` (default: stderr): live on a terminal, plain lines anywhere else."""
    stream = stream or sys.stderr
    return LiveDisplay(stream) if is_terminal(stream) else Display(stream)


class Display:
    """One line at each change."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._lines = LogLines(coloured=colours(stream))
        self._said = Said()
        self._told_lost = False

    def run(self, run: Run) -> None:
        """The run as it is now."""
        self._connected()
        if self._said.is_news(run):
            self.write(" · ".join(part for part in (state_words(run), _left(run)) if part) + "\n")

    def log(self, log: LogText) -> None:
        """The run has printed something."""
        self._connected()
        if text := self._lines.feed(log["stream"], log["text"]):
            self.write(text)

    def waiting(self, lost_for: float) -> None:
        """Nothing has come for a while; for `lost_for` seconds there has been no connection."""
        if lost_for > _LOST_AFTER and not self._told_lost:
            self._told_lost = True
            self.write(
                paint("connection lost, trying again… (the run is not affected)", "yellow", self.stream)
                + "\n"
            )

    def close(self) -> None:
        """Nothing more will come."""
        if text := self._lines.rest():
            self.write(text)

    def write(self, text: str) -> None:
        """Print whole lines."""
        self.stream.write(text)
        self.stream.flush()

    def _connected(self) -> None:
        if self._told_lost:
            self._told_lost = False
            self.write("connected again\n")


class Said:
    """What was told of a run, so that it is not told again: of a queue the numbers alone are no news for a while."""

    def __init__(self) -> None:
        self._words = ""
        self._at = 0.0

    def is_news(self, run: Run) -> bool:
        """Whether to say how the run is now; a run that is over is somebody else's news."""
        words = state_words(run)
        if run["status"] in FINAL or words == self._words:
            return False
        same = run["status"] == "queued" and _without_numbers(words) == _without_numbers(self._words)
        if same and time.monotonic() - self._at < _SAID_AGAIN_AFTER:
            return False
        self._words, self._at = words, time.monotonic()
        return True


def _without_numbers(words: str) -> str:
    return "".join(character for character in words if not character.isdigit())


class LiveDisplay(Display):
    """A bar in the last line that keeps moving, the run's output above it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._run: Run | None = None
        self._running_since: float | None = None
        self._bar = ""

    def run(self, run: Run) -> None:
        self._connected()
        self._run = run
        if run["status"] != "running":
            self._running_since = None  # the next attempt begins anew
        elif self._running_since is None:
            # From here on by a clock of our own: the platform's may be ahead or behind.
            self._running_since = time.monotonic() - (wording.run_duration(run) or 0.0)
        self._draw()

    def waiting(self, lost_for: float) -> None:
        super().waiting(lost_for)
        self._draw()

    def close(self) -> None:
        super().close()
        self._run = None
        self._draw()

    def write(self, text: str) -> None:
        # One write, and the old bar is overwritten before what is left of it is erased: no flicker.
        first, _, others = text.partition("\n")
        begin = "\r" + first + "\x1b[K\n" + others if self._bar else text
        self.stream.write(begin + self._bar)
        self.stream.flush()

    def _draw(self) -> None:
        bar = self._bar_text() if self._run is not None and self._run["status"] not in FINAL else ""
        if bar != self._bar:
            self._bar = bar
            self.stream.write("\r" + bar + "\x1b[K")
            self.stream.flush()

    def _bar_text(self) -> str:
        run = self._run
        assert run is not None  # noqa: S101  (for the type checker)
        words = state_words(run)
        if self._running_since is not None:
            elapsed = int(time.monotonic() - self._running_since)
            words += f" · {wording.duration(elapsed)}".replace(".0s", "s")
            if left := wording.left(run.get("expected_seconds"), elapsed):
                words += f" · {left}"
        columns = width(self.stream) - 1
        progress = run.get("progress")
        if run["status"] != "running" or not progress or not progress["cells"] or columns < _BAR + 20:
            return shortened(words, columns)
        # The cell that is running is not done yet.
        done = max(0, progress["cell"] - 1) / progress["cells"]
        full = round(min(1.0, done) * _BAR)
        begun, rest = ("█", "░") if speaks_unicode(self.stream) else ("#", "-")
        bar = paint(begun * full, "green", self.stream) + paint(rest * (_BAR - full), "grey", self.stream)
        return bar + " " + shortened(words, columns - _BAR - 1)


def state_words(run: Run) -> str:
    """`running · cell 3 of 12`, `queued · waiting for a slot: 3 ahead`."""
    parts = [wording.status_words(run["status"])]
    progress = run.get("progress")
    if run["status"] == "running" and progress and progress["cell"]:
        parts.append(f"cell {progress['cell']} of {progress['cells']}")
    why = run.get("waiting") if run["status"] == "queued" else run.get("reason")
    if why and run["status"] not in FINAL:
        parts.append(plain(why))  # of one that runs, the reason says what holds it up
    if run.get("attempt", 1) > 1 and not (why or "").startswith("attempt "):
        of = f" of {run['retries'] + 1}" if run.get("retries") else ""
        parts.append(f"attempt {run['attempt']}{of}")
    return " · ".join(parts)


def _left(run: Run) -> str:
    """How long it is going to take still."""
    if run["status"] != "running":
        return ""
    return wording.left(run.get("expected_seconds"), wording.run_duration(run))


class Transfer:
    """The progress of one large file on its way, on a terminal; nothing anywhere else."""

    _WORTH_IT = 5_000_000
    _REDRAW_SECONDS = 0.1

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._next = 0.0
        self._live = is_terminal(sys.stderr) and (total or 0) >= self._WORTH_IT

    def more(self, count: int) -> None:
        """`count` bytes more have gone by."""
        self.at(self._done + count)

    def at(self, done: int) -> None:
        """`done` bytes have gone by."""
        self._done = done
        if self._live and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._REDRAW_SECONDS
            words = f"{plain(self._what)}: {wording.size(done)} of {wording.size(self._total)}"
            sys.stderr.write("\r" + shortened(words, width(sys.stderr) - 1) + "\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
