"""What runs take is looked at, kept in steps that grow with the run, and held to the limits; no look harms a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from nightdesk.server.domain.errors import EngineError, Unavailable
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import MOST_FILES, Run, RunError, Status
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.ports.engine import Sample
from nightdesk.server.ports.records import Usage
from nightdesk.server.services.sampling import Sampler
from nightdesk.server.services.watch import Parts, Watch

from ..workbench import Bench, two_cells
from .watching import Worker, care, running, until

pytestmark = pytest.mark.usefixtures("quick")
MB = 2**20


def patient(stage: Stage) -> Exit:
    """Goes on when the test says so, and ends on SIGTERM as the runner does."""
    stage.event("started", cells=2)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


def polite(stage: Stage) -> Exit:
    """Ends when it is asked to."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for_sigterm()
    stage.event("finished", outcome="terminated", reason="terminated")
    return Exit(143)


class Going:
    """A run in the middle of its work, a sampler that looks at it, and the time as the test says."""

    def __init__(self, bench: Bench, parts: Parts | None = None) -> None:
        self.bench = bench
        self.time = 1000.0
        self.run = bench.submit()
        self.supervisor = bench.supervisor()
        self.worker = Worker(self.supervisor, self.run)
        running(bench, self.run, "waiting\n")
        until(lambda: self.watch.container is not None, "its container is known")
        self.sampler = Sampler(parts or bench.parts, lambda: self.time)
        self.look()  # the first one only notes that the run is there

    @property
    def watch(self) -> Watch:
        """The worker's care for it."""
        return self.supervisor.watches()[0]

    def look(
        self, cpu_seconds: float = 0.0, memory: int = 0, after: float = 0.0, paused: bool = False
    ) -> None:
        """Time passes, then the sampler looks; this is what it sees."""
        self.time += after
        self.bench.engine.stage(self.run).takes = Sample(cpu_seconds, memory, paused)
        self.sampler.sample(self.supervisor.watches())

    def kept(self) -> list[Usage]:
        """What is on record, without its times."""
        return [replace(sample, at=0.0) for sample in self.bench.records.usage(self.bench.run(self.run))]

    def end(self) -> Run:
        """The run when it is over."""
        self.bench.engine.stage(self.run).cue("go")
        self.worker.join()
        return self.bench.run(self.run)


@pytest.fixture
def going(bench: Bench) -> Iterator[Going]:
    bench.play = patient
    made = Going(bench)
    yield made
    if made.worker.busy:
        made.end()


def test_cores_are_counted_between_two_samples_and_memory_at_its_highest(going: Going) -> None:
    going.look(cpu_seconds=5.0, memory=100 * MB, after=2)
    assert going.kept() == [], "how many cores are in use takes two looks to say"
    going.look(cpu_seconds=6.0, memory=300 * MB, after=1)
    going.look(cpu_seconds=6.5, memory=200 * MB, after=1)
    assert going.kept() == [Usage(0.0, 0.75, 300 * MB, _disk(going))]
    going.look(cpu_seconds=6.5, memory=200 * MB, after=2)
    assert going.kept()[1:] == [Usage(0.0, 0.0, 200 * MB, _disk(going))]
    latest = going.bench.records.latest_usage(going.bench.run(going.run))
    assert latest is not None
    assert latest.memory_bytes == 200 * MB


def test_who_watches_the_run_is_woken(going: Going) -> None:
    going.look(after=2)
    going.bench.bell.changes.clear()
    going.look(after=2)
    assert going.run.id in going.bench.bell.changes


def test_the_longer_a_run_takes_the_longer_the_steps(bench: Bench) -> None:
    kept: list[float] = []

    class Noting:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.records, name)

        def add_usage(self, *_: object) -> None:
            kept.append(going.time - 1000)

    bench.play = patient
    going = Going(bench, replace(bench.parts, records=Noting()))  # type: ignore[arg-type]
    for _ in range(12 * 3600 // 2):
        going.look(after=2)
    going.end()
    assert kept[:3] == [4, 6, 8]
    assert 400 < kept[-1] - kept[-2] < 440
    assert 550 < len(kept) < 700


def test_a_run_that_is_over_at_the_second_look_costs_the_engine_nothing(bench: Bench) -> None:
    asked: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(bench.engine, name)

    bench.play = patient
    going = Going(bench, replace(bench.parts, engine=Counting()))  # type: ignore[arg-type]
    assert asked == []
    watches = going.supervisor.watches()
    going.end()
    going.sampler.sample(watches)
    assert going.kept() == []


def test_an_engine_that_does_not_answer_is_told_of_once_and_harms_no_run(
    going: Going, caplog: pytest.LogCaptureFixture
) -> None:
    real = going.bench.engine.sample

    def away(_container: object) -> Sample:
        raise EngineError("the container engine does not answer: ReadTimeout")

    for _ in range(2):
        going.bench.engine.sample = away  # type: ignore[assignment,method-assign]
        for _ in range(3):
            going.look(after=2)
        going.bench.engine.sample = real  # type: ignore[method-assign]
        going.look(after=2)
    told = [record for record in caplog.records if "not measured" in record.message]
    assert len(told) == 2, "once each time that it is away"
    going.look(after=2)
    assert going.kept() != []
    assert going.end().status is Status.SUCCEEDED


def test_a_database_that_does_not_answer_harms_no_run(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.records, name)

        def add_usage(self, *_: object) -> None:
            raise Unavailable("the database does not answer")

    bench.play = patient
    going = Going(bench, replace(bench.parts, records=Away()))  # type: ignore[arg-type]
    for _ in range(4):
        going.look(after=2)
    assert "not measured for now: the database does not answer" in caplog.text
    assert going.end().status is Status.SUCCEEDED


def test_a_paused_container_is_told_of_until_it_goes_on(going: Going) -> None:
    going.look(after=2, paused=True)
    container = going.watch.container
    assert container is not None
    words = (
        "Its container is paused: nothing happens until somebody resumes it "
        f"(docker unpause {container.id[:12]}) or the time limit ends it."
    )
    assert going.bench.run(going.run).reason == words
    going.look(after=2, paused=True)
    assert going.bench.run(going.run).reason == words
    going.look(after=2)
    assert going.bench.run(going.run).reason is None
    assert going.end().reason == "All 2 cells ran."


def test_a_worker_that_adopts_a_paused_run_takes_the_words_away_again(going: Going) -> None:
    going.look(after=2, paused=True)
    going.supervisor.let_go()
    going.worker.join()
    supervisor = going.bench.supervisor("worker-2")
    adopted = Worker(supervisor, going.run)
    until(lambda: [watch.container for watch in supervisor.watches()] not in ([], [None]), "it is adopted")
    sampler = Sampler(going.bench.parts, lambda: going.time)
    going.bench.engine.stage(going.run).takes = Sample(1.0, MB)
    sampler.sample(supervisor.watches())
    sampler.sample(supervisor.watches())
    assert going.bench.run(going.run).reason is None
    going.bench.engine.stage(going.run).cue("go")
    adopted.join()


def test_a_run_whose_files_take_too_much_is_ended_and_its_outputs_are_kept(bench: Bench) -> None:
    bench.play = polite
    going = Going(bench)
    bench.set_runs(disk_bytes=16 * MB)
    going.watch.run = bench.run(going.run)
    going.look(after=2)
    assert bench.run(going.run).ending is None
    bench.folders.folders[going.run.id, 1].work["heap.bin"] = b"x" * (16 * MB)
    going.look(after=20)
    ended = going.end()
    assert (ended.status, ended.reason) == (
        Status.FAILED,
        "Stopped in cell 1 of 2: its files took more than the 16 MB of size 'medium'. "
        "Choose a larger size, or keep less on disk.",
    )
    assert ended.error == RunError("DiskLimit", "limit 16 MB", 1)
    assert bench.output(ended, "table-1.csv") == b"attempt,1\n"


def test_a_run_with_too_many_files_is_ended(bench: Bench) -> None:
    bench.play = polite
    going = Going(bench)
    bench.folders.folders[going.run.id, 1].work.update((str(n), b"") for n in range(MOST_FILES + 1))
    going.look(after=2)
    ended = going.end()
    assert (ended.status, ended.reason) == (
        Status.FAILED,
        "Stopped in cell 1 of 2: it had more than 200,000 files and folders. "
        "Put more into each file, or remove those that are done with.",
    )


def test_a_folder_that_takes_long_to_count_is_counted_less_often(bench: Bench) -> None:
    counted: list[float] = []

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.folders, name)

        def used(self, *arguments: Any) -> Any:
            counted.append(going.time)
            going.time += 0.5
            return bench.folders.used(*arguments)

    bench.play = patient
    going = Going(bench, replace(bench.parts, folders=Slow()))  # type: ignore[arg-type]
    for _ in range(20):
        going.look(after=2)
    assert [later - before for before, later in pairwise(counted)] == [10.5] * 3
    going.end()


def test_what_the_runner_could_not_say_is_known_from_outside(bench: Bench) -> None:
    def killed(stage: Stage) -> Exit:
        patient_part(stage)
        return Exit(137, out_of_memory=True)

    def patient_part(stage: Stage) -> None:
        stage.event("started", cells=2)
        stage.event("stream", cell=1, name="stdout", text="waiting\n")
        stage.wait_for("go")

    bench.play = killed
    going = Going(bench)
    going.look(cpu_seconds=3.0, memory=700 * MB, after=2)
    going.look(cpu_seconds=4.5, memory=500 * MB, after=2)
    ended = going.end()
    assert ended.peak_memory_bytes == 700 * MB
    assert b'"cpu_seconds": 4.5' in bench.output(ended, "manifest.json")


def test_the_manifest_has_what_the_runner_says(bench: Bench) -> None:
    def says(stage: Stage) -> Exit:
        stage.event("started", cells=0)
        stage.event(
            "finished", outcome="succeeded", reason=None, error=None, peak_memory_bytes=5, cpu_seconds=1.23456
        )
        return Exit(0)

    bench.play = says
    run = bench.submit()
    care(bench.supervisor(), run)
    assert b'"cpu_seconds": 1.23,' in bench.output(run, "manifest.json")


def _disk(going: Going) -> int:
    folder = going.bench.folders.folders[going.run.id, 1]
    return sum(len(content) for part in (folder.work, folder.out, folder.result) for content in part.values())
