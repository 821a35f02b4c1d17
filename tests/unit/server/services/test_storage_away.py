"""The store and the database away: what was done is kept, and is on record when they are back."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, Any

import pytest
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.run import Output, Status

from ..workbench import Bench
from .stories import Failing, nothing_left, waiting, whole
from .watching import Worker, care, running, until

pytestmark = pytest.mark.usefixtures("quick", "only_expected_errors")


# the store and the database away


def test_a_full_store_is_waited_for_and_the_run_says_so(bench: Bench) -> None:
    store = Failing(bench.store, "put", Unavailable("storage full", "Make room."), None)
    run = bench.submit()
    worker = Worker(bench.supervisor(parts=replace(bench.parts, store=store)), run)
    until(
        lambda: bench.run(run).reason == "Waiting to keep the outputs: storage full",
        "it says what it waits for",
    )
    assert bench.run(run).status is Status.RUNNING
    assert bench.records.outputs([run.id])[run.id] == [], "no partial output is visible"
    assert len(bench.engine.all()) == 1, "the container stays until its outputs are safe"
    store.left = 0
    worker.join()
    ended = bench.run(run)
    assert (ended.status, ended.reason) == (Status.SUCCEEDED, "All 2 cells ran.")
    whole(bench, ended)
    nothing_left(bench, run)


def test_a_store_that_fails_in_the_middle_of_the_outputs(bench: Bench) -> None:
    class Third:
        """The third object does not get through, once."""

        puts = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.store, name)

        def put(self, key: str, source: IO[bytes]) -> Output:
            self.puts += 1
            if self.puts == 3:
                raise Unavailable("the output store does not take the file: connection reset")
            return bench.store.put(key, source)

    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, store=Third())), run)  # type: ignore[arg-type]
    assert set(whole(bench, bench.run(run))) == {"log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}


NO_DATABASE = Unavailable("the database does not answer")


@pytest.mark.parametrize("method", ["add_log", "set_outputs", "packages", "log", "now"])
def test_a_database_away_for_a_moment(bench: Bench, method: str) -> None:
    records = Failing(bench.records, method, NO_DATABASE, 1)
    run = bench.submit()
    care(bench.supervisor(parts=replace(bench.parts, records=records)), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert records.calls >= 2
    assert bench.log(run) == "this is cell 1\nthis is cell 2\n"
    whole(bench, bench.run(run))
    nothing_left(bench, run)


@pytest.mark.parametrize("method", ["claim", "log_end", "offer"])
def test_a_database_away_at_the_finish_is_another_worker_s_to_record(bench: Bench, method: str) -> None:
    records = Failing(bench.records, method, NO_DATABASE, None)
    run = bench.submit()
    if method == "claim":
        with pytest.raises(Unavailable):
            care(bench.supervisor(parts=replace(bench.parts, records=records)), run)
    else:
        care(bench.supervisor(parts=replace(bench.parts, records=records)), run)
    care(bench.supervisor("two"), run)
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.engine.starts == [(run.id, 1)]
    assert bench.endings(run) == ["succeeded"]
    whole(bench, bench.run(run))


def test_a_database_away_at_the_finish_for_a_minute(bench: Bench) -> None:
    """Every change fails for a while; the outcome is put on record by the same supervisor in the end."""
    changes = Failing(bench.records, "change", NO_DATABASE, 0)
    bench.play = waiting
    run = bench.submit()
    worker = Worker(bench.supervisor(parts=replace(bench.parts, records=changes)), run)
    running(bench, run, "waiting\n")
    changes.left = None
    before = changes.calls
    bench.engine.stage(run).cue("go")
    until(lambda: changes.calls >= before + 2, "it tries")
    assert bench.run(run).status is Status.RUNNING
    changes.left = 0
    worker.join()
    assert bench.run(run).status is Status.SUCCEEDED
    assert bench.endings(run) == ["succeeded"]
