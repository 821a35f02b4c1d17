"""What every Records does with lists: each filter alone and together, the same runs as looking at all of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.adapters import list_sql
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.run_rows import to_row
from nightdesk.server.adapters.schema import runs as table
from nightdesk.server.domain.pattern import Pattern
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.records import RunFilter
from sqlalchemy import event

from .runs import a_run

NAMES = ["report.ipynb", "Monthly REPORT", "Übersicht", "übersicht 2", "100%", "a_b", "axb", "train.py"]
MANY = [f"name {number}" for number in range(90)]


def some(count: int) -> list[Run]:
    """Runs of several people, names, statuses and versions; many were submitted at the same moment."""
    chance = random.Random(7)  # noqa: S311 - no secret
    return [
        a_run(
            id=f"run-{number:05}",
            owner=chance.choice(["ada", "bob", "eve"]),
            name=chance.choice(NAMES + MANY),
            status=chance.choice([Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.QUEUED]),
            version=chance.choice(["2026.10.1", "2026.11.1"]),
            created_at=float(number // 3),
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RecordsSql, list[Run]]]:
    path: Path = tmp_path_factory.mktemp("lists") / "records.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    made = some(2500)
    with database.writing() as connection:
        connection.execute(table.insert(), [to_row(run) for run in made])
    yield RecordsSql(database), sorted(made, key=lambda run: (run.created_at, run.id), reverse=True)
    database.close()


def fits(run: Run, wanted: RunFilter) -> bool:
    """The filter, said another way."""
    exactly = {
        "owner": run.owner,
        "status": run.status,
        "environment": run.environment,
        "version": run.version,
    }
    return (
        all(getattr(wanted, key) in (None, value) for key, value in exactly.items())
        and (wanted.name is None or Pattern(wanted.name).fits(run.name))
        and (wanted.since is None or run.created_at >= wanted.since)
        and (wanted.until is None or run.created_at < wanted.until)
        and (wanted.before is None or (run.created_at, run.id) < wanted.before)
    )


FILTERS: list[dict[str, Any]] = [
    {}, {"owner": "ada"}, {"status": Status.FAILED}, {"owner": "bob", "status": Status.QUEUED},
    {"environment": "python-data"}, {"environment": "python-r"}, {"version": "2026.10.1"}, {"since": 100.0, "until": 200.0},
    {"until": 3.0}, {"since": 5000.0}, {"before": (400.0, "run-01201")}, {"before": (0.0, "run-00001")},
    {"owner": "ada", "before": (400.0, "run-01201")}, {"status": Status.FAILED, "before": (400.0, "run-01201")},
    {"name": "report.ipynb"}, {"name": "REPORT.ipynb"}, {"name": "nobody's"}, {"name": "*"}, {"name": "*report*"},
    {"name": "*ÜBERSICHT*"}, {"name": "*%*"}, {"name": "a_b"}, {"name": "*a_b*"}, {"name": "name 7*"}, {"name": "*nobody*"},
    {"name": "NAME*"}, {"owner": "ada", "name": "report.ipynb"}, {"owner": "ada", "name": "*report*"},
    {"owner": "nobody", "name": "*report*"}, {"owner": "eve", "name": "name 12", "status": Status.FAILED},
    {"name": "*7*", "status": Status.QUEUED, "version": "2026.10.1", "since": 50.0, "until": 700.0},
    {"owner": "ada", "name": "*report*", "before": (400.0, "run-01201")},
]  # fmt: skip


@pytest.mark.parametrize("leaps", [2000, 20], ids=["few names", "a name for each run"])
@pytest.mark.parametrize("limit", [1, 7, 50, 5000])
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_filter_finds_what_it_means_newest_first(
    filled: tuple[RecordsSql, list[Run]],
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
    limit: int,
    leaps: int,
) -> None:
    monkeypatch.setattr(list_sql, "_LEAPS", leaps)
    records, everything = filled
    asked = RunFilter(**wanted, limit=limit)
    expected = [run.id for run in everything if fits(run, asked)][:limit]
    assert [run.id for run in records.runs(asked)] == expected


@pytest.mark.parametrize(
    "wanted", [{}, {"owner": "ada"}, {"name": "*report*"}, {"owner": "bob", "name": "*7*"}]
)
def test_turning_pages_of_a_filter_loses_and_doubles_nothing(
    filled: tuple[RecordsSql, list[Run]], wanted: dict[str, Any]
) -> None:
    records, everything = filled
    seen: list[str] = []
    before = None
    while page := records.runs(RunFilter(**wanted, limit=40, before=before)):
        seen += [run.id for run in page]
        before = (page[-1].created_at, page[-1].id)
    assert seen == [run.id for run in everything if fits(run, RunFilter(**wanted))]


def test_the_name_is_data_and_no_query(records: RecordsSql) -> None:
    records.add_run(a_run(name="x"))
    for name in ("' or 1=1 --", "%", "_", "\\", "[a-z]", "x\x00", "*" * 200, "*?" * 100):
        assert records.runs(RunFilter(name=name)) == ([a_run(name="x")] if name == "*" * 200 else [])


@pytest.fixture
def steps(filled: tuple[RecordsSql, list[Run]]) -> Iterator[Callable[[RunFilter], list[str]]]:
    """How the database says that it goes about a list: the plan of each of its queries."""
    database = filled[0]._database
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    def plans(wanted: RunFilter) -> list[str]:
        asked.clear()
        filled[0].runs(wanted)
        queries = list(asked)
        with database.reading() as connection:
            found = [
                connection.exec_driver_sql(f"explain query plan {query}", parameters)
                for query, parameters in queries
            ]
            return [row[3] for rows in found for row in rows]

    event.listen(database.engine, "before_cursor_execute", note)
    yield plans
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "runs_newest"),
        ({"owner": "ada"}, "runs_of_owner "),
        ({"status": Status.FAILED}, "runs_of_status"),
        ({"owner": "ada", "status": Status.FAILED}, "runs_of_owner_and_status"),
        ({"owner": "ada", "since": 5.0, "until": 9.0}, "runs_of_owner "),
        ({"owner": "ada", "before": (400.0, "run-01201")}, "runs_of_owner "),
        ({"since": 5.0, "until": 9.0}, "runs_newest"),
        ({"owner": "ada", "name": "name 12"}, "runs_of_owner_and_name"),
        ({"owner": "ada", "name": "name 12", "status": Status.FAILED}, "runs_of_owner_and_name"),
        ({"owner": "ada", "name": "name 12", "environment": "python-data"}, "runs_of_owner_and_name"),
        ({"name": "name 12"}, "runs_of_name"),
        ({"name": "name 12", "status": Status.FAILED}, "runs_of_name"),
        ({"environment": "python-data"}, "runs_of_environment"),
        ({"environment": "python-data", "version": "1"}, "runs_of_version"),
        ({"owner": "ada", "environment": "python-data"}, "runs_of_owner_and_environment"),
        ({"owner": "ada", "environment": "python-data", "version": "1"}, "runs_of_owner_and_version"),
    ],
    ids=str,
)
def test_a_list_walks_along_an_index_in_its_own_order(
    steps: Callable[[RunFilter], list[str]], wanted: dict[str, Any], index: str
) -> None:
    """What is looked at is what is shown, however many runs there are."""
    plan = steps(RunFilter(**wanted))
    assert any(f"{index} ".replace("  ", " ") in f"{step} " for step in plan), plan
    assert not [step for step in plan if step == "SCAN runs"], plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan[:1], plan


@pytest.mark.parametrize("leaps", [2000, 20], ids=["few names", "a name for each run"])
def test_a_rare_name_is_looked_up_among_the_names(
    steps: Callable[[RunFilter], list[str]], monkeypatch: pytest.MonkeyPatch, leaps: int
) -> None:
    monkeypatch.setattr(list_sql, "_WALK", 100)
    monkeypatch.setattr(list_sql, "_LEAPS", leaps)
    plan = steps(RunFilter(owner="ada", name="*nobody*"))
    assert any("COVERING INDEX runs_of_owner_and_name" in step for step in plan), plan
    assert len(steps(RunFilter(name="*name*", limit=5000))) < 30, (
        "of many names not each one's runs are asked for"
    )
