"""Accepting a run: everything that can be known to be wrong is refused before anything is stored."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from nightdesk.server.domain.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unavailable,
)
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Output, Priority, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.services.inputs import ALL, open_input
from nightdesk.server.services.submit import Files, submit

from ..workbench import ADA, BOB, ROOT, VERSION, Bench, archive, code, notebook
from .watching import care

NOTEBOOK = notebook(code("year = 1", "parameters"), code("2"))
LARGE = notebook(code("#" * 300_000))  # goes to the store; what is small, to the database


def send(bench: Bench, **wanted: Any) -> Any:
    """Submit a notebook, as ada unless `person` says otherwise; `source` and `files` are what is sent."""
    person = wanted.pop("person", ADA)
    source, files = wanted.pop("source", NOTEBOOK), wanted.pop("files", None)
    submission = Submission(**{"file": "analysis.ipynb", **wanted})
    return submit(bench.records, bench.store, bench.settings, person, submission, (source, files))


def refused(bench: Bench, kind: type[Refused], **wanted: Any) -> tuple[str, str]:
    """Message and hint of a refusal, after which nothing was stored and nobody was rung for."""
    with pytest.raises(kind) as caught:
        send(bench, **wanted)
    assert type(caught.value) is kind
    assert not bench.stored()
    assert bench.database_is_empty()
    return caught.value.message, caught.value.hint or ""


def test_a_run_on_record(bench: Bench) -> None:
    run, new = send(bench, parameters={"year": 5}, name=" Night report ", size="small", retries=2)
    assert new
    assert bench.run(run) == run
    assert (run.owner, run.submitted_by, run.name, run.kind) == ("ada", "ada", "Night report", "notebook")
    assert (run.status, run.attempt, run.fence, run.cells) == (Status.QUEUED, 1, 0, 3)
    assert (run.environment, run.version, run.digest) == ("python-data", "2026.11.1", VERSION.digest)
    assert (run.size, run.cpus, run.memory_bytes, run.timeout_seconds) == ("small", 1.0, 2 * 2**30, 12 * 3600)
    assert (run.kernel, run.parameters, run.retries, run.notes) == ("python3", {"year": 5}, 2, ())
    assert run.input_sha256 == hashlib.sha256(NOTEBOOK).hexdigest()
    assert abs(run.created_at - bench.records.now()) < 60
    assert bench.history(run) == ["queued"]


def test_what_is_stored(bench: Bench) -> None:
    along = archive(("data/a.csv", b"1,2"), ("b.py", b""))
    content = along.archive.read()
    along.archive.seek(0)
    run, _ = send(bench, files=along)
    assert run.files_count == 2
    stored = {name: open_input(bench.records, bench.store, run.id, name).read() for name in ALL}
    assert (stored["source"], stored["files.tar.gz"]) == (NOTEBOOK, content)
    assert stored["prepared"] != NOTEBOOK


def test_a_script_is_stored_as_it_is(bench: Bench) -> None:
    run, _ = send(
        bench, file="job.py", source=b"print(1)\n", parameters={"a": "5", "b": "x"}, parameters_are_text=True
    )
    assert (run.kind, run.kernel, run.cells, run.parameters) == ("script", None, 0, {"a": 5, "b": "x"})
    assert bench.records.run_inputs(run.id) == ["source"]
    run, _ = send(bench, file="job.R", source=b"print(1)\n", parameters={"a": "5"})
    assert run.parameters == {"a": "5"}


def test_notes_go_on_record(bench: Bench) -> None:
    run, _ = send(bench, source=notebook(code("1"), kernel=None))
    assert "names no kernel" in bench.run(run).notes[0]


@pytest.mark.parametrize(
    ("file", "name"),
    [("x" * 249 + ".ipynb", "x" * 199 + "…"), ("a\nb.ipynb", "a b.ipynb"), ("😀.ipynb", "😀.ipynb")],
)
def test_odd_file_names_work(bench: Bench, file: str, name: str) -> None:
    run, _ = send(bench, file=file)
    assert (bench.run(run).file, bench.run(run).name) == (file, name)


@pytest.mark.parametrize(
    ("wanted", "kind", "message", "hint"),
    [
        ({"source": b"{"}, Invalid, "the notebook is not valid JSON: line 1, column 2", "open it in JupyterLab"),
        ({"source": notebook(kernel="julia")}, Invalid, "the notebook asks for the kernel 'julia'", "It has: python3"),
        ({"parameters": {"yeer": 1}}, Invalid, "the notebook has no parameter 'yeer'", "It has: year."),
        ({"file": "analysis.txt"}, Invalid, "'analysis.txt' is neither a notebook nor a script", "Submit a .ipynb"),
        ({"file": "../a.ipynb"}, Invalid, "'../a.ipynb' is no plain file name", "without folders"),
        ({"file": ""}, Invalid, "'' is no plain file name", "without folders"),
        ({"name": "a\nb"}, Invalid, "the name must be one line of 1 to 200 characters", ""),
        ({"name": ""}, Invalid, "the name must be one line of 1 to 200 characters", ""),
        ({"key": ""}, Invalid, "the idempotency key must be one line of 1 to 200 characters", ""),
        ({"key": "\ud800"}, Invalid, "the idempotency key must be one line of 1 to 200 characters", ""),
        ({"environment": "julia"}, NotFound, "there is no environment 'julia'", "There is: python-data."),
        ({"environment": "python-data:1"}, NotFound, "'python-data' has no version '1'", "There is: python-data:2026.11.1."),
        ({"environment": "sha256:" + "2" * 64}, NotFound, "there is no environment 'sha256'", "There is: python-data."),
        ({"size": "huge"}, NotFound, "there is no size 'huge'", "There is: small, medium."),
        ({"timeout_seconds": 0}, Invalid, "the time limit must be between 1 s and 12 h, the limit of size 'medium'", ""),
        ({"timeout_seconds": -5}, Invalid, "the time limit must be between 1 s and 12 h", ""),
        ({"timeout_seconds": 12 * 3600 + 1}, Invalid, "the time limit must be between 1 s and 12 h", ""),
        ({"timeout_seconds": float("nan")}, Invalid, "the time limit must be between 1 s and 12 h", ""),
        ({"timeout_seconds": float("inf")}, Invalid, "the time limit must be between 1 s and 12 h", ""),
        ({"priority": Priority.URGENT}, NotAllowed, "only admins submit urgent runs", "Choose high"),
        ({"cell_timeout_seconds": 0.5}, Invalid, "the time limit of a cell must be between 1 s and 12 h, the limit of", ""),
        ({"cell_timeout_seconds": 61, "timeout_seconds": 60}, Invalid,
         "the time limit of a cell must be between 1 s and 1 min,", ""),
        ({"cell_timeout_seconds": float("nan")}, Invalid, "the time limit of a cell must be between 1 s and 12 h", ""),
        ({"cell_timeout_seconds": float("inf")}, Invalid, "the time limit of a cell must be between 1 s and 12 h", ""),
        ({"file": "a.py", "source": b"", "cell_timeout_seconds": 60}, Invalid, "a script has no cells to limit", "--timeout"),
        ({"retry_wait_seconds": -1}, Invalid, "the wait before a retry must be between 0 s and 1 h", ""),
        ({"retry_wait_seconds": 3601}, Invalid, "the wait before a retry must be between 0 s and 1 h", ""),
        ({"retry_wait_seconds": float("nan")}, Invalid, "the wait before a retry must be between 0 s and 1 h", ""),
        ({"retries": -1}, Invalid, "retries must be between 0 and 10", ""),
        ({"retries": 11}, Invalid, "retries must be between 0 and 10", ""),
        ({"as_user": "bob"}, NotAllowed, "only admins submit for somebody else", "Leave out --as."),
        ({"as_user": ""}, NotAllowed, "only admins submit for somebody else", "Leave out --as."),
        ({"as_user": " ", "person": ROOT}, Invalid, "the name of a person must be one line", ""),
        ({"file": "a.py", "source": b"\xff"}, Invalid, "the script is not UTF-8 text: byte 0 cannot be read", ""),
        ({"file": "a.py", "source": b"", "parameters": {"a-b": 1}}, Invalid, "'a-b' is no name for a parameter", ""),
        ({"file": "a.py", "source": b"", "parameters": {"a": "\x00"}}, Invalid, "parameter 'a' contains a NUL", ""),
        ({"file": "a.py", "source": b"", "parameters": {"a": "1e999"}, "parameters_are_text": True}, Invalid,
         "parameter 'a' must be a finite number", ""),
        ({"files": Files(io.BytesIO(b"x"), 1)}, Invalid, "the files taken along are no readable archive", ""),
        ({"files": archive(("../x", b""))}, Invalid, "'../x' among the files leaves the folder", ""),
        ({"files": archive(("x", bytes(2**20 + 1)))}, TooLarge, "the files taken along are larger than 1 MB unpacked",
         ".nightdeskignore"),
        ({"source": b"x" * (2**16 + 1)}, TooLarge, "the file is larger than 64 KB", "Clear its outputs"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_refused(
    benches: Callable[..., Bench], wanted: dict[str, Any], kind: type[Refused], message: str, hint: str
) -> None:
    bench = benches(max_source="64K", max_files="1M")
    told = refused(bench, kind, **wanted)
    assert told[0].startswith(message)
    assert hint in told[1]


def test_an_image_without_r(bench: Bench) -> None:
    with bench.database.writing() as connection:
        connection.exec_driver_sql(
            """update environment_versions set kernels = '[{"name": "python3", "display_name": "P", "language": "python"}]'"""
        )
    assert refused(bench, Invalid, file="a.R", source=b"") == (
        "python-data:2026.11.1 does not run R: it has python",
        "Choose another environment with --env.",
    )


def test_the_largest_source_is_let_in(benches: Callable[..., Bench]) -> None:
    assert send(benches(max_source="64K"), file="a.py", source=b"#" * 2**16)[1]


def test_time_limits(bench: Bench) -> None:
    assert send(bench, timeout_seconds=1)[0].timeout_seconds == 1
    assert send(bench, timeout_seconds=12 * 3600)[0].timeout_seconds == 12 * 3600


def test_limits_come_from_the_size(bench: Bench) -> None:
    run, _ = send(bench, size="small")
    size = bench.settings.sizes["small"]
    assert (run.pids_limit, run.disk_bytes, run.output_bytes) == (
        size.pids,
        size.disk_bytes,
        size.output_bytes,
    )


def test_what_is_said_about_cells_retries_and_priority_is_kept(bench: Bench) -> None:
    run, _ = send(bench, cell_timeout_seconds=60, retry_wait_seconds=0, retries=2, priority=Priority.LOW)
    assert (run.cell_timeout_seconds, run.retry_wait_seconds, run.priority) == (60, 0, Priority.LOW)
    assert bench.run(run) == run
    assert send(bench, person=ROOT, priority=Priority.URGENT)[0].priority is Priority.URGENT
    assert send(bench, cell_timeout_seconds=60, timeout_seconds=60)[0].cell_timeout_seconds == 60


def test_without_a_word_the_platform_s_own_hold(benches: Callable[..., Bench]) -> None:
    bench = benches(cell_timeout="10m", retry_wait="5m")
    run, _ = send(bench)
    assert (run.cell_timeout_seconds, run.retry_wait_seconds, run.priority) == (600, 300, Priority.NORMAL)
    assert send(bench, cell_timeout_seconds=900)[0].cell_timeout_seconds == 900
    assert send(bench, timeout_seconds=600)[0].cell_timeout_seconds is None, "the run's own limit comes first"
    assert send(bench, file="a.py", source=b"")[0].cell_timeout_seconds is None
    assert send(benches())[0].cell_timeout_seconds is None


def test_the_owner_s_groups_count_whoever_submits(bench: Bench) -> None:
    student = Person("ada", groups=("students", "night"))
    assert send(bench, person=student)[0].groups == ("students", "night")
    helper = Person("root", admin=True, groups=("staff",))
    assert send(bench, person=helper, as_user="ada")[0].groups == (), "those of an admin are not the owner's"


def test_what_it_is_expected_to_take_is_what_it_took(bench: Bench) -> None:
    first, _ = send(bench, name="Report")
    assert first.expected_seconds is None
    care(bench.supervisor(), first)
    bench.set_runs(started_at=1000.0, finished_at=1064.0)
    assert send(bench, name="Report")[0].expected_seconds == 64.0
    assert send(bench, name="Another")[0].expected_seconds is None
    assert send(bench, name="Report", person=BOB)[0].expected_seconds is None, "his data may be larger"


def test_nobody_queues_without_end(benches: Callable[..., Bench]) -> None:
    bench = benches(limits={"waiting": 2})
    first, _ = send(bench)
    send(bench, key="k")
    before = bench.stored()
    with pytest.raises(TooMany) as caught:
        send(bench)
    assert caught.value.message == "ada has 2 runs waiting already; the limit is 2"
    assert caught.value.hint
    assert bench.stored() == before
    assert send(bench, key="k")[1] is False, "what is there already is no further one"
    with pytest.raises(TooMany):
        send(bench, person=ROOT, as_user="ada")
    assert send(bench, person=BOB)[1]
    bench.records.request_cancel(first.id, "ada")
    assert send(bench)[1]


def test_an_admin_submits_for_somebody_else(bench: Bench) -> None:
    run, _ = send(bench, person=ROOT, as_user="ada")
    assert (run.owner, run.submitted_by) == ("ada", "root")


# the same key again


def test_the_same_key_gives_the_same_run_and_stores_nothing(bench: Bench) -> None:
    first, new = send(bench, key="report-1")
    assert new
    before = bench.stored()
    again, new = send(bench, key="report-1", source=b"broken by now")
    assert (again.id, new) == (first.id, False)
    assert bench.stored() == before


def test_the_key_answers_with_the_run_as_it_is_now(bench: Bench) -> None:
    first, _ = send(bench, key="report-1")
    bench.records.request_cancel(first.id, "ada")
    assert send(bench, key="report-1")[0].status is Status.CANCELLED


def test_keys_are_each_person_s_own(bench: Bench) -> None:
    ids = {
        send(bench, key="k")[0].id,
        send(bench, key="k", person=BOB)[0].id,
        send(bench, key="k", person=ROOT)[0].id,
        send(bench, key="K")[0].id,
    }
    assert len(ids) == 4
    assert send(bench, key="k", person=ROOT, as_user="bob")[0].id in ids
    with pytest.raises(NotAllowed):
        send(bench, key="k", as_user="bob")


def test_the_same_key_at_the_same_time(bench: Bench) -> None:
    """Whoever comes second past the look-up is caught by the database; their inputs go again."""
    barrier = threading.Barrier(4)

    class Meeting:
        """The store, where all have looked the key up before any is on record."""

        def put_all(self, objects: Any) -> list[Output]:
            barrier.wait(10)
            return bench.store.put_all(objects)

        def remove(self, key: str) -> None:
            bench.store.remove(key)

    answers: list[tuple[str, bool]] = []

    def one() -> None:
        wanted = Submission(file="analysis.ipynb", key="k")
        run, new = submit(bench.records, Meeting(), bench.settings, ADA, wanted, (LARGE, None))  # type: ignore[arg-type]
        answers.append((run.id, new))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({run_id for run_id, _ in answers}) == 1
    assert sorted(new for _, new in answers) == [False, False, False, True]
    assert {key.split("/")[1].split(".")[0] for key in bench.stored()} == {answers[0][0]}


# a part is out of reach


def test_a_full_store_refuses_and_leaves_no_run(bench: Bench) -> None:
    class Full:
        def put_all(self, _objects: Any) -> list[Output]:
            raise Unavailable("storage full")

    with pytest.raises(Unavailable, match="storage full"):
        submit(bench.records, Full(), bench.settings, ADA, Submission(file="analysis.ipynb"), (LARGE, None))  # type: ignore[arg-type]
    assert bench.database_is_empty()


def test_nothing_registered(bench: Bench) -> None:
    with bench.database.writing() as connection:
        connection.exec_driver_sql("delete from environment_versions")
    assert refused(bench, NotFound)[0] == "no environment is registered yet"
