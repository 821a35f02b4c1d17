"""One HTTP/1.1 connection that is kept open, by hand over a socket.

The standard library's http.client pulls in the e-mail parser and TLS at import, which doubles the time
`nightdesk submit` needs before its request is on the way; and it cannot go on reading after a timeout,
which following a run needs (the display moves on while the run is quiet).
"""

from __future__ import annotations

import selectors
import socket

from nightdesk.client.errors import BadAnswer, ConnectionLost, NightdeskError, Unreachable

TYPE_CHECKING = False  # importing typing for its constant of this name costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Protocol

    from nightdesk.client.address import Address

    class Body(Protocol):
        """A request body of known length that can be sent again from its start."""

        length: int

        def pieces(self) -> Iterator[bytes]: ...


_PIECE = 1 << 16
_LARGE_PIECE = 1 << 18
_VIEW = 1 << 19
_HEAD_LIMIT = 1 << 16
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0


class Connection:
    """One connection to one address; not for use by several threads at a time."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray()
        self._idle = False  # the last answer was read to its end, and the server keeps the line open

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body | bytes = b"",
        *,
        repeatable: bool = True,
    ) -> Response:
        """Send one request and return its answer, of which the head has been read.

        `repeatable` says that sending it twice does no harm: then a line that the server closed in the
        meantime is opened again unnoticed. Raises Unreachable, ConnectionLost or BadAnswer.
        """
        reused = self._reusable()
        if not reused:
            self.close()
            self._open()
        self._idle = False
        try:
            return self._exchange(method, target, headers, body)
        except ConnectionLost:
            if not (reused and repeatable):
                raise
        self._open()
        return self._exchange(method, target, headers, body)

    def close(self) -> None:
        """Close the line; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._buffer.clear()
        self._idle = False

    def _reusable(self) -> bool:
        if self._socket is None or not self._idle or self._buffer:
            return False
        with selectors.DefaultSelector() as line:  # select() refuses a program with a thousand files open
            line.register(self._socket, selectors.EVENT_READ)
            return not line.select(0)  # readable while idle: the server has closed it

    def _open(self) -> None:
        address = self.address
        if address.socket is not None:
            self._open_socket(address.socket)
            return
        # As bytes, or the resolver imports the whole of IDNA for a plain host name.
        host = address.host.encode("ascii" if address.host.isascii() else "idna")
        try:
            opened = socket.create_connection((host, address.port), timeout=CONNECT_SECONDS)  # type: ignore[arg-type]
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._secured(opened) if address.scheme == "https" else opened
        except OSError as error:
            raise self._unreachable(error) from error
        self._socket.settimeout(ANSWER_SECONDS)

    def _open_socket(self, path: str) -> None:
        opened = socket.socket(socket.AF_UNIX)
        try:
            opened.settimeout(CONNECT_SECONDS)
            opened.connect(path)
        except OSError as error:
            opened.close()
            raise self._unreachable(error) from error
        opened.settimeout(ANSWER_SECONDS)
        self._socket = opened

    def _secured(self, opened: socket.socket) -> socket.socket:
        import ssl

        try:
            return ssl.create_default_context().wrap_socket(opened, server_hostname=self.address.host)
        except ssl.SSLCertVerificationError as error:
            opened.close()
            raise Unreachable(
                f"the certificate of {self.address.host} cannot be verified: {error.verify_message}",
                "If your organisation signs its own certificates, set SSL_CERT_FILE to its CA file.",
            ) from error
        except OSError:
            opened.close()
            raise

    def _unreachable(self, error: OSError) -> Unreachable:
        if isinstance(error, TimeoutError):
            why = f"no answer within {CONNECT_SECONDS:.0f} s"
        else:
            why = (error.strerror or str(error)).lower()
        if self.address.socket is not None:
            return Unreachable(
                f"the platform is out of reach from this run: {why}",
                "It may be starting or being upgraded: try again.",
            )
        return Unreachable(
            f"the platform at {self.address} is out of reach: {why}",
            "Check that the address is right, that the platform is running there (`make up`), and your network.",
        )

    def _lost(self, why: str) -> ConnectionLost:
        self.close()
        return ConnectionLost(
            f"the connection to the platform at {self.address} broke: {why}",
            "Check that the platform is running and your network, then try again.",
        )

    def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: Body | bytes) -> Response:
        length = len(body) if isinstance(body, bytes) else body.length
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.address.host_header}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if length or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {length}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        try:
            self._send(head, body)
        except OSError as error:
            # A server that refuses a large body answers and hangs up before it has read it all.
            try:
                return Response(self)
            except NightdeskError:
                raise self._lost((error.strerror or str(error)).lower()) from error
        except NightdeskError:
            self.close()  # the body could not be read; half a request has gone out
            raise
        return Response(self)

    def _send(self, head: bytes, body: Body | bytes) -> None:
        line = self._line()
        waiting = bytearray(head)  # head and a small body leave in one packet
        for piece in (body,) if isinstance(body, bytes) else body.pieces():
            waiting += piece
            if len(waiting) >= _PIECE:
                line.sendall(waiting)
                waiting.clear()
        line.sendall(waiting)

    def _line(self) -> socket.socket:
        if self._socket is None:
            raise self._lost("it is closed")
        return self._socket

    # What Response reads with. A TimeoutError leaves everything as it was, so reading can go on.

    def receive(self, seconds: float = ANSWER_SECONDS) -> bool:
        """Wait for more bytes; False when the server has closed the line. Raises TimeoutError, ConnectionLost."""
        data = self._received(_PIECE, seconds)
        self._buffer += data
        return bool(data)

    def _received(self, most: int, seconds: float) -> bytes:
        line = self._line()
        line.settimeout(seconds)
        try:
            return line.recv(most)
        except TimeoutError:
            raise
        except OSError as error:
            raise self._lost((error.strerror or str(error)).lower()) from error

    def into(self, room: memoryview, seconds: float = ANSWER_SECONDS) -> int:
        """As `some`, put into `room`; how many. Memory that is used again costs half of what new memory does."""
        if self._buffer:
            found = self.some(len(room), seconds)
            room[: len(found)] = found
            return len(found)
        line = self._line()
        line.settimeout(seconds)
        try:
            return line.recv_into(room)
        except TimeoutError:
            raise
        except OSError as error:
            raise self._lost((error.strerror or str(error)).lower()) from error

    def until(self, mark: bytes, seconds: float = ANSWER_SECONDS) -> bytes:
        """The bytes before the next `mark`, which is passed over."""
        searched = 0
        while (end := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                self.close()
                raise not_nightdesk(self.address, "its answer has no end")
            searched = max(0, len(self._buffer) - len(mark) + 1)
            if not self.receive(seconds):
                raise self._lost("the server closed it")
        found = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return found

    def some(self, most: int, seconds: float = ANSWER_SECONDS) -> bytes:
        """At least one and at most `most` bytes; none when the server has closed the line."""
        if not self._buffer:  # what nobody has to look through goes past the buffer
            return self._received(min(most, _LARGE_PIECE), seconds)
        found = bytes(self._buffer[:most])
        del self._buffer[:most]
        return found

    def ended_early(self) -> ConnectionLost:
        return self._lost("the answer ended in the middle")

    def silent(self, seconds: float) -> ConnectionLost:
        return self._lost(f"nothing came for {seconds:.0f} s")

    def release(self, *, keep: bool) -> None:
        """The answer was read to its end: keep the line for the next request, or close it."""
        if keep:
            self._idle = True
        else:
            self.close()


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
        most = _LARGE_PIECE if self._left is None else min(_LARGE_PIECE, self._left)
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
