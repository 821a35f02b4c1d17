"""What was written past Python, straight to a kernel's descriptors: all of it shown, and once.

ipykernel puts pipes of its own behind its descriptors 1 and 2. Threads of it read them, publish what comes as if
it had been printed, and copy it to where the descriptors led before, which is to us. To there, too, leads what
is written to `sys.stdout.fileno()`, as `subprocess.run(..., stdout=sys.stdout)` does, and that nobody publishes.
"""

from __future__ import annotations

import os
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .document import Cell

STREAMS = ("stdout", "stderr")
NEVER = float("inf")
PATIENCE = 0.5
"""Seconds until text in our pipe counts as not published; ipykernel publishes after 0.2."""
REMEMBERED = 1_000_000
IDLE_REMEMBERED = 65_536

WRITE_MARK = """
import fcntl, os, stat, struct, termios, time
pipes = [fd for fd in (1, 2) if stat.S_ISFIFO(os.fstat(fd).st_mode)]
for fd in pipes:
    os.write(fd, {mark!r})
for _ in range(50):
    time.sleep(0.001)
    if not any(struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0] for fd in pipes):
        break
"""


class Mark:
    """Written by a request behind everything else, it comes back when all text before it has been published.

    (The code waits for ipykernel's threads to have read it: the end of a request publishes what they have read
    by then, and what comes later waits a fifth of a second.)
    """

    def __init__(self) -> None:
        self._mark = f"[nightdesk {os.urandom(8).hex()}]"
        code = WRITE_MARK.format(mark=self._mark.encode("ascii"))
        self.code = f"exec({code!r}, {{}})"
        """What to execute; it leaves no name behind."""

    def seen_in(self, texts: dict[str, str]) -> bool:
        """Whether the mark has come on every stream."""
        return all(self._mark in texts.get(name, "") for name in STREAMS)

    def before(self, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Stream by stream, what was written before the mark."""
        for name, text in texts.items():
            yield name, text.partition(self._mark)[0]


class Echo:
    """One stream's text from our pipe, of which only what is not published as well is wanted."""

    def __init__(self) -> None:
        self._published: deque[str] = deque()
        self._published_size = 0
        self._heard: list[tuple[float, Cell | None, str]] = []
        self._heard_size = 0

    @property
    def due(self) -> float:
        """When `unpublished` should be asked for, on the clock of `hear`."""
        return self._heard[0][0] + PATIENCE if self._heard else NEVER

    def publish(self, text: str) -> None:
        """The kernel published this."""
        self._published.append(text)
        self._published_size += len(text)
        while (
            self._published_size > (REMEMBERED if self._heard else IDLE_REMEMBERED)
            and len(self._published) > 1
        ):
            self._published_size -= len(self._published.popleft())

    def hear(self, now: float, cell: Cell | None, text: str) -> None:
        """This came through our pipe while `cell` was running."""
        if not text:
            return
        self._heard_size += len(text)
        if self._heard and self._heard[-1][1] is cell and not self._heard[-1][2].endswith("\n"):
            now, _, begun = self._heard.pop()
            text = begun + text
        self._heard.append((now, cell, text))
        if self._heard_size > REMEMBERED:  # nobody writes so much past ipykernel: it is a copy
            self._drop_published()
            while self._heard_size > REMEMBERED:
                self._heard_size -= len(self._heard.pop(0)[2])

    def unpublished(self, before: float = NEVER) -> list[tuple[Cell | None, str]]:
        """What was heard before a moment and has not been published since."""
        self._drop_published()
        late = [(cell, text) for heard, cell, text in self._heard if heard <= before]
        self._heard = [each for each in self._heard if each[0] > before]
        self._heard_size = sum(len(text) for _, _, text in self._heard)
        return late

    def _drop_published(self) -> None:
        published = _comparable("".join(self._published))
        kept: list[tuple[float, Cell | None, str]] = []
        for heard, cell, text in self._heard:
            whole = _find(published, text)
            if whole >= 0:
                published = published[whole:]
                continue
            for line in text.splitlines(keepends=True):
                end = _find(published, line)
                if end < 0:
                    kept.append((heard, cell, line))
                else:
                    published = published[end:]
        self._heard = kept
        self._heard_size = sum(len(text) for _, _, text in kept)
        self._published = deque([published])
        self._published_size = len(published)


def _find(published: str, text: str) -> int:
    """Where `text` ends in what was published, given that it begins a line there; -1 when it does not."""
    text = _comparable(text)
    if published.startswith(text):
        return len(text)
    at = published.find("\n" + text)
    return at + 1 + len(text) if at >= 0 else -1


def _comparable(text: str) -> str:
    # ipykernel decodes in pieces and may break characters at their borders.
    return text if text.isascii() else text.encode("ascii", "ignore").decode("ascii")
