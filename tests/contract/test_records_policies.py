"""What every Records does with policies, and lists of what somebody sees through groups."""

from __future__ import annotations

import itertools

import pytest
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.policy import Kind, Limit, Policy, Reach
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import Audience, RunFilter

from .runs import a_run

LAB = Policy(
    Kind.GROUP,
    "lab",
    Reach.ALL,
    Reach.GROUP,
    ("small", "medium"),
    {Limit.RUNS: 4, Limit.HOME: None, Limit.RUN_HOURS: 2.5},
    3,
)


def test_a_policy_comes_back_as_it_was_kept(records: RecordsSql) -> None:
    records.set_policy(LAB)
    records.set_policy(Policy(Kind.EVERYBODY, limits={Limit.CPUS: 8}))
    assert {policy.kind: policy for policy in records.policies()} == {
        Kind.GROUP: LAB,
        Kind.EVERYBODY: Policy(Kind.EVERYBODY, limits={Limit.CPUS: 8}),
    }


def test_one_that_says_nothing_is_not_kept(records: RecordsSql) -> None:
    records.set_policy(LAB)
    records.set_policy(Policy(Kind.GROUP, "lab"))
    assert records.policies() == []


@pytest.fixture
def many(records: RecordsSql) -> RecordsSql:
    """Runs of four people in several groups, newest last."""
    groups = {"ada": ("lab",), "bob": ("lab", "night"), "cyd": ("night",), "dan": ()}
    for number, owner in enumerate(itertools.islice(itertools.cycle(groups), 40)):
        records.add_run(
            a_run(
                id=f"{owner}-{number:02}",
                owner=owner,
                name=f"job {number % 3}",
                groups=groups[owner],
                created_at=1000.0 + number,
                environment="python-data" if number % 2 else "r-data",
            )
        )
    return records


def listed(records: RecordsSql, *groups: str, who: str = "eve", **wanted: object) -> list[str]:
    found = records.runs(RunFilter(seen_by=Audience(who, frozenset(groups)), limit=100, **wanted))  # type: ignore[arg-type]
    assert [run.id for run in found] == [run.id for run in sorted(found, key=lambda run: -run.created_at)]
    return [run.id for run in found]


def owners(found: list[str]) -> set[str]:
    return {run_id.partition("-")[0] for run_id in found}


def test_an_audience_sees_its_own_and_what_was_made_in_its_groups(many: RecordsSql) -> None:
    assert listed(many) == []
    assert owners(listed(many, who="dan")) == {"dan"}
    assert owners(listed(many, "lab")) == {"ada", "bob"}
    assert owners(listed(many, "night", who="dan")) == {"bob", "cyd", "dan"}
    assert len(listed(many, "lab", "night")) == 30, "a run in two of the groups stands there once"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"status": Status.QUEUED},
        {"environment": "r-data"},
        {"name": "job 1"},
        {"name": "*JOB 1*"},
        {"since": 1010.0, "until": 1030.0},
        {"owner": "ada"},
        {"owner": "dan"},
        {"owner": "bob", "name": "job*"},
    ],
)
def test_every_filter_holds_besides(many: RecordsSql, wanted: dict[str, object]) -> None:
    everything = [run.id for run in many.runs(RunFilter(limit=100, **wanted))]  # type: ignore[arg-type]
    mine = {"ada", "bob", "cyd"}
    expected = [run_id for run_id in everything if run_id.partition("-")[0] in mine]
    assert listed(many, "lab", who="cyd", **wanted) == expected


def test_pages_follow_each_other_without_a_gap(many: RecordsSql) -> None:
    whole = listed(many, "night", who="ada")
    found: list[str] = []
    before = None
    while True:
        page = many.runs(RunFilter(seen_by=Audience("ada", frozenset({"night"})), limit=7, before=before))
        if not page:
            break
        found += [run.id for run in page]
        before = (page[-1].created_at, page[-1].id)
    assert found == whole


def test_one_who_sees_very_many_people_gets_the_same(
    many: RecordsSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed(many, "lab", "night", who="dan")
    monkeypatch.setattr("nightdesk.server.adapters.list_sql._MANY_OWNERS", 1)
    assert listed(many, "lab", "night", who="dan") == whole


def test_few_among_many_are_found_as_well(many: RecordsSql, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [run.id for run in many.runs(RunFilter(seen_by=Audience("eve", frozenset({"lab"})), limit=5))]
    monkeypatch.setattr("nightdesk.server.adapters.list_sql._WALK", 2)
    again = [run.id for run in many.runs(RunFilter(seen_by=Audience("eve", frozenset({"lab"})), limit=5))]
    assert found == again == listed(many, "lab")[:5]


def test_runs_that_are_handed_over_are_in_the_heir_s_groups(many: RecordsSql) -> None:
    many.hand_over_some("cyd", "dan", ("lab",), "", 100)
    assert owners(listed(many, "night")) == {"bob"}
    assert owners(listed(many, "lab")) == {"ada", "bob", "cyd"}, "by their ids, which they keep"
