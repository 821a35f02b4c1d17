"""Running a run again: in which version, with what, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.errors import Conflict, NotFound, TooMany
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Priority, Run, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.services.inputs import ALL, inputs_there, open_input
from nightdesk.server.services.rerun import again_of, retry
from nightdesk.server.services.submit import submit

from ..domain.runs import a_version
from ..workbench import ADA, BOB, ROOT, VERSION, Bench, archive, code, notebook

NEWER, REBUILT, REBUILT_2 = (f"sha256:{digit * 64}" for digit in "234")


def again(bench: Bench, run: Run, person: Person = ADA, *, exact: bool = False) -> Run:
    return retry(bench.records, bench.store, bench.settings, person, run, exact)


def gone(bench: Bench, version: str = "2026.11.1", offer: Offer = Offer.REMOVED) -> None:
    """Another version is stable, and this one is not offered any more; its runs have ended."""
    bench.records.add_version(a_version("python-data", "2026.12.1", "stable", digest=NEWER))
    bench.records.set_offer("python-data", version, offer, "root")


def ended(bench: Bench, **wanted: object) -> Run:
    run = bench.submit(**wanted)
    bench.supervisor().supervise(run.id)
    return bench.run(run)


def test_the_same_again(bench: Bench) -> None:
    wishes = {
        "parameters": {"year": 2026}, "name": "nightly", "size": "small", "retries": 2, "timeout_seconds": 60.0,
        "cell_timeout_seconds": 30.0, "priority": Priority.HIGH,
    }  # fmt: skip
    run = ended(bench, source=notebook(code("year = 1", "parameters"), code("year")), **wishes)
    new = again(bench, run)
    assert new.id != run.id
    assert (new.status, new.attempt, new.started_at, new.reason) == (Status.QUEUED, 1, None, None)
    same = (
        *("name", "file", "kind", "kernel", "cells", "size", "cpus", "memory_bytes", "parameters", "retries"),
        *("timeout_seconds", "cell_timeout_seconds", "priority", "environment", "version", "digest"),
    )
    assert {name: getattr(new, name) for name in same} == {name: getattr(run, name) for name in same}
    assert new.notes == (f"Runs {run.id} again.",)
    bench.supervisor().supervise(new.id)
    assert bench.run(new).status is Status.SUCCEEDED


def test_the_files_that_were_taken_along_come_along_again(bench: Bench) -> None:
    wanted = Submission(file="analysis.ipynb")
    run, _ = submit(
        bench.records, bench.store, bench.settings, ADA, wanted,
        (notebook(code("1")), archive(("data.csv", b"1,2"))),
    )  # fmt: skip
    new = again(bench, run)

    def inputs(of: Run) -> dict[str, bytes]:
        there = inputs_there(bench.records, bench.store, of.id)
        return {name: open_input(bench.records, bench.store, of.id, name).read() for name in there}

    assert set(inputs(run)) == set(ALL)
    assert inputs(new) == inputs(run)


def test_whoever_asks_is_the_owner(bench: Bench) -> None:
    run = ended(bench, person=ADA)
    new = again(bench, run, ROOT)
    assert (new.owner, new.submitted_by) == ("root", "root")


def test_a_member_s_repetition_of_an_urgent_run_is_not_urgent(bench: Bench) -> None:
    run = bench.submit(person=ROOT, priority=Priority.URGENT, as_user="ada")
    assert again(bench, run, ADA).priority is Priority.HIGH
    assert again(bench, run, ROOT).priority is Priority.URGENT


def test_notes_of_the_file_stay_and_those_of_the_repetition_do_not(bench: Bench) -> None:
    run = bench.submit(source=notebook(code("1"), kernel=None))
    (about_the_kernel,) = run.notes
    first = again(bench, run)
    second = again(bench, first, exact=True)
    assert first.notes == (about_the_kernel, f"Runs {run.id} again.")
    assert second.notes == (about_the_kernel, f"Runs {first.id} again, exactly.")


def test_in_the_default_where_its_version_is_not_offered_any_more(bench: Bench) -> None:
    run = ended(bench)
    gone(bench, offer=Offer.DEPRECATED)
    new = again(bench, run)
    assert (new.version, new.digest) == ("2026.12.1", NEWER)
    assert new.notes[-1] == (
        "python-data:2026.11.1 is not on offer any more: this runs in python-data:2026.12.1."
    )
    third = again(bench, new)
    assert third.notes == (f"Runs {new.id} again.",), "what was said about that one is not true of this one"


def test_exactly_in_a_deprecated_version(bench: Bench) -> None:
    run = ended(bench)
    gone(bench, offer=Offer.DEPRECATED)
    new = again(bench, run, exact=True)
    assert (new.version, new.digest) == ("2026.11.1", VERSION.digest)


def test_exactly_is_by_digest_and_not_by_name(bench: Bench) -> None:
    run = replace(ended(bench), digest="sha256:" + "9" * 64)
    with pytest.raises(Conflict, match=r"the image of python-data:2026\.11\.1 .* is not on record any more"):
        again(bench, run, exact=True)


def test_exactly_where_the_image_is_gone(bench: Bench) -> None:
    run = ended(bench)
    gone(bench)
    with pytest.raises(Conflict, match=r"python-data:2026\.11\.1 was removed") as caught:
        again(bench, run, exact=True)
    assert "nightdesk env build --again python-data:2026.11.1" in (caught.value.hint or "")
    for number, digest in (("1", REBUILT), ("2", REBUILT_2)):
        version = f"2026.11.1-again.{number}"
        bench.records.add_version(a_version("python-data", version, digest=digest, offer=Offer.DEPRECATED))
    new = again(bench, run, exact=True)
    assert (new.version, new.digest) == ("2026.11.1-again.2", REBUILT_2)
    assert new.notes[-1] == (
        f"The image of python-data:2026.11.1 ({VERSION.digest[:19]}) is gone: this runs in "
        "python-data:2026.11.1-again.2, built again from its recorded lock."
    )
    bench.records.set_offer("python-data", "2026.11.1-again.1", Offer.REMOVED, "root")
    third = again(bench, new, exact=True)
    assert third.version == "2026.11.1-again.2"
    assert not [note for note in third.notes if note.startswith("The image of")], "it is there this time"


@pytest.mark.parametrize(
    ("label", "rebuilt", "number"),
    [
        ("2026.11.1", "2026.11.1-again.3", 3),
        ("2026.11.1", "2026.11.10-again.3", 0),
        ("2026.11.1", "2026.11.1", 0),
        ("2026.11.1", "2026.11.1-again.x", 0),
        ("1-again.2", "1-again.2-again.4", 4),
        ("1", "1-again.2-again.4", 0),
    ],
)
def test_which_rebuild_of_what(label: str, rebuilt: str, number: int) -> None:
    assert again_of(label, rebuilt) == number


@pytest.mark.parametrize("exact", [False, True])
def test_an_environment_that_is_not_for_one_any_more(bench: Bench, exact: bool) -> None:
    run = ended(bench)
    bench.records.set_groups("python-data", ("stats",), "root")
    with pytest.raises(NotFound, match="there is no environment 'python-data' for you"):
        again(bench, run, exact=exact)
    assert again(bench, run, Person("ada", groups=("stats",)), exact=exact)


def test_inputs_that_are_gone(bench: Bench) -> None:
    run = ended(bench)
    bench.forget_inputs(run)
    with pytest.raises(NotFound, match=f"the inputs of run {run.id} are not there any more"):
        again(bench, run)
    assert bench.records.runs_of_versions()["python-data", "2026.11.1"].total == 1, "no run was made"


def test_an_image_with_two_names_of_which_one_was_removed(bench: Bench) -> None:
    run = ended(bench)
    bench.records.add_version(replace(VERSION, version="2026.11.2", created_at=VERSION.created_at + 1))
    mine = again(bench, run, exact=True)
    assert mine.version == "2026.11.1", "its own name comes first"
    bench.records.request_cancel(mine.id, "ada")
    bench.records.set_offer("python-data", "2026.11.1", Offer.REMOVED, "root")
    new = again(bench, run, exact=True)
    assert (new.version, new.digest) == ("2026.11.2", VERSION.digest)
    assert again(bench, run).version == "2026.11.2"


def test_as_many_wait_as_may(benches: Callable[..., Bench]) -> None:
    bench = benches(limits={"waiting": 1})
    run = ended(bench)
    again(bench, run)
    with pytest.raises(TooMany, match=r"ada has 1 runs waiting already; the limit is 1"):
        again(bench, run)
    assert again(bench, run, BOB).owner == "bob", "each has a limit of their own"
