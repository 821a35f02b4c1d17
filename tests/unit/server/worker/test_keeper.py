"""The keeper's thread: signs of life, leases, sweeping; whatever goes wrong, it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.services.watch import Parts
from nightdesk.server.worker import keeper as subject
from nightdesk.server.worker.keeper import Pulse, Sweeper

from ..services.watching import until
from ..workbench import Bench


@pytest.fixture
def alive_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file whose age the health check looks at; and a keeper that ticks a hundred times a second."""
    path = tmp_path / "alive"
    monkeypatch.setattr(subject, "ALIVE_FILE", path)
    monkeypatch.setattr(subject, "_TICK_SECONDS", 0.01)
    return path


@pytest.fixture
def kept(bench: Bench, alive_file: Path) -> Iterator[Pulse]:
    assert alive_file
    supervisor = bench.supervisor("one")
    pulse, sweeper = Pulse(bench.parts, supervisor), Sweeper(bench.parts, supervisor)
    pulse.start()
    sweeper.start()
    yield pulse
    for thread in (pulse, sweeper):
        thread.stop()
        thread.join(10)


def test_signs_of_life(bench: Bench, kept: Pulse, alive_file: Path) -> None:
    assert kept.is_alive()
    until(alive_file.exists, "the health check's file is touched")
    until(
        lambda: (
            [(worker.name, worker.slots) for worker in bench.records.workers()]
            == [("one", bench.settings.runs.slot_count)]
        ),
        "it beats",
    )
    seen = bench.records.workers()[0].seen_at
    until(lambda: bench.records.workers()[0].seen_at > seen, "it goes on beating")


def test_queued_runs_are_offered_without_anybody_ringing(bench: Bench, kept: Pulse) -> None:
    assert kept.is_alive()
    run = bench.submit()
    until(lambda: run.id in bench.bell.rings, "the sweep rings")


def test_it_tidies_up(bench: Bench, kept: Pulse) -> None:
    assert kept.is_alive()
    run = bench.submit()
    bench.engine.create(run)
    bench.records.request_cancel(run.id, "ada")
    until(lambda: bench.engine.all() == [], "what is left of a run that ended goes")


@pytest.mark.parametrize(
    "error", [Unavailable("the database does not answer"), ZeroDivisionError("a bug")], ids=repr
)
def test_whatever_goes_wrong_it_goes_on(
    bench: Bench, alive_file: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    class Away:
        """A database that is away for the first beats."""

        beats = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.records, name)

        def beat(self, worker: str, slots: int, memory_bytes: int) -> None:
            self.beats += 1
            if self.beats < 4:
                raise error
            bench.records.beat(worker, slots, memory_bytes)

    parts: Parts = replace(bench.parts, records=Away())  # type: ignore[arg-type]
    keeper = Pulse(parts, bench.supervisor("one"))
    keeper.start()
    until(lambda: bench.records.workers() != [], "it beats again")
    keeper.stop()
    keeper.join(10)
    assert alive_file.exists()
    assert str(error.args[0]) in caplog.text


def test_it_stops_when_told(kept: Pulse) -> None:
    kept.stop()
    kept.join(5)
    assert not kept.is_alive()
