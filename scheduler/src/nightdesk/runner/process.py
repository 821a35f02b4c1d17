"""A child in a process group of its own, with its standard output and error on pipes."""

from __future__ import annotations

import codecs
import os
import signal

TAIL_BYTES = 64_000


class Pipe:
    """One raw stream of a child. Bytes that are not UTF-8 become replacement characters."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fd, self.child_end = os.pipe()
        os.set_blocking(self.fd, False)
        self.open = True
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.tail = ""
        """The last of what came, for saying why the child died."""

    def read(self) -> str:
        """What there is, at most 64 KiB of it; sets `open` to False at the end of the stream."""
        try:
            chunk = os.read(self.fd, 65536)
        except BlockingIOError:
            return ""
        self.open = bool(chunk)
        text = self._decode(chunk, final=not chunk)
        self.tail = (self.tail + text)[-TAIL_BYTES:]
        return text

    def inode(self) -> tuple[int, int]:
        found = os.fstat(self.fd)
        return found.st_dev, found.st_ino


class Process:
    """Started in `folder` with nothing on standard input. Raises OSError when it cannot be started."""

    def __init__(self, argv: list[str], env: dict[str, str], folder: str) -> None:
        self.stdout, self.stderr = self.pipes = (Pipe("stdout"), Pipe("stderr"))
        self.status: int | None = None
        os.chdir(folder)
        # posix_spawn rather than subprocess: it is built in, and importing subprocess costs 10 ms.
        self.pid = os.posix_spawnp(
            argv[0],
            argv,
            env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, self.stdout.child_end, 1),
                (os.POSIX_SPAWN_DUP2, self.stderr.child_end, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ],
        )
        for pipe in self.pipes:
            os.close(pipe.child_end)

    def ended(self) -> bool:
        """Whether it is over; `status` is its wait status then."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, as a terminal does."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def relays_its_own_output(self) -> bool:
        """Whether the child has put something else in the place of our pipe.

        ipykernel does: it publishes what is written to its descriptors itself and copies it to us, so that
        relaying our copy would show everything twice. Looking is surer than knowing which version does it.
        """
        try:
            found = os.stat(f"/proc/{self.pid}/fd/1")
        except OSError:
            return False
        return (found.st_dev, found.st_ino) != self.stdout.inode()

    def last_words(self) -> list[str]:
        """The end of what the child wrote itself, for an error's traceback."""
        for pipe in reversed(self.pipes):
            lines = pipe.tail.splitlines()
            if lines:
                return lines[-40:]
        return []
