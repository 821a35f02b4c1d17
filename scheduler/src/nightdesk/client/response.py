"""One answer on a connection of ours: its head, and its body as it is asked for."""

from __future__ import annotations

from nightdesk.client.errors import BadAnswer
from nightdesk.client.moving import Pipe, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

    from nightdesk.client.address import Address
    from nightdesk.client.http import Connection

LARGE_PIECE = 1 << 18
_VIEW = 1 << 19
ANSWER_SECONDS = 60.0


class Response:
    """One answer; the head is read when it is made, the body as it is asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.status, self.headers = self._head()
        self._done = False
        self._between = False  # chunked: the line end after a chunk has still to be passed over
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._left: int | None = 0 if self._chunked else self._length()
        self._keep = (
            self.headers.get("connection", "").lower() != "close" and self._left is not None and not self._old
        )
        if self._left == 0 and not self._chunked:
            self._finish()

    def _head(self) -> tuple[int, dict[str, str]]:
        connection = self._connection
        try:
            while True:
                lines = connection.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
                version, _, rest = lines[0].partition(" ")
                status = rest[:3]
                if not (
                    version.startswith("HTTP/1.")
                    and len(status) == 3
                    and status.isascii()
                    and status.isdigit()
                ):
                    connection.close()
                    raise not_nightdesk(connection.address, "it does not speak HTTP")
                self._old = version == "HTTP/1.0"
                if status[0] != "1":  # 1xx only announce the real one
                    break
        except TimeoutError as error:
            raise connection.silent(ANSWER_SECONDS) from error
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return int(status), headers

    def _length(self) -> int | None:
        if self.status in (204, 304):
            return 0
        text = self.headers.get("content-length")
        if text is None:
            return None  # until the server closes the line
        if not (text.isascii() and text.isdigit()):
            self._connection.close()
            raise not_nightdesk(self._connection.address, f"it says that its answer is {text!r} bytes long")
        return int(text)

    def some(self, seconds: float = ANSWER_SECONDS) -> bytes:
        """The next bytes of the body as they come, none at its end.

        Raises TimeoutError when none came for `seconds` (calling again goes on), ConnectionLost.
        """
        if self._done:
            return b""
        if self._chunked and not self._next_chunk(seconds):
            return b""
        most = LARGE_PIECE if self._left is None else min(LARGE_PIECE, self._left)
        data = self._connection.some(most, seconds)
        self._came(len(data))
        return data

    def into(self, room: memoryview, seconds: float = ANSWER_SECONDS) -> int:
        """As `some`, put into `room`; how many."""
        if self._done or (self._chunked and not self._next_chunk(seconds)):
            return 0
        most = len(room) if self._left is None else min(len(room), self._left)
        count = self._connection.into(room[:most], seconds)
        self._came(count)
        return count

    def _came(self, count: int) -> None:
        if not count:
            if self._left is not None:
                raise self._connection.ended_early()
            self._finish()
        elif self._left is not None:
            self._left -= count
            if self._chunked:
                self._between = self._left == 0
            elif self._left == 0:
                self._finish()

    def _next_chunk(self, seconds: float) -> bool:
        connection = self._connection
        if self._between:
            connection.until(b"\r\n", seconds)
            self._between = False
        if self._left == 0:
            text = connection.until(b"\r\n", seconds).partition(b";")[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                size = -1
            if size < 0 or text[:1] in (b"+", b"-"):
                connection.close()
                raise not_nightdesk(connection.address, "its answer is garbled")
            if size == 0:
                while connection.until(b"\r\n", ANSWER_SECONDS):
                    pass  # trailers
                self._finish()
                return False
            self._left = size
        return True

    def pieces(self) -> Iterator[bytes]:
        """The rest of the body. Raises ConnectionLost, also when nothing comes for a minute."""
        try:
            while data := self.some():
                yield data
        except TimeoutError as error:
            raise self._connection.silent(ANSWER_SECONDS) from error

    def views(self) -> Iterator[memoryview]:
        """As `pieces`, in memory that is used again: each is good until the next but one is asked for."""
        room, other = memoryview(bytearray(_VIEW)), memoryview(bytearray(_VIEW))
        try:
            while count := self.into(room):
                yield room[:count]
                room, other = other, room
        except TimeoutError as error:
            raise self._connection.silent(ANSWER_SECONDS) from error

    def saved(self, file: FileIO) -> Iterator[int]:
        """Write the rest of the body to where `file` stands; how many bytes each time.

        Raises ConnectionLost; OSError of the file.
        """
        if self._chunked or not self._left or not self._connection.moves():
            for piece in self.views():
                yield write(file.fileno(), piece)
            return
        try:
            with Pipe() as pipe:
                while not self._done:
                    count = self._connection.move(pipe, file.fileno(), self._left)
                    self._came(count)
                    yield count
        except TimeoutError as error:
            raise self._connection.silent(ANSWER_SECONDS) from error

    def read(self) -> bytes:
        """The rest of the body, whole."""
        return b"".join(self.pieces())

    def close(self) -> None:
        """Done with it: where the body was not read to its end the line is closed."""
        if not self._done:
            self._done = True
            self._connection.close()

    def _finish(self) -> None:
        self._done = True
        self._connection.release(keep=self._keep)


def not_nightdesk(address: Address, why: str) -> BadAnswer:
    """Something answers at `address`, but not as the platform does."""
    return BadAnswer(
        f"what answers at {address} is not Nightdesk: {why}",
        "Check the address; it ends in /services/nightdesk.",
    )
