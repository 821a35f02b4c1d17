"""``python -m nightdesk.server.web``: serve on port 8080, with two processes where there are two processors.

Checking what somebody hands over is computing, and Python computes on one processor at a time. One more serves the gate
that runs reach: whatever their code does there, people's pages answer. This process only looks after the others: when
one ends they all do, and the engine starts the container again.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType

from nightdesk.server.web import gate

_PORT, _BACKLOG = 8080, 2048
_PROCESSES = 2
_LEAVE_SECONDS = 5


def main() -> int:
    """Serve until SIGTERM; the exit code of whichever process ended first."""
    if "TMPDIR" in os.environ:  # large uploads wait there, not in memory
        Path(os.environ["TMPDIR"]).mkdir(parents=True, exist_ok=True)
    count = min(_PROCESSES, os.cpu_count() or 1)
    # One socket for all: whoever has nothing to do takes the next connection.
    with socket.create_server(("0.0.0.0", _PORT), backlog=_BACKLOG) as door:  # noqa: S104 - behind the proxy
        processes = [_serving(door) for _ in range(count)]
    with gate.listen(Path(os.environ.get("NIGHTDESK_GATE", gate.SOCKET))) as door:
        processes.append(_serving(door, gate.ARGUMENT))

    def leave(_number: int = signal.SIGTERM, _frame: FrameType | None = None) -> None:
        for process in processes:
            process.terminate()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    ended = next((process for process in processes if process.poll() is not None), processes[0])
    leave()
    for process in processes:
        try:
            process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return abs(ended.wait())


def _serving(door: socket.socket, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nightdesk.server.web.process", str(door.fileno()), *arguments]
    return subprocess.Popen(command, pass_fds=[door.fileno()])


if __name__ == "__main__":
    sys.exit(main())
