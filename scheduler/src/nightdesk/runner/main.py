"""From the job to the `finished` event."""

from __future__ import annotations

import os
import sys

from . import CONTRACT, job, storage
from .events import Events
from .job import Job
from .masks import Masks
from .outcome import EXIT_CODES, BadJob, Outcome, error
from .signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .execute import NotebookRun
    from .metrics import Metrics
    from .script import ScriptRun


def main(root: str) -> int:
    """Run the job under `root`; returns the exit code."""
    masks = Masks(_private_file())
    events = Events(masks)
    signals = Signals()
    try:
        work = job.read(root)
        _prepare(root, work)
        run = _run_notebook if work.kind == "notebook" else _run_script
        return run(work, events, signals)
    except BadJob as problem:
        outcome = Outcome("bad_job", str(problem), error("BadJob", str(problem)))
    except Exception as problem:  # noqa: BLE001 - the edge of the program: recorded and reported
        outcome = _broken(problem)
    finally:
        storage.remove(masks.path)
    return _finish(events, os.path.join(root, "result"), outcome)


def _prepare(root: str, work: Job) -> None:
    """Folders and environment, for where the platform has not set them."""
    for folder in (work.out, work.result):
        os.makedirs(folder, exist_ok=True)
    os.environ.setdefault("NIGHTDESK_JOB", os.path.join(root, "in", "job.json"))
    os.environ.setdefault("NIGHTDESK_OUTPUT_DIR", work.out)
    if work.scheduled_at:  # for what is not Python; there it is nightdesk.run.scheduled_at
        os.environ.setdefault("NIGHTDESK_SCHEDULED_AT", work.scheduled_at)
    os.environ.setdefault("NIGHTDESK_METRICS", os.path.join(work.result, "metrics.jsonl"))


def _private_file() -> str:
    """Where the code's side notes what is to be masked: in memory, and nothing that is brought home."""
    folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    path = os.environ.setdefault(
        "NIGHTDESK_MASKS", os.path.join(folder, f".nightdesk-masks-{os.urandom(8).hex()}")
    )
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        pass  # whoever wants to note something is told
    return path


def _metrics(events: Events) -> Metrics:
    from .metrics import Metrics

    return Metrics(os.environ["NIGHTDESK_METRICS"], events)


def _run_notebook(work: Job, events: Events, signals: Signals) -> int:
    from .kernel import Kernel
    from .kernelspec import find

    kernel = Kernel(find(work.kernel or ""), work.path)
    try:
        # Only now the rest, zmq above all: the kernel boots meanwhile.
        from .execute import NotebookRun

        run = NotebookRun(work, kernel, events, signals, _metrics(events))
        events.emit("started", contract=CONTRACT, cells=len(run.notebook.cells), kernel=work.kernel)
        return _execute(run, kernel.pid, work, events)
    finally:
        kernel.kill()


def _run_script(work: Job, events: Events, signals: Signals) -> int:
    from .script import ScriptRun

    run = ScriptRun(work, events, signals, _metrics(events))
    events.emit("started", contract=CONTRACT, cells=0, kernel=None)
    return _execute(run, run.pid, work, events)


def _execute(run: NotebookRun | ScriptRun, pid: int, work: Job, events: Events) -> int:
    try:
        outcome = run.execute()
    except Exception as problem:  # noqa: BLE001 - as above, and what was done so far counts
        outcome = _broken(problem)
    code = _finish(events, work.result, outcome, run.cells_done, pid)
    run.close()
    return code


def _finish(
    events: Events, folder: str, outcome: Outcome, cells_done: int = 0, pid: int | None = None
) -> int:
    """Leave the result: first the file, then the event."""
    from .memory import peak_bytes
    from .processor import seconds_used

    record = events.record(
        "finished",
        outcome=outcome.name,
        reason=outcome.reason,
        error=outcome.error,
        cells_done=cells_done,
        peak_memory_bytes=peak_bytes(pid),
        cpu_seconds=seconds_used(pid),
    )
    if events.masks.masked:
        record["masked"] = True
    import json

    try:
        storage.replace(os.path.join(folder, "result.json"), [json.dumps(record).encode("ascii")])
    except OSError as problem:
        if outcome.name == "succeeded":
            outcome = _broken(problem)
            record.update(outcome=outcome.name, reason=outcome.reason, error=outcome.error)
    events.send(record)
    events.end()
    return EXIT_CODES[outcome.name]


def _broken(problem: Exception) -> Outcome:
    """The runner itself could not go on."""
    if isinstance(problem, OSError) and storage.is_full(problem):
        return Outcome("storage_full", f"storage is full: {problem}")
    import traceback

    traceback.print_exc(file=sys.stderr)
    reason = f"the runner failed: {type(problem).__name__}: {problem}. Please tell your administrator."
    return Outcome("bad_job", reason, error(type(problem).__name__, str(problem)))
