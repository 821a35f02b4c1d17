"""A ledger outside every run: what code writes there stays, whatever happens to its container.

It is a small HTTP server of the tests' own on this machine, which containers of runs reach through the
address of the engine's default bridge. A process of user code that begins says so before it does anything
else, under a name that it has just made up: the same attempt begun twice is two names.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .platform import bridge_address

BEGAN, ENDED = "began", "ended"

# The first cell of a ledger notebook. The ledger may be out of reach for a moment (networks are made anew
# when an engine restarts), so it is asked again under the same name: a line heard twice counts once.
_FIRST = """
import os, pathlib, time, urllib.request, uuid
run, attempt, process = os.environ["NIGHTDESK_RUN_ID"], os.environ["NIGHTDESK_ATTEMPT"], uuid.uuid4().hex
_ledger = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def ask_ledger(*words, tries=12):
    for number in range(tries):
        try:
            with _ledger.open("/".join(["LEDGER", *words]), data=b"", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(min(0.1 * 2 ** number, 5))
    raise RuntimeError("the ledger does not answer")

ask_ledger("began", run, attempt, process)
with (pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"]) / "ledger.txt").open("a") as ledger:
    ledger.write(f"{run} {attempt}\\n")
print("holding", flush=True)
"""
# Goes on, saying that it lives, until the test opens the gate.
_HOLD = """
gate, ticks = "closed", 0
while gate != "open":
    gate = ask_ledger("gate", run, attempt, process, tries=100)
    time.sleep(0.1)
    ticks += 1
    if ticks % 10 == 0:
        print(f"tick {ticks // 10}", flush=True)
"""
_LAST = """
print("let go", flush=True)
ask_ledger("ended", run, attempt, process)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What one process of user code said."""

    what: str
    run: str
    attempt: int
    process: str
    at: float  # monotonic


class Ledger:
    """Lines in the order in which they came. Any thread may read."""

    def __init__(self, address: str) -> None:
        # By their words: one that is heard a second time, because the answer was lost, is the same.
        self._lines: dict[tuple[str, ...], Line] = {}
        self._gates: set[str] = set()
        self._lock = threading.Lock()
        self._secret = secrets.token_urlsafe(8)
        self._server = _Server((address, 0), self)
        # The interval is how long close() may take.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="ledger", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where containers of runs find it."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/{self._secret}"

    def first(self) -> str:
        """The cell with which a ledger notebook begins; ``run``, ``attempt`` and ``os`` are there after it."""
        return _FIRST.replace("LEDGER", self.url)

    def hold(self) -> str:
        """The cell that waits for :meth:`open_gate`."""
        return _HOLD

    def last(self) -> str:
        """The cell with which one ends."""
        return _LAST

    def lines(self, run: str) -> list[Line]:
        """What was said of a run."""
        with self._lock:
            return [line for line in self._lines.values() if line.run == run]

    def begun(self, run: str) -> list[Line]:
        """Each process that began to run this run's code."""
        return [line for line in self.lines(run) if line.what == BEGAN]

    def ended(self, run: str) -> list[Line]:
        """Each process that came to the end of it."""
        return [line for line in self.lines(run) if line.what == ENDED]

    def open_gate(self, run: str) -> None:
        """Let a run come to its end."""
        with self._lock:
            self._gates.add(run)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def hear(self, path: str) -> str | None:
        """One request; the answer, None where it is none of ours."""
        secret, _, rest = path.strip("/").partition("/")
        words = rest.split("/")
        if secret != self._secret or len(words) != 4 or not words[2].isdigit():
            return None
        what, run, attempt, process = words
        with self._lock:
            if what == "gate":
                return "open" if run in self._gates else "closed"
            self._lines.setdefault(tuple(words), Line(what, run, int(attempt), process, time.monotonic()))
        return "written"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], ledger: Ledger) -> None:
        self.ledger = ledger
        super().__init__(address, _Page)


class _Page(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_POST(self) -> None:
        try:
            answer = self.server.ledger.hear(self.path)
            body = (answer or "").encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # the container is gone; what it said is written down

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: what counts is in the lines."""


@contextmanager
def listening(address: str | None = None) -> Iterator[Ledger]:
    """A ledger, until the block ends."""
    ledger = Ledger(address or bridge_address())
    try:
        yield ledger
    finally:
        ledger.close()
