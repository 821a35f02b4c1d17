"""Something between the worker and the engine that can keep what is asked, or what is answered, to itself."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CREATE = re.compile(rb"POST /[^ ]*containers/create\?[^ ]*name=([^& ]+)")
_PIECE = 1 << 16


class Hold:
    """Requests to make the container of this name: the first ``times`` of them hang until :meth:`release`."""

    def __init__(self, name: str, asked: bool, times: int) -> None:
        self.name = name
        self.asked = asked  # True: the engine hears of it at the release; False: it does at once, and nobody its answer
        self.left = times
        self.holds = threading.Event()
        self.released = threading.Event()

    def release(self) -> None:
        """Let everything through."""
        self.left = 0
        self.released.set()


class EngineProxy:
    """A socket that stands for the engine's."""

    def __init__(self, own: Path, engine: Path) -> None:
        self._engine = engine
        self._holds: dict[str, Hold] = {}
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(own))
        own.chmod(0o666)
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="engine-proxy", daemon=True).start()

    def hold(self, name: str, *, asked: bool, times: int = 1) -> Hold:
        """From now on; see :class:`Hold`."""
        hold = Hold(name, asked, times)
        with self._lock:
            self._holds[name] = hold
        return hold

    def close(self) -> None:
        """Let everything go, and listen no more."""
        for hold in self._holds.values():
            hold.release()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(str(self._engine))
                held: list[Hold] = []
                for way in (self._requests, self._answers):
                    threading.Thread(target=way, args=(client, engine, held), daemon=True).start()

    def _requests(self, client: socket.socket, engine: socket.socket, held: list[Hold]) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(_PIECE):
                hold = self._caught(piece)
                if hold is not None:
                    hold.holds.set()
                    if hold.asked:
                        hold.released.wait()
                    else:
                        held.append(hold)
                engine.sendall(piece)
            engine.shutdown(socket.SHUT_WR)

    def _answers(self, client: socket.socket, engine: socket.socket, held: list[Hold]) -> None:
        with contextlib.suppress(OSError):
            while piece := engine.recv(_PIECE):
                for hold in held:
                    hold.released.wait()
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        client.close()
        engine.close()

    def _caught(self, piece: bytes) -> Hold | None:
        asked = _CREATE.match(piece)
        if asked is None:
            return None
        with self._lock:
            hold = self._holds.get(asked[1].decode())
            if hold is None or not hold.left:
                return None
            hold.left -= 1
            return hold


@contextmanager
def between(own: Path, engine: Path) -> Iterator[EngineProxy]:
    """A proxy at ``own`` until the block ends."""
    proxy = EngineProxy(own, engine)
    try:
        yield proxy
    finally:
        proxy.close()
