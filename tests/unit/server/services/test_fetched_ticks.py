"""Schedules whose file is fetched each time: from a repository, or from their owner's home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.errand import ErrandKind
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.repository import GitFile, HomeFile
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.schedule import Overlap, Schedule, TickState
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services.fetched_ticks import end_tick
from nightdesk.server.services.fetching import take, unlock
from nightdesk.server.services.pipelining import carry_on
from nightdesk.server.services.schedules import Given, WhenWanted, change_schedule, run_now

from ..workbench import ADA, ROOT, Bench, archive
from .piping import CHAIN, FILES
from .scheduling import NOTEBOOK, Scheduling, made_note, moment
from .test_fetching import ADDRESS, OPEN, Fetching

T = "2026-05-04T{}:00+00:00"


class Both:
    """A scheduler, and what fetches for it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.scheduling = Scheduling(bench)
        self.fetching = Fetching(bench)
        self.repository = self.fetching.fetcher.repositories[ADDRESS]
        self.number = 10

    def make(self, place: Any, **how: Any) -> Schedule:
        """A schedule of ada's with its file there."""
        how = {"every": 600, "at": moment(T.format("06:00")), **how}
        return self.scheduling.make(given=Given(NOTEBOOK, place=place), **how)

    def push(self, *, private: bool = True, **files: bytes) -> str:
        """A commit with a notebook."""
        self.number += 1
        there = self.fetching.fetcher.repositories[ADDRESS if private else OPEN]
        return there.commit(self.number, {"a/n.ipynb": NOTEBOOK, "a/x.txt": b"x", **files})

    def look(self, at: str) -> None:
        """A look at this time, and all that is to be fetched after it."""
        self.scheduling.look(T.format(at))
        self.fetch()

    def fetch(self) -> None:
        """Both sides do what there is."""
        unlock(self.fetching.desk, self.scheduling.people, self.bench.parts.policies)
        clock = self.scheduling.clock
        while work := take(self.fetching.parts, "worker", lambda *done: end_tick(clock, *done, pause=0)):
            work()


@pytest.fixture
def both(bench: Bench) -> Both:
    return Both(bench)


def test_each_tick_runs_what_the_branch_holds_then(both: Both) -> None:
    commits = [both.push()]
    made = both.make(GitFile("code", "a/n.ipynb", "main"), file="n.ipynb")
    both.look("06:10")
    both.scheduling.end()
    commits.append(both.push())
    both.look("06:20")
    ticks = both.scheduling.ticks(made)
    runs = [both.bench.run(tick.run_id or "") for tick in ticks]
    assert [run.git["commit"] for run in runs if run.git] == commits
    assert [(run.file, run.files_count, run.schedule_id) for run in runs] == [("n.ipynb", 1, made.id)] * 2
    assert [tick.words for tick in ticks] == ["", ""]


def test_until_it_has_come_the_tick_is_there_and_busy(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    both.scheduling.look(T.format("06:10"))
    both.scheduling.look(T.format("06:20"))
    first, second = both.scheduling.ticks(made)
    assert (first.state, first.run_id, first.words) == (TickState.QUEUED, None, "Its file is being fetched.")
    assert (second.state, second.words) == (TickState.SKIPPED, "The run before it was not over.")
    both.fetch()
    assert both.scheduling.ticks(made)[0].run_id


def test_a_live_file_is_read_as_it_is_then(both: Both) -> None:
    home = both.fetching.fetcher.homes
    home["ada"] = {"a/n.ipynb": NOTEBOOK, "a/x.txt": b"x"}
    made = both.make(HomeFile("a/n.ipynb", "a"), file="n.ipynb")
    both.look("06:10")
    run = both.bench.run(both.scheduling.ticks(made)[0].run_id or "")
    assert (run.git, run.files_count) == (None, 1)
    both.scheduling.end()
    for at, content, words in (
        ("06:20", None, "There is no file 'a/n.ipynb'."),
        ("06:30", b"{", "not valid JSON"),
        ("06:40", b"[]", "notebook"),
    ):
        home["ada"] = {} if content is None else {"a/n.ipynb": content}
        both.look(at)
        tick = both.scheduling.ticks(made)[-1]
        assert tick.state is TickState.REFUSED, tick
        assert words.lower() in tick.words.lower()
    assert [alert.state for alert in both.scheduling.told] == ["refused"] * 3
    assert both.scheduling.now(made).failures == 3


def test_whose_connection_it_is_is_looked_at_each_time(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    both.look("06:10")
    both.scheduling.end()
    both.fetching.desk.vault.revoke(ROOT, "code", Grant(Kind.PERSON, "ada"))
    both.look("06:20")
    assert "no connection 'code' for you" in both.scheduling.ticks(made)[-1].words
    del both.scheduling.people.tokens["token-ada"]
    both.look("06:30")
    assert both.scheduling.ticks(made)[-1].words == "There is nobody called ada any more."


def test_a_later_time_replaces_what_is_being_fetched(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb", rules={"overlap": Overlap.REPLACE})
    both.scheduling.look(T.format("06:10"))
    both.scheduling.look(T.format("06:20"))
    both.scheduling.look(T.format("06:20"))
    both.fetch()
    first, second = both.scheduling.ticks(made)
    assert (first.state, first.words) == (TickState.SKIPPED, "Replaced by a later time.")
    assert second.run_id


def test_two_workers_that_fetched_it_make_one_run(both: Both) -> None:
    both.push()
    made = both.make(GitFile(OPEN, "a/n.ipynb"), file="n.ipynb")
    both.push(private=False)
    both.scheduling.look(T.format("06:10"))
    both.bench.records.beat("slow", 1, 1)
    slow = take(both.fetching.parts, "slow", lambda *done: end_tick(both.scheduling.clock, *done, pause=0))
    assert slow is not None
    both.bench.records.let_go("slow")
    both.fetch()
    slow()
    (tick,) = both.scheduling.ticks(made)
    assert tick.run_id
    assert len(both.bench.records.runs(RunFilter())) == 1


def test_what_changes_the_schedule_meanwhile_does_not_lose_the_tick(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    both.scheduling.look(T.format("06:10"))

    def renamed() -> None:
        both.bench.records.change_schedule(made.id, lambda it, _now: replace(it, name="other"), made_note())

    both.fetching.fetcher.before = renamed
    both.fetch()
    assert both.scheduling.ticks(made)[0].run_id


def test_when_it_was_removed_or_its_file_is_another_nothing_breaks(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    both.scheduling.look(T.format("06:10"))
    both.bench.records.remove_schedule(made.id, made_note())
    both.fetch()
    assert not both.fetching.work()


def test_run_now_fetches_too(both: Both) -> None:
    both.push()
    made = both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    tick = run_now(both.scheduling.clock, ADA, made)
    assert (tick.state, tick.run_id) == (TickState.QUEUED, None)
    both.fetch()
    (tick,) = both.scheduling.ticks(made)
    assert both.bench.run(tick.run_id or "").status is Status.QUEUED


def test_only_a_repository_is_pushed_to(both: Both) -> None:
    made = both.make(HomeFile("a/n.ipynb"), file="n.ipynb")
    with pytest.raises(Invalid, match="only a file of a repository"):
        change_schedule(both.scheduling.clock, ADA, made, {"when": WhenWanted(on_push=True)})
    changed = change_schedule(
        both.scheduling.clock,
        ADA,
        made,
        {"when": WhenWanted(on_push=True), "file": "n.ipynb"},
        Given(NOTEBOOK, place=GitFile("code", "a/n.ipynb")),
    )
    assert (changed.next_at, changed.timetable.words) == (None, "when commits are pushed")
    assert changed.source == GitFile("code", "a/n.ipynb")


def test_an_errand_names_who_is_asked_for(both: Both) -> None:
    both.push()
    both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
    both.scheduling.look(T.format("06:10"))
    (errand,) = both.bench.records.locked_errands(5)
    assert (errand.kind, errand.owner, errand.connection) == (ErrandKind.GIT, "ada", "code")


def test_a_pipeline_is_fetched_with_its_folder(both: Both) -> None:
    files = {f"p/{name}": content for name, content in {**FILES, "pipeline.yaml": CHAIN.encode()}.items()}
    commit = both.repository.commit(99, files)
    both.fetching.fetcher.homes["ada"] = files
    how: dict[str, Any] = {"file": "pipeline.yaml", "every": 600, "at": moment(T.format("06:00"))}
    git, home = (
        both.scheduling.make(
            given=Given(CHAIN.encode(), archive(*FILES.items()), place), name=place.words, **how
        )
        for place in (GitFile("code", "p/pipeline.yaml"), HomeFile("p/pipeline.yaml", "p"))
    )
    both.look("06:10")
    records = both.bench.records
    found = [records.pipeline(both.scheduling.ticks(each)[0].pipeline_id or "") for each in (git, home)]
    assert [each.git and each.git["commit"] for each in found if each] == [commit, None]
    assert [each.schedule_id for each in found if each] == [git.id, home.id]
    both.repository.commit(100, {"p/pipeline.yaml": b"steps: {}"})
    for each in found:
        assert each is not None
        records.cancel_pipeline(each.id, "ada")
        carry_on(both.scheduling.clock, each.id)
    both.look("06:20")
    last = both.scheduling.ticks(git)[-1]
    assert (last.state, last.pipeline_id) == (TickState.REFUSED, None)
    assert "with the folder" in last.words
