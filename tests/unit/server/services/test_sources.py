"""A run's output as another's input: who may have it, what is on record of it, and where it lies."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.submission import WantedInput
from nightdesk.server.services.rerun import retry

from ..workbench import ADA, BOB, Bench

TABLE = b"attempt,1\n"


@pytest.fixture
def first(bench: Bench) -> Run:
    """A run of ada's that left a table."""
    return finished(bench)


def finished(bench: Bench, **wanted: Any) -> Run:
    run = bench.submit(**wanted)
    bench.supervisor().supervise(run.id)
    return bench.run(run)


def test_it_is_checked_recorded_and_laid_beside_the_file(bench: Bench, first: Run) -> None:
    run = bench.submit(inputs=(WantedInput("data.csv", first.id, "table-1.csv"),))
    (source,) = bench.run(run).sources
    assert (source.name, source.run, source.attempt, source.size) == ("data.csv", first.id, 1, len(TABLE))
    assert source.sha256 == hashlib.sha256(TABLE).hexdigest()
    seen: list[bytes] = []
    act = bench.act
    bench.act = lambda stage: (
        seen.append(bench.folders.folders[stage.run.id, 1].work["data.csv"]) or act(stage)
    )  # type: ignore[method-assign, func-returns-value]
    bench.supervisor().supervise(run.id)
    assert seen == [TABLE]
    document = json.loads(bench.output(bench.run(run), "manifest.json"))
    assert document["inputs"] == [
        {
            "name": "data.csv",
            "run": first.id,
            "attempt": 1,
            "output": "table-1.csv",
            "size": len(TABLE),
            "sha256": source.sha256,
        }
    ]


def test_anothers_run_is_no_run(bench: Bench, first: Run) -> None:
    with pytest.raises(NotFound, match="there is no run"):
        bench.submit(person=BOB, inputs=(WantedInput("data.csv", first.id, "table-1.csv"),))


@pytest.mark.parametrize(
    ("name", "output", "error", "words"),
    [
        ("data.csv", "nothing", NotFound, "has no output 'nothing'"),
        ("../data.csv", "table-1.csv", Invalid, "no plain file name"),
        ("a/data.csv", "table-1.csv", Invalid, "no plain file name"),
        ("analysis.ipynb", "table-1.csv", Invalid, "in the place of another file"),
    ],
)
def test_what_is_none(
    bench: Bench, first: Run, name: str, output: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        bench.submit(inputs=(WantedInput(name, first.id, output),))


def test_two_of_one_name_and_too_much(bench: Bench, first: Run) -> None:
    one = WantedInput("data.csv", first.id, "table-1.csv")
    with pytest.raises(Invalid, match="in the place of another file"):
        bench.submit(inputs=(one, one))
    from dataclasses import replace

    from nightdesk.server.services.sources import sources_for

    with pytest.raises(TooLarge, match="a run of this size may have 5 bytes of files"):
        sources_for(bench.records, ADA, (replace(one),), "a.ipynb", 5)


def test_a_run_that_is_not_over_has_none_yet(bench: Bench) -> None:
    waiting = bench.submit()
    with pytest.raises(Conflict, match="is queued: its outputs are there when it is over"):
        bench.submit(inputs=(WantedInput("data.csv", waiting.id, "table-1.csv"),))


def test_one_that_has_gone_or_changed_is_said_at_the_start(bench: Bench, first: Run) -> None:
    wanted = (WantedInput("data.csv", first.id, "table-1.csv"),)
    changed, gone = bench.submit(inputs=wanted), bench.submit(inputs=wanted)
    key = f"runs/{first.id}/1/outputs/table-1.csv"
    import io

    bench.store.put(key, io.BytesIO(b"something else"))
    bench.supervisor().supervise(changed.id)
    assert bench.run(changed).status is Status.FAILED
    assert "the checksum differs" in (bench.run(changed).reason or "")
    bench.store.remove(key)
    bench.supervisor().supervise(gone.id)
    assert f"its input data.csv (of run {first.id}) is not there any more" in (bench.run(gone).reason or "")


def test_run_again_it_gets_the_same_unless_they_have_gone(bench: Bench, first: Run) -> None:
    run = finished(bench, inputs=(WantedInput("data.csv", first.id, "table-1.csv"),))
    again = retry(bench.records, bench.store, bench.settings, ADA, run)
    assert again.sources == run.sources
    with pytest.raises(NotFound, match="there is no run"):
        retry(bench.records, bench.store, bench.settings, BOB, run)
    assert bench.records.remove_outputs(first.id, "old")
    with pytest.raises(NotFound, match="is not there any more"):
        retry(bench.records, bench.store, bench.settings, ADA, run)
