"""Knowing that everything has come that was written past Python, straight to a kernel's descriptors."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = ("stdout", "stderr")

# ipykernel's threads read its descriptors from pipes, some time after a child process wrote there, and the end of
# a request publishes what they have read by then. So write a mark behind all that was written, and give the
# threads a moment, or the mark comes with their next publication only, a fifth of a second later.
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


class RawOutputMark:
    """A mark that a request writes to both descriptors and that comes back with the text before it."""

    def __init__(self) -> None:
        self._mark = f"[nightdesk {os.urandom(8).hex()}]"
        code = WRITE_MARK.format(mark=self._mark.encode("ascii"))
        self.code = f"exec({code!r}, {{}})"
        """What to execute; it leaves no name behind."""

    def seen_in(self, texts: dict[str, str]) -> bool:
        """Whether the mark is at the end of what came on every stream."""
        return all(self._mark in texts.get(name, "") for name in STREAMS)

    def before(self, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Stream by stream, what was written before the mark."""
        for name, text in texts.items():
            yield name, text.partition(self._mark)[0]
