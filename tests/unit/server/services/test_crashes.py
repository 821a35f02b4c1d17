"""A worker is killed at every point of a run's way in turn; the next one finishes the run.

For each story the worker dies at its first call of a port, at its second, and so on until it is through
without dying. (Before a call is what it is after the one before; the first story does both.) However it
died: each attempt's code was started once, one final status was written down, no line of the log is
doubled or lost, and the outputs are whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.services import supervise as subject
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.sweep import tidy

from ..workbench import Bench, two_cells
from .crashing import Crash, Fuse
from .watching import care, keeping

pytestmark = [pytest.mark.usefixtures("quick", "every_line_counts"), pytest.mark.fault(1)]
MOMENTS = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])


@pytest.fixture
def every_line_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each printed line is put on record by itself, so that there are the same calls each time."""
    monkeypatch.setattr(subject, "_FLUSH_PIECES", 1)
    monkeypatch.setattr(threading, "excepthook", _quiet)


def _quiet(arguments: Any) -> None:
    """A thread of a process that is gone says nothing."""
    if not isinstance(arguments.exc_value, Crash):
        threading.__excepthook__(arguments)


def die_at_every_call(
    benches: Callable[..., Bench],
    story: Callable[[Bench], Run],
    before: bool,
    check: Callable[[Bench, Run], None],
    kept: bool = False,
) -> list[str]:
    """Let the first worker die at its n-th call, the second one finish; for every n. The calls of the last time."""
    for at in itertools.count(1):
        bench = benches()
        run = story(bench)
        fuse = Fuse(at, before)
        with contextlib.suppress(Crash):
            supervise(Supervisor(fuse.parts(bench), "first"), run, fuse, kept)
        died = fuse.calls[-1] if fuse.blown.is_set() else "never"
        try:
            for number in range(4):
                if bench.run(run).final:
                    break
                supervise(Supervisor(bench.parts, f"next-{number}"), run, None, kept)
            tidy(bench.records, bench.engine, bench.folders)
            check(bench, bench.run(run))
        except BaseException as error:
            error.add_note(f"the worker died {'before' if before else 'after'} call {at}, {died}")
            raise
        bench.close()
        if died == "never":
            return fuse.calls
    raise AssertionError


def supervise(supervisor: Supervisor, run: Run, fuse: Fuse | None, kept: bool) -> None:
    """As a worker does it, ``kept`` with its keeper; returns as soon as the process is dead."""
    if not kept:
        care(supervisor, run)
        return
    over = threading.Event()

    def body() -> None:
        try:
            care(supervisor, run)
        finally:
            over.set()

    with keeping(supervisor):
        threading.Thread(target=body, daemon=True).start()
        while not over.wait(0.002):
            if fuse is not None and fuse.blown.is_set():
                return


def once(bench: Bench, run: Run, status: str, attempts: int = 1, log: str | None = None) -> None:
    """What holds however the worker died."""
    assert bench.endings(run) == [status], bench.history(run)
    assert bench.engine.starts == [(run.id, attempt + 1) for attempt in range(attempts)]
    assert bench.engine.creates == bench.engine.starts
    assert bench.engine.all() == []
    assert bench.folders.attempts() == []
    assert (run.status, run.worker) == (status, None)
    assert run.finished_at is not None
    assert run.reason
    assert not [key for key in bench.stored() if key.endswith(".part")]
    if log is not None:
        assert bench.log(run) == log
        assert bench.output(run, "log.txt").decode() == log
    outputs = bench.records.outputs([run.id])[run.id]
    for output in outputs:
        content = bench.output(run, output.name)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (output.size, output.sha256)
    if attempts:
        names = {output.name for output in outputs}
        assert names == {"log.txt", "manifest.json", "notebook.ipynb", f"table-{run.attempt}.csv"}
        manifest = json.loads(bench.output(run, "manifest.json"))
        assert manifest["status"] == status
        assert {entry["name"] for entry in manifest["outputs"]} == names - {"manifest.json"}


@MOMENTS
def test_success(benches: Callable[..., Bench], before: bool) -> None:
    def check(bench: Bench, run: Run) -> None:
        once(bench, run, "succeeded", log="this is cell 1\nthis is cell 2\n")
        assert (run.cell, run.cells) == (2, 2)
        assert len(json.loads(bench.output(run, "manifest.json"))["metrics"]) == 1

    calls = die_at_every_call(benches, lambda bench: bench.submit(), before, check)
    ports = {call.split(".")[0] for call in calls}
    assert ports == {"records", "engine", "store", "folders", "bell"}
    assert len(calls) >= 35, "every point means: not only a few"


def test_the_second_attempt_succeeds(benches: Callable[..., Bench]) -> None:
    def story(bench: Bench) -> Run:
        def play(stage: Stage) -> Exit:
            if stage.run.attempt > 1:
                return two_cells(stage)
            stage.event("started", cells=2)
            stage.event("stream", cell=1, name="stdout", text="not this time\n")
            stage.event("finished", outcome="code_failed", reason="it failed")
            return Exit(1)

        bench.play = play
        return bench.submit(retries=1)

    def check(bench: Bench, run: Run) -> None:
        once(bench, run, "succeeded", attempts=2, log="this is cell 1\nthis is cell 2\n")
        assert run.attempt == 2
        with bench.store.open(f"runs/{run.id}/1/outputs/log.txt") as file:
            assert file.read() == b"not this time\n"
        with bench.store.open(f"runs/{run.id}/1/outputs/table-1.csv") as file:
            assert file.read() == b"attempt,1\n"

    die_at_every_call(benches, story, True, check)


def stopped(stage: Stage) -> Exit:
    """Ends on SIGTERM as the runner does."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="working\n")
    stage.wait_for_sigterm()
    stage.event("finished", outcome="terminated")
    return Exit(143)


def test_cancelled(benches: Callable[..., Bench]) -> None:
    def story(bench: Bench) -> Run:
        def play(stage: Stage) -> Exit:
            bench.records.request_cancel(stage.run.id, "ada")
            return stopped(stage)

        bench.play = play
        return bench.submit()

    die_at_every_call(
        benches, story, True, lambda bench, run: once(bench, run, "cancelled", log="working\n"), kept=True
    )


def test_timed_out(benches: Callable[..., Bench]) -> None:
    def story(bench: Bench) -> Run:
        def play(stage: Stage) -> Exit:
            bench.set_runs(started_uptime=bench.records.uptime() - 3601)
            return stopped(stage)

        bench.play = play
        return bench.submit(timeout_seconds=3600)

    die_at_every_call(
        benches, story, True, lambda bench, run: once(bench, run, "timed_out", log="working\n"), kept=True
    )


def test_an_image_that_is_missing(benches: Callable[..., Bench]) -> None:
    def story(bench: Bench) -> Run:
        bench.engine.images = set()
        return bench.submit()

    die_at_every_call(benches, story, True, lambda bench, run: once(bench, run, "failed", attempts=0))


@pytest.mark.parametrize("seed", range(12))
def test_one_worker_after_the_other_dies(benches: Callable[..., Bench], seed: int) -> None:
    """Not one death but many, at points that differ from time to time."""
    bench = benches()
    run = bench.submit()
    for turn in range(40):
        if bench.run(run).final:
            break
        fuse = Fuse(1 + (seed * 7 + turn * 5) % 23 + turn // 2, before=(seed + turn) % 2 == 0)
        with contextlib.suppress(Crash):
            supervise(Supervisor(fuse.parts(bench), f"worker-{turn}"), run, fuse, kept=seed % 2 == 0)
    tidy(bench.records, bench.engine, bench.folders)
    once(bench, bench.run(run), "succeeded", log="this is cell 1\nthis is cell 2\n")
