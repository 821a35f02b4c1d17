"""Statuses of commits: what each host is told of a run, once, with the owner's rights of then."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.commit_status import commit_status
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.errand import MOST_TRIES
from nightdesk.server.domain.errors import Invalid, Unavailable
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.repository import GitFile
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.services.connections import Rewording

from ..domain.runs import a_run
from ..workbench import ROOT, Bench
from .test_fetched_ticks import Both
from .test_fetching import CANARY

COMMIT = "a" * 40


def told(
    api: str,
    status: Status = Status.SUCCEEDED,
    url: str = "https://git.example.org/team/a b.git",
    **more: Any,
) -> Any:
    run = a_run(
        git={"commit": COMMIT}, name="nightly", status=status, reason="no.", started_at=1.0, finished_at=61.0
    )
    return commit_status(run, "https://desk/runs/x", {"url": url, "api": api, "api_url": "", **more}, "t")


def test_each_host_in_its_own_words() -> None:
    gitea = told("gitea")
    assert gitea.url == f"https://git.example.org/api/v1/repos/team/a%20b/statuses/{COMMIT}"
    assert gitea.headers == {"Authorization": "token t"}
    assert gitea.document == {
        "state": "success",
        "context": "nightdesk/nightly",
        "target_url": "https://desk/runs/x",
        "description": "succeeded after 1 min",
    }
    assert told("github").url.startswith("https://git.example.org/api/v3/repos/")
    assert (
        told("github", url="https://github.com/a/b").url
        == f"https://api.github.com/repos/a/b/statuses/{COMMIT}"
    )
    assert told("github").headers == {"Authorization": "Bearer t"}
    gitlab = told("gitlab")
    assert gitlab.url == f"https://git.example.org/api/v4/projects/team%2Fa%20b/statuses/{COMMIT}"
    assert (gitlab.headers, gitlab.document["name"]) == ({"PRIVATE-TOKEN": "t"}, "nightdesk/nightly")
    assert told("gitea", api_url="https://api.example.org/").url.startswith("https://api.example.org/repos/")


@pytest.mark.parametrize(
    ("status", "github", "gitlab"),
    [
        (Status.FAILED, "failure", "failed"),
        (Status.TIMED_OUT, "failure", "failed"),
        (Status.CANCELLED, "error", "canceled"),
        (Status.LOST, "error", "failed"),
    ],
)
def test_what_did_not_succeed(status: Status, github: str, gitlab: str) -> None:
    assert told("github", status).document["state"] == github
    assert told("gitlab", status).document["state"] == gitlab
    assert told("github", status).document["description"].endswith(": no.")


class Reporting:
    """A run of a commit, whose connection says what its host speaks."""

    def __init__(self, bench: Bench, api: str | None = "gitea") -> None:
        self.both = Both(bench)
        self.bench = bench
        self.fetcher = self.both.fetching.fetcher
        self.vault = self.both.fetching.desk.vault
        self.vault.change(ROOT, "code", Rewording(settings={"api": api}))
        self.commit = self.both.push()
        made = self.both.make(GitFile("code", "a/n.ipynb"), file="n.ipynb")
        self.both.look("06:10")
        self.run: Run = bench.run(self.both.scheduling.ticks(made)[0].run_id or "")
        bench.supervisor().supervise(self.run.id)
        assert bench.records.note_ends(100)

    def noted(self) -> list[str]:
        return [entry.words for entry in self.bench.records.entries(AuditFilter(action="run.reported"))]


def test_the_host_is_told_once(bench: Bench) -> None:
    reporting = Reporting(bench)
    for _ in range(2):
        reporting.both.fetch()
        bench.records.note_ends(100)
    ((url, headers, document),) = reporting.fetcher.told
    assert url == f"https://git.example.org/api/v1/repos/team/reports/statuses/{reporting.commit}"
    assert headers == {"Authorization": f"token {CANARY}"}
    assert (document["state"], document["target_url"].endswith(f"/runs/{reporting.run.id}")) == (
        "success",
        True,
    )
    assert reporting.noted() == [f"commit {reporting.commit[:12]} has its status"]


def test_without_a_word_of_its_api_the_host_is_told_nothing(bench: Bench) -> None:
    reporting = Reporting(bench, None)
    reporting.both.fetch()
    assert (reporting.fetcher.told, reporting.noted()) == ([], [])
    uses = bench.records.entries(AuditFilter(action="connection.used"))
    assert all("to tell of a run" not in use.words for use in uses)


def test_who_may_not_use_it_any_more_has_nothing_told(bench: Bench) -> None:
    reporting = Reporting(bench)
    reporting.vault.revoke(ROOT, "code", Grant(Kind.PERSON, "ada"))
    reporting.both.fetch()
    assert reporting.fetcher.told == []
    assert "no connection 'code' for you" in reporting.noted()[0]


def test_a_host_that_does_not_answer_is_told_later_and_one_that_refuses_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting = Reporting(bench)
    monkeypatch.setattr("nightdesk.server.services.reporting.wait_before", lambda _tries: -1.0)
    reporting.fetcher.error = Unavailable("it does not answer")
    for number in range(1, MOST_TRIES):
        reporting.both.fetch()
        assert reporting.noted() == [], number
    reporting.both.fetch()
    assert reporting.noted() == ["its commit got no status: it does not answer"]
    reporting.both.fetch()
    assert len(reporting.noted()) == 1


def test_a_host_that_refuses(bench: Bench) -> None:
    reporting = Reporting(bench)
    reporting.fetcher.error = Invalid("it answered 404")
    reporting.both.fetch()
    assert reporting.noted() == ["its commit got no status: it answered 404"]


def test_only_known_hosts(bench: Bench) -> None:
    reporting = Reporting(bench)
    with pytest.raises(Invalid, match="must be one of github, gitea, gitlab"):
        reporting.vault.change(ROOT, "code", Rewording(settings={"api": "bitbucket"}))
