"""Code from elsewhere: what the api leaves for a worker, what it finds then, and what neither keeps."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from nightdesk.server.adapters.errand_tables import errands
from nightdesk.server.adapters.sealing import AesSealing
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errand import Errand, ErrandKind, ErrandState
from nightdesk.server.domain.errors import Invalid, NotFound, Unavailable
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.repository import GitFile, HomeFile, check_git_file, check_home_file
from nightdesk.server.doubles.fetcher import MemoryFetcher, MemoryRepository
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.ports.fetching import Login
from nightdesk.server.services import fetching
from nightdesk.server.services.connections import Draft, Vault
from nightdesk.server.services.fetching import Desk, ask, fetched, take, tidy, unlock
from nightdesk.server.services.reporting import ErrandParts
from sqlalchemy import select

from ..workbench import ADA, BOB, ROOT, Bench

CANARY = "canary-token"
ADDRESS = "https://git.example.org/team/reports.git"
OPEN = "https://git.example.org/team/open.git"


class Fetching:
    """A private repository with a connection that ada may use, an open one, and a worker."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        vault = Vault(bench.records, MemorySealing())
        draft = Draft("code", ConnectionKind.GIT, settings={"url": ADDRESS}, secrets={"password": CANARY})
        vault.make(ROOT, draft)
        vault.grant(ROOT, "code", Grant(Kind.PERSON, "ada"))
        self.desk = Desk(vault, AesSealing.derived("key", "test"))
        self.fetcher = MemoryFetcher()
        private = MemoryRepository(login=Login("git", CANARY))
        self.commit = private.commit(7, {"a/b.py": b"print(1)", "a/c.txt": b"c", "d.txt": b"d"})
        self.fetcher.repositories = {ADDRESS: private, OPEN: MemoryRepository()}
        self.parts = ErrandParts(bench.records, bench.store, bench.settings, self.desk.sealing, self.fetcher)
        self.ended: list[Any] = []
        bench.records.beat("worker", 1, 1)

    def work(self) -> bool:
        """A worker does the next one."""
        work = take(self.parts, "worker", lambda errand, result: self.ended.append((errand, result)))
        if work is not None:
            work()
        return work is not None

    def works(self) -> threading.Thread:
        """A worker that waits for one."""

        def until_done() -> None:
            while not self.work():
                threading.Event().wait(0.01)

        thread = threading.Thread(target=until_done, daemon=True)
        thread.start()
        return thread


@pytest.fixture
def desk(bench: Bench) -> Fetching:
    return Fetching(bench)


def test_a_private_repository_by_the_name_of_its_connection(desk: Fetching) -> None:
    worker = desk.works()
    with fetched(desk.desk, desk.bench.store, ADA, GitFile("code", "a/b.py")) as (came, place):
        assert (came.source, came.commit) == (b"print(1)", desk.commit)
        assert came.files is not None
        assert isinstance(place, GitFile)
        assert place.fetched(came.commit) == {
            "commit": desk.commit,
            "branch": None,
            "dirty": False,
            "remote": ADDRESS,
            "path": "a/b.py",
            "folder": "a",
            "connection": "code",
            "fetched": True,
        }
    worker.join(5)
    (noted,) = desk.bench.records.entries(AuditFilter(action="connection.used"))
    assert (noted.by, noted.words) == ("ada", "to read, to fetch code")
    assert not [key for key in desk.bench.stored() if key.startswith("fetched/")]
    with desk.bench.database.reading() as link:
        assert link.execute(select(errands)).all() == []


def test_the_login_lies_there_sealed_and_nothing_of_it_afterwards(desk: Fetching) -> None:
    ask(desk.desk, ADA, GitFile("code", "a/b.py"))
    with desk.bench.database.reading() as link:
        (row,) = link.execute(select(errands)).all()
    assert row.sealed
    assert CANARY not in str(row)
    work = take(desk.parts, "worker", lambda *_: None)
    with desk.bench.database.reading() as link:
        assert [row.sealed for row in link.execute(select(errands))] == [None], "nobody gets it a second time"
    work()
    with desk.bench.database.reading() as link:
        (row,) = link.execute(select(errands)).all()
    assert (row.sealed, row.answer["ok"]) == (None, True)


def test_a_connection_of_others_is_not_there(desk: Fetching) -> None:
    with pytest.raises(NotFound, match="no connection 'code' for you"):
        ask(desk.desk, BOB, GitFile("code", "a/b.py"))
    desk.desk.vault.make(
        ROOT, Draft("web", ConnectionKind.HTTP, settings={"url": "https://x"}, secrets={"token": "t" * 8})
    )
    with pytest.raises(Invalid, match="is of kind http, not git"):
        ask(desk.desk, ROOT, GitFile("web", "a/b.py"))


def test_what_cannot_be_had_comes_back_in_the_same_words(desk: Fetching) -> None:
    for wanted, words in (
        (GitFile(ADDRESS, "a/b.py"), "or it is private"),
        (GitFile("code", "none.py"), "no file 'none.py'"),
        (HomeFile("a.py"), "has no home yet"),
    ):
        worker = desk.works()
        with pytest.raises(NotFound, match=words), fetched(desk.desk, desk.bench.store, ADA, wanted):
            raise AssertionError
        worker.join(5)
    desk.fetcher.engine_away()
    worker = desk.works()
    with (
        pytest.raises(Unavailable, match="does not answer"),
        fetched(desk.desk, desk.bench.store, ADA, GitFile("code", "a/b.py")),
    ):
        raise AssertionError
    worker.join(5)


def test_without_a_worker_nobody_waits(desk: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WAIT_SECONDS", 0.1)
    with (
        pytest.raises(Unavailable, match="no worker has fetched it"),
        fetched(desk.desk, desk.bench.store, ADA, GitFile(OPEN, "a/b.py")),
    ):
        raise AssertionError
    desk.bench.records.let_go("worker")
    with pytest.raises(Unavailable, match="no worker is there"):
        ask(desk.desk, ADA, GitFile(OPEN, "a/b.py"))


def locked(desk: Fetching, owner: str = "ada") -> Errand:
    place = {"kind": "git", "repository": "code", "address": "", "ref": "", "path": "a/b.py", "folder": None}
    errand = Errand(
        f"of-{owner}", ErrandKind.GIT, owner, {"place": place}, ErrandState.LOCKED, "code", "schedule", 1.0
    )
    desk.bench.records.add_errand(errand)
    return errand


def test_the_api_opens_what_a_worker_began_with_rights_of_now(desk: Fetching) -> None:
    people = MemoryPeople({"a": ADA, "b": BOB})
    for owner in ("ada", "bob", "gone"):
        locked(desk, owner)
    assert not desk.work(), "nothing is done before"
    assert unlock(desk.desk, people, desk.bench.parts.policies) == 3
    assert unlock(desk.desk, people, desk.bench.parts.policies) == 0
    while desk.work():
        pass
    results = {errand.owner: result for errand, result in desk.ended}
    assert results["ada"].source == b"print(1)"
    assert "no connection 'code' for you" in results["bob"].message
    assert results["gone"].message == "there is nobody called gone any more"


def test_what_a_dead_worker_had_is_opened_and_done_anew(desk: Fetching) -> None:
    people = MemoryPeople({"a": ADA})
    locked(desk)
    unlock(desk.desk, people, desk.bench.parts.policies)
    desk.bench.records.beat("dead", 1, 1)
    assert take(desk.parts, "dead", lambda *_: None) is not None
    assert not desk.work(), "it may be at it yet"
    desk.bench.records.let_go("dead")
    assert not desk.work(), "its login is gone"
    assert unlock(desk.desk, people, desk.bench.parts.policies) == 1
    assert desk.work()
    assert len(desk.ended) == 1


def test_what_nobody_came_for_is_forgotten(desk: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(desk.desk, ADA, GitFile("code", "a/b.py"))
    desk.work()
    tidy(desk.bench.records, desk.bench.store)
    assert [key for key in desk.bench.stored() if key.startswith("fetched/")]
    monkeypatch.setattr(fetching, "FORGET_SECONDS", -1.0)
    tidy(desk.bench.records, desk.bench.store)
    assert not [key for key in desk.bench.stored() if key.startswith("fetched/")]


@pytest.mark.parametrize(
    "wanted",
    [
        GitFile("file:///etc", "a.py"),
        GitFile("ext::sh -c id", "a.py"),
        GitFile("ssh://git@x/y", "a.py"),
        GitFile("https://ada:secret@x/y", "a.py"),
        GitFile("https://x/y z", "a.py"),
        GitFile("Not a name", "a.py"),
        GitFile(OPEN, ""),
        GitFile(OPEN, "../a.py"),
        GitFile(OPEN, "/a.py"),
        GitFile(OPEN, "a.py", folder="a/../.."),
        GitFile(OPEN, "a\n.py"),
        *(
            GitFile(OPEN, "a.py", ref)
            for ref in ("-x", "a b", "a:b", "+a", "a..b", "a^", "*", "a@{1}", "x.lock")
        ),
    ],
)
def test_what_is_no_place_in_a_repository_is_refused(wanted: GitFile) -> None:
    with pytest.raises(Invalid):
        check_git_file(wanted)


def test_paths_are_tidied() -> None:
    assert check_git_file(GitFile(f" {OPEN} ", "./a//b.py", "feature/x", "a/")) == GitFile(
        OPEN, "a/b.py", "feature/x", "a"
    )
    assert check_home_file(HomeFile("~/a/b.py", "a")) == HomeFile("a/b.py", "a")
    for wrong in (HomeFile("../a.py"), HomeFile("/etc/passwd"), HomeFile("a.py", ""), HomeFile("")):
        with pytest.raises(Invalid):
            check_home_file(wrong)
