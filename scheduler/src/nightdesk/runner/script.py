"""Running a script: its interpreter as a child, parameters as `--name=value`."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import time

from .events import Events
from .job import Job
from .limits import Allowance, Quota
from .metrics import Metrics
from .outcome import BadJob, Outcome, error, how_it_ended
from .process import Process
from .signals import Signals
from .streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .document import Cell

LEFT_OVER_SECONDS = 0.5
# What a script is told when the run is asked to stop, and after how many seconds.
STOPS = ((0.0, signal.SIGINT), (1.5, signal.SIGTERM), (3.0, signal.SIGKILL))
# Of a Python traceback, or alone at the end of one without a header (a syntax error).
RAISED = re.compile(
    r"([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Iteration|Group))(?::\s*(.*))?$"
)
AFTER_TRACEBACK = re.compile(r"([A-Za-z_][\w.]*)(?::\s*(.*))?$")
R_ERROR = re.compile(r"Error(?: in .*?)?\s*:\s*(.*)$")


class ScriptRun:
    """One execution of one script. Raises BadJob when it cannot be started."""

    def __init__(self, job: Job, events: Events, signals: Signals, metrics: Metrics) -> None:
        self.cells_done = 0
        self._events = events
        self._signals = signals
        self._metrics = metrics
        self._allowance = Allowance(Quota(job.run_stream_bytes, "in this run"))
        self._streams = Streams(self._deliver, job.line_bytes, events.masks)
        self._process = _start(job)

    @property
    def pid(self) -> int:
        return self._process.pid

    def execute(self) -> Outcome:
        """Follow the script to its end."""
        poll = select.poll()
        poll.register(self._signals.fd, select.POLLIN)
        for pipe in self._process.pipes:
            poll.register(pipe.fd, select.POLLIN)
        stops = list(STOPS)
        asked = left_over = 0.0
        while any(pipe.open for pipe in self._process.pipes) or not self._process.ended():
            now = time.monotonic()
            if self._process.ended():  # a process that it left behind may hold the pipes open for ever
                left_over = left_over or now + LEFT_OVER_SECONDS
                if now >= left_over:
                    break
            if self._signals.terminated and stops:
                asked = asked or now
                if now >= asked + stops[0][0]:
                    self._process.signal(stops.pop(0)[1])
            until = min(self._metrics.due, self._streams.due, now + 0.1 if asked or left_over else now + 1.0)
            poll.poll(max(0.0, until - now) * 1000)
            self._signals.clear()
            self._relay(poll)
        self._streams.flush()
        self._metrics.read()
        return self._judge(asked > 0)

    def _relay(self, poll: select.poll) -> None:
        for pipe in self._process.pipes:
            if pipe.open:
                self._streams.write(None, pipe.name, pipe.read())
                if not pipe.open:
                    poll.unregister(pipe.fd)
        self._streams.flush_due()
        if time.monotonic() >= self._metrics.due:
            self._metrics.read()

    def _deliver(self, _cell: Cell | None, name: str, text: str) -> None:
        text = self._allowance.take(text)
        if text:
            self._events.emit("stream", cell=None, name=name, text=text)

    def _judge(self, asked_to_stop: bool) -> Outcome:
        status = self._process.status or 0
        if asked_to_stop:
            return Outcome("terminated", "asked to stop while the script was running")
        if status == 0:
            return Outcome("succeeded")
        how = how_it_ended(status)
        kind, message, lines = explain(self._events.masks.text(self._process.stderr.tail))
        if not kind:
            kind, message = (
                ("Killed" if os.WIFSIGNALED(status) else "ExitCode"),
                f"the script ended with {how}",
            )
        return Outcome(
            "code_failed",
            f"the script ended with {how}: {kind}: {message[:500]}",
            error(kind, message, None, lines),
        )

    def close(self) -> None:
        """End what it left behind in its process group."""
        self._process.signal(signal.SIGKILL)


def _start(job: Job) -> Process:
    name = os.path.basename(job.path)
    argv = [*job.interpreter, "./" + name if name.startswith("-") else name, *arguments(job.parameters)]
    env = dict(os.environ)
    env.setdefault("PYTHONUNBUFFERED", "1")  # or a log would show nothing until the end
    try:
        return Process(argv, env, job.folder)
    except FileNotFoundError as problem:
        raise BadJob(f"this environment has no {job.interpreter[0]!r} to run {name} with") from problem
    except ValueError as problem:
        raise BadJob(f"a parameter cannot be given to a script: {problem}") from problem
    except OSError as problem:
        hint = "; read long ones from nightdesk.run.parameters instead" if problem.errno == 7 else ""
        raise BadJob(f"the script cannot be started: {problem.strerror}{hint}") from problem


def arguments(parameters: dict[str, Any]) -> list[str]:
    """`--name=value` a parameter: text as it is, anything else as JSON (`true`, `null`, `[1, 2]`)."""
    return [
        f"--{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in parameters.items()
    ]


def explain(stderr: str) -> tuple[str, str, list[str]]:
    """Type, message and traceback of the error at the end of what a script wrote; empty when there is none."""
    lines = stderr.rstrip().splitlines()
    starts = [
        number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")
    ]
    if starts:
        for number in range(starts[-1] + 1, len(lines)):
            found = AFTER_TRACEBACK.match(lines[number])
            if found:
                return found[1], _message(found[2], lines[number + 1 :]), lines[starts[-1] :]
    if lines and lines[-1].strip() == "Execution halted":
        for number in range(len(lines) - 1, -1, -1):
            found = R_ERROR.match(lines[number])
            if found:
                rest = [line.strip() for line in lines[number + 1 : -1] if not line.startswith("Calls:")]
                return "Error", _message(found[1], rest), lines[number:]
    found = RAISED.match(lines[-1]) if lines else None
    return (found[1], found[2] or "", lines[-10:]) if found else ("", "", lines[-10:])


def _message(first: str | None, rest: list[str]) -> str:
    return "\n".join([first or "", *rest]).strip()
