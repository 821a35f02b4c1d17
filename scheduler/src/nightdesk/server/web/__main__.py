"""``python -m nightdesk.server.web``: serve on port 8080, with two processes where there are two processors.

Checking what somebody hands over is computing, and Python computes on one processor at a time. One more serves the gate
that runs reach: whatever their code does there, people's pages answer. A fourth forks those that render. This process
only looks after the others: when one ends they all do, and the engine starts the container again.

The others are forks of this one, which has imported everything and opened nothing: what they all need is in memory once
(decision 28).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.web import gate, process
from nightdesk.server.web.forker import forker

_PORT, _BACKLOG = 8080, 2048
_PROCESSES = 2
_LEAVE_SECONDS = 5
_LEAVING = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Serve until SIGTERM; the exit code of whichever process ended first."""
    if "TMPDIR" in os.environ:  # large uploads wait there, not in memory
        Path(os.environ["TMPDIR"]).mkdir(parents=True, exist_ok=True)
    count = min(_PROCESSES, os.cpu_count() or 1)
    # In a process of its own, with which goes what it took of memory.
    first = _forked(process.prepare)
    first.join()
    if first.exitcode:
        return abs(first.exitcode)
    platform = process.shared()
    gc.collect()
    gc.freeze()  # a collection writes to everything that it looks at, and each would have a copy of it again
    renderers = forker.start()  # before there are doors
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEAVING)  # until it is known whom to tell
    # One socket for all: whoever has nothing to do takes the next connection.
    with (
        socket.create_server(("0.0.0.0", _PORT), backlog=_BACKLOG) as front,  # noqa: S104 - behind the proxy
        gate.listen(Path(os.environ.get("NIGHTDESK_GATE", gate.SOCKET))) as back,
    ):
        processes: list[BaseProcess] = [_serving(platform, front, back, at_gate=False) for _ in range(count)]
        processes.append(_serving(platform, back, front, at_gate=True))
    forker.leave()
    processes.append(renderers)

    def leave(_number: int = signal.SIGTERM, _frame: FrameType | None = None) -> None:
        for each in processes:
            each.terminate()

    for number in _LEAVING:
        signal.signal(number, leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEAVING)
    over = wait([each.sentinel for each in processes])
    ended = next(each for each in processes if each.sentinel in over)
    leave()
    for each in processes:
        each.join(_LEAVE_SECONDS)
        if each.is_alive():
            each.kill()
            each.join()
    return abs(ended.exitcode or 0)


def _serving(
    platform: Callable[[], WebPlatform], door: socket.socket, other: socket.socket, at_gate: bool
) -> ForkProcess:
    def serve() -> int:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEAVING)
        other.close()  # nobody comes in at two of them
        if at_gate:
            forker.leave()
        return process.serve(platform, door, at_gate)

    return _forked(serve)


def _forked(work: Callable[[], int]) -> ForkProcess:
    made = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(work()))
    made.start()
    return made


if __name__ == "__main__":
    sys.exit(main())
