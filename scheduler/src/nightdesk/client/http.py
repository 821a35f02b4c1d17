"""One HTTP/1.1 connection that is kept open, by hand over a socket.

The standard library's http.client pulls in the e-mail parser and TLS at import, which doubles the time
`nightdesk submit` needs before its request is on the way; and it cannot go on reading after a timeout,
which following a run needs (the display moves on while the run is quiet).
"""

from __future__ import annotations

import errno
import selectors
import socket

from nightdesk.client.errors import ConnectionLost, NightdeskError, Unreachable
from nightdesk.client.moving import can_move, write
from nightdesk.client.response import ANSWER_SECONDS, LARGE_PIECE, Response, not_nightdesk

TYPE_CHECKING = False  # importing typing for its constant of this name costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from nightdesk.client.address import Address
    from nightdesk.client.moving import Pipe

    class Body(Protocol):
        """A request body of known length that can be sent again from its start."""

        length: int

        def pieces(self) -> Iterator[bytes]: ...


_PIECE = 1 << 16
_HEAD_LIMIT = 1 << 16
CONNECT_SECONDS = 10.0


class Connection:
    """One connection to one address; not for use by several threads at a time."""

    def __init__(self, address: Address, patience: float = CONNECT_SECONDS) -> None:
        self.address = address
        self._patience = patience  # seconds
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
            opened = socket.create_connection((host, address.port), timeout=self._patience)  # type: ignore[arg-type]
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
            why = f"no answer within {self._patience:.0f} s"
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

    def moves(self) -> bool:
        """Whether `move` can be asked for: not of what is encrypted on its way."""
        return can_move() and type(self._socket) is socket.socket

    def move(self, pipe: Pipe, file: int, most: int, seconds: float = ANSWER_SECONDS) -> int:
        """As `into`, put to where a file stands; how many. Raises OSError of the file as well."""
        if self._buffer:
            return write(file, self.some(most, seconds))
        line = self._line()
        line.settimeout(seconds)
        try:
            count = _when_there(line, seconds, lambda: pipe.take(line.fileno(), most))
        except TimeoutError:
            raise
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOSYS):  # a system that cannot
                return write(file, self.some(most, seconds))
            raise self._lost((error.strerror or str(error)).lower()) from error
        pipe.give(file, count)
        return count

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
            return self._received(min(most, LARGE_PIECE), seconds)
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


def _when_there(line: socket.socket, seconds: float, take: Callable[[], int]) -> int:
    """What `take` takes off a line that does not wait by itself. Raises TimeoutError."""
    while True:
        try:
            return take()
        except BlockingIOError:
            with selectors.DefaultSelector() as waiting:
                waiting.register(line, selectors.EVENT_READ)
                if not waiting.select(seconds):
                    raise TimeoutError from None
