"""Where processes that render come from: one that has imported what they need, and forks another whenever it is asked to.

To import it takes a third of a second, and many seconds on a machine that is busy; a fork is there at once, and has in
common with the others what it does not change. It is imported when somebody looks at a run, who may read its notebook next:
where nobody does, it takes no memory. Whoever asks gets a pipe to the new process and a handle by which it can be ended.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import select
import signal
import socket
import struct
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from nightdesk.server.services.drawing_room import serve
from nightdesk.server.services.rendering import warm

_WISH = struct.Struct("!Q")  # bytes of memory that it may have; 0: none is wanted yet
_START_SECONDS = 120.0  # where the imports are still being done
_END_SECONDS = 5.0


class Worker:
    """A process that renders: its pipe, and its end."""

    def __init__(self, pipe: Connection, handle: int) -> None:
        self.pipe = pipe
        self._handle = handle

    @property
    def alive(self) -> bool:
        """Whether it has not ended by itself."""
        return not self._over(0)

    def end(self) -> None:
        """End it whatever it does."""
        self.pipe.close()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self._over(_END_SECONDS)
        os.close(self._handle)

    def _over(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


class Forker:
    """The one that forks, as its clients see it: any process that has inherited this may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._door: socket.socket | None = None
        self._expecting = False
        self._process: BaseProcess | None = None

    def start(self, method: str = "fork") -> BaseProcess:
        """Start it; as a fork of this process where that has no threads yet."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        not_theirs = ours if method == "fork" else None  # it has to see that nobody is left who could ask
        context = multiprocessing.get_context(method)
        process: BaseProcess = context.Process(  # type: ignore[attr-defined]
            target=_fork_when_asked, args=(theirs, not_theirs), name="renderers", daemon=True
        )
        process.start()
        theirs.close()
        self._door, self._process = ours, process
        return process

    def leave(self) -> None:
        """This process asks for nothing any more."""
        if self._door is not None:
            self._door.close()
            self._door = None

    def expect(self) -> None:
        """Somebody will soon ask: let it import what is needed."""
        with self._lock, contextlib.suppress(OSError):  # who asks will see
            if self._door is not None and not self._expecting:
                self._expecting = True
                self._door.send(_WISH.pack(0))

    def worker(self, memory: int) -> Worker:
        """A new one that may have so many bytes.

        Raises:
            OSError: there is none.
        """
        with self._lock:
            if self._door is None:
                self.start("spawn")
            try:
                return self._asked(memory)
            except ConnectionError:  # the one that forks is gone
                self.leave()
                self.start("spawn")
                return self._asked(memory)

    def _asked(self, memory: int) -> Worker:
        assert self._door is not None  # noqa: S101 - for the type checker
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._door, [_WISH.pack(memory)], [theirs.fileno()])
            ours.settimeout(_START_SECONDS)
            _, handles, _, _ = socket.recv_fds(ours, 1, 1)
            if not handles:
                raise ConnectionError("no process was made")
            ours.settimeout(None)
            return Worker(Connection(ours.detach()), handles[0])


forker = Forker()
"""This process's, and that of all its forks."""


def _fork_when_asked(door: socket.socket, not_ours: socket.socket | None) -> None:
    """Until nobody is left who could ask."""
    if not_ours is not None:
        not_ours.close()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked looks after them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready = False
    while True:
        wish, pipes, _, _ = socket.recv_fds(door, _WISH.size, 1)
        if not wish:
            return
        if not ready:
            warm()
            gc.collect()
            gc.freeze()  # a collection in a fork writes to nothing that they have in common
            ready = True
        (memory,) = _WISH.unpack(wish)
        if not memory:
            continue
        process = os.fork()
        if not process:
            _render(door, pipes[0], memory)
        with socket.socket(fileno=pipes[0]) as pipe, contextlib.suppress(OSError):
            handle = os.pidfd_open(process)
            try:
                socket.send_fds(pipe, [b"."], [handle])
            finally:
                os.close(handle)


def _render(door: socket.socket, pipe: int, memory: int) -> None:
    """What a fork does, all its life."""
    try:
        door.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        serve(Connection(pipe), memory)
    finally:
        os._exit(0)
