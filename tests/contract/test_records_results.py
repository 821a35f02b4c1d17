"""What every Records does with logs, outputs and environments."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.environment import Kernel, Package
from nightdesk.server.domain.errors import Conflict
from nightdesk.server.domain.run import Output, Status
from nightdesk.server.ports.records import LogChunk, Usage

from .on_record import at_once, running
from .runs import a_version

# log


def pieces(*texts: str, first: int = 1, start: int = 0) -> list[LogChunk]:
    """Log pieces that follow each other."""
    made = []
    for number, text in enumerate(texts, first):
        made.append(LogChunk(number * 3, start, "stdout", 1, text))
        start += len(text)
    return made


def test_a_log_is_appended_to(records: RecordsSql) -> None:
    run = running(records)
    assert records.log(run) == []
    assert records.log_end(run) == (0, 0)
    first, second = pieces("one\n", "zwö 😀\n"), [LogChunk(9, 10, "stderr", None, "three")]
    records.add_log(run, first)
    assert records.log_end(run) == (6, 10)
    records.add_log(run, first)
    records.add_log(run, [*first, *second])
    records.add_log(run, [])
    assert records.log(run) == first + second
    assert records.log_end(run) == (9, 15)
    assert records.log(run, start=10) == second
    assert records.log(run, start=4, limit=1) == first[1:]
    assert records.log(run, start=16) == []


def test_what_is_there_is_left_as_it_is(records: RecordsSql) -> None:
    run = running(records)
    records.add_log(run, pieces("one\n"))
    records.add_log(run, pieces("another\n"))
    assert records.log(run) == pieces("one\n")


def test_two_writers_of_the_same_log_double_nothing(records: RecordsSql) -> None:
    run = running(records)
    whole = pieces(*[f"{number}\n" for number in range(200)])

    def write(_number: int) -> None:
        for index in range(0, 200, 10):
            records.add_log(run, whole[index : index + 10])

    assert at_once(4, write) == [None] * 4
    assert records.log(run) == whole


def test_attempts_have_logs_of_their_own(records: RecordsSql) -> None:
    run = running(records)
    records.add_log(run, pieces("one\n"))
    second = records.change(run, status=Status.QUEUED, attempt=2)
    records.add_log(second, pieces("two\n"))
    assert (records.log(run), records.log(second)) == (pieces("one\n"), pieces("two\n"))
    assert records.log_end(second) == (3, 4)


def test_any_text_keeps_its_length(records: RecordsSql) -> None:
    run = running(records)
    for number, text in enumerate(
        ["nul \x00 in it", "😀" * 3, "e\u0301", "\u202e", "\r\n", "x" * 100_000, "\x1b[31m"], 1
    ):
        start = records.log_end(run)[1]
        records.add_log(run, [LogChunk(number, start, "stdout", None, text)])
        assert records.log_end(run) == (number, start + len(text))
    assert records.log(run)[0].text == "nul \ufffd in it"


def test_logs_of_runs_that_ended_long_ago_are_forgotten(records: RecordsSql) -> None:
    ended = running(records, id="ended")
    records.add_log(ended, pieces("one\n", "two\n"))
    ended = records.change(ended, status=Status.SUCCEEDED, reason="x")
    live = running(records, id="live")
    records.add_log(live, pieces("one\n"))
    assert records.drop_logs(records.now() - 60) == 0
    assert records.drop_logs(records.now() + 60) == 2
    assert records.log(ended) == []
    assert records.log(live) == pieces("one\n")


# what runs take


def test_what_a_run_takes_is_kept_in_order_for_each_attempt(records: RecordsSql) -> None:
    run = running(records)
    assert records.usage(run) == []
    assert records.latest_usage(run) is None
    before = records.now()
    first, second = Usage(0.0, 0.5, 3 * 2**30, 7), Usage(0.0, 1.75, 2**40, 2**41)
    for sample in (first, second):
        while records.usage(run) and records.now() <= records.usage(run)[-1].at:
            pass  # the database's clock goes on in milliseconds
        records.add_usage(run, sample)
    seen = records.usage(run)
    assert [replace(sample, at=0.0) for sample in seen] == [first, second]
    assert before <= seen[0].at < seen[1].at <= records.now(), "by the database's clock"
    assert records.usage(run, after=seen[0].at) == seen[1:]
    assert records.usage(run, after=seen[1].at) == []
    assert records.latest_usage(run) == seen[1]
    assert records.usage(replace(run, attempt=2)) == []
    assert records.latest_usage(running(records, id="other")) is None


def test_a_clock_that_comes_to_the_same_moment_twice_does_no_harm(
    records: RecordsSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(records)
    monkeypatch.setattr(records._database, "now", lambda _connection: 1_790_000_000.0)
    for cpus in (0.5, 0.75):
        records.add_usage(run, Usage(0.0, cpus, 1, 1))
    assert records.usage(run) == [Usage(1_790_000_000.0, 0.5, 1, 1)]


def test_what_runs_took_that_ended_long_ago_is_forgotten(records: RecordsSql) -> None:
    over, going = running(records), running(records, id="going")
    for run in (over, going):
        records.add_usage(run, Usage(0.0, 1.0, 1, 1))
    records.change(over, status=Status.SUCCEEDED)
    assert records.drop_usage(records.now() - 60) == 0
    assert records.drop_usage(records.now() + 60) == 1
    assert records.usage(over) == []
    assert len(records.usage(going)) == 1


# outputs


def test_outputs_are_those_of_the_current_attempt(records: RecordsSql) -> None:
    run = running(records, id="a")
    table, log = Output("tables/ü 😀\n.csv", 2**40, "1" * 64), Output("log.txt", 0, "2" * 64)
    records.set_outputs(run, [table, log])
    records.set_outputs(running(records, id="b"), [log])
    assert records.outputs(["a", "b", "nosuchrun"]) == {"a": [log, table], "b": [log], "nosuchrun": []}
    records.set_outputs(run, [log])
    assert records.outputs(["a"]) == {"a": [log]}
    assert records.outputs([]) == {}
    again = records.change(run, status=Status.QUEUED, attempt=2)
    assert records.outputs(["a"]) == {"a": []}
    records.set_outputs(again, [table])
    assert records.outputs(["a"]) == {"a": [table]}
    records.set_outputs(again, [])
    assert records.outputs(["a"]) == {"a": []}


# environments


def test_versions_are_registered_once(records: RecordsSql) -> None:
    kernels = (Kernel("python3", "Python 3", "python"), Kernel("ir", "R", "R"))
    version = a_version(
        "python-data", "2026.11.1", "stable", kernels=kernels, packages=(Package("numpy", "2.3.1"),)
    )
    assert records.add_version(version) is True
    assert records.add_version(version) is False
    assert records.versions() == [replace(version, packages=())]
    assert records.packages(version.digest) == [Package("numpy", "2.3.1")]
    assert records.packages("sha256:none") == []
    with pytest.raises(Conflict, match=r"python-data:2026\.11\.1 stays the image on record"):
        records.add_version(replace(version, digest="sha256:" + "2" * 64))
    assert records.versions()[0].digest == version.digest


def test_what_has_been_there_longest_comes_first_and_of_it_the_newest(records: RecordsSql) -> None:
    for name in ("2026.9.3", "2026.10.1", "2026.10.1.rc1", "2026.10.12"):
        records.add_version(a_version("python-data", name, digest=f"sha256:{name}"))
    records.add_version(a_version("r-stats", "1", created_at=1_800_000_000.0))
    labels = [version.label for version in records.versions()]
    assert labels[0] == "python-data:2026.10.12"
    assert labels[3] == "python-data:2026.9.3"
    assert labels[4] == "r-stats:1", "a new environment is not what people get who name none"
    records.add_version(a_version("python-data", "2027.1.1", digest="sha256:7", created_at=1_900_000_000.0))
    assert [version.label for version in records.versions()][::5] == ["python-data:2027.1.1", "r-stats:1"]


def test_a_channel_points_at_the_version_that_took_it_last(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "1", "stable", digest="sha256:1"))
    records.add_version(a_version("r-stats", "1", "stable", digest="sha256:3"))
    records.add_version(
        a_version("python-data", "2", "stable", digest="sha256:2", created_at=1_800_000_000.0)
    )
    assert {version.label: version.channels for version in records.versions()} == {
        "python-data:1": (),
        "python-data:2": ("stable",),
        "r-stats:1": ("stable",),
    }


# outputs of attempts


def test_outputs_of_each_attempt_are_kept_apart(records: RecordsSql) -> None:
    run = running(records)
    first, second = Output("a.csv", 1, "1" * 64), Output("a.csv", 2, "2" * 64)
    records.set_outputs(run, [first])
    again = records.change(run, status=Status.QUEUED, attempt=2, worker=None)
    assert records.outputs([run.id]) == {run.id: []}
    assert records.outputs([run.id], 1) == {run.id: [first]}
    claimed = records.claim(again.id, "two")
    assert claimed is not None
    records.set_outputs(claimed, [second])
    assert records.outputs([run.id]) == records.outputs([run.id], 2) == {run.id: [second]}
    assert records.outputs([run.id], 1) == {run.id: [first]}
    assert records.outputs([run.id], 3) == {run.id: []}


def test_a_page_that_is_made_later_is_added_once(records: RecordsSql) -> None:
    run = running(records)
    page = Output("notebook.html", 5, "5" * 64)
    records.set_outputs(run, [Output("notebook.ipynb", 1, "1" * 64)])
    assert at_once(4, lambda _number: records.add_output(run, page)) == [None] * 4
    assert [output.name for output in records.outputs([run.id])[run.id]] == [
        "notebook.html",
        "notebook.ipynb",
    ]
    later = records.change(run, status=Status.QUEUED, attempt=2, worker=None)
    records.add_output(replace(later, attempt=1), replace(page, name="late.html"))
    assert "late.html" in {output.name for output in records.outputs([run.id], 1)[run.id]}
