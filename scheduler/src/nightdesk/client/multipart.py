"""A form with files (multipart/form-data, RFC 7578), sent piece by piece and never held in memory."""

from __future__ import annotations

import os

from nightdesk.client.errors import LocalProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

_PIECE = 1 << 18


class Form:
    """The parts of one form; its `length` is known before anything is sent."""

    def __init__(self, sent: Callable[[int], None] | None = None) -> None:
        """`sent` is told how many bytes more have been handed over, for whoever shows progress."""
        self._boundary = "nightdesk-" + os.urandom(16).hex()
        self._parts: list[tuple[bytes, bytes | tuple[IO[bytes], int, str]]] = []
        self._end = f"--{self._boundary}--\r\n".encode()
        self._sent = sent
        self.length = len(self._end)

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def add(self, name: str, content: bytes, content_type: str) -> None:
        """A part that is in memory already."""
        head = self._head(name, None, content_type)
        self._parts.append((head, content))
        self.length += len(head) + len(content) + 2

    def add_file(self, name: str, file: IO[bytes], filename: str) -> None:
        """A part read from `file` while it is sent: as long as it is now."""
        size = os.fstat(file.fileno()).st_size
        head = self._head(name, filename, "application/octet-stream")
        self._parts.append((head, (file, size, filename)))
        self.length += len(head) + size + 2

    def _head(self, name: str, filename: str | None, content_type: str) -> bytes:
        disposition = f'Content-Disposition: form-data; name="{_escaped(name)}"'
        if filename is not None:
            disposition += f'; filename="{_escaped(filename)}"'
        return f"--{self._boundary}\r\n{disposition}\r\nContent-Type: {content_type}\r\n\r\n".encode()

    def pieces(self) -> Iterator[bytes]:
        """The whole form from its start. Raises LocalProblem when a file has shrunk meanwhile."""
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                yield from self._file_pieces(*content)
            yield b"\r\n"
        yield self._end

    def _file_pieces(self, file: IO[bytes], size: int, filename: str) -> Iterator[bytes]:
        file.seek(0)
        left = size
        while left:
            try:
                piece = file.read(min(_PIECE, left))
            except OSError as error:
                raise LocalProblem(f"{filename!r} cannot be read: {error.strerror}") from error
            if not piece:
                raise LocalProblem(
                    f"{filename!r} became shorter while it was sent", "Submit again once it is whole."
                )
            left -= len(piece)
            yield piece
            if self._sent is not None:
                self._sent(len(piece))


def _escaped(name: str) -> str:
    """As browsers do (the HTML standard, on RFC 7578, 4.2): UTF-8 as it is, three characters escaped."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
