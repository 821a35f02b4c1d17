"""The audit log on record: only added to, found again by whatever is asked for, and quick when it is long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.adapters.audit_sql import _along, _ways
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import audit
from nightdesk.server.domain.audit import AuditFilter, Entry, Note, Origin, entry_of, origin, seal
from sqlalchemy import event, insert
from sqlalchemy.exc import DBAPIError

from .on_record import added, at_once
from .runs import a_run

HERE = Origin("192.0.2.7", "page")


def noted(records: RecordsSql, *notes: tuple[float, Note]) -> None:
    assert records.note_arrived(notes) == len(notes)


def actions(records: RecordsSql, **wanted: Any) -> list[str]:
    return [entry.action for entry in records.entries(AuditFilter(**wanted))]


# only added to


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET by = 'nobody'",
        "UPDATE audit SET id = 9",
        "DELETE FROM audit",
        'INSERT OR REPLACE INTO audit (id, at, "by", action, object, whom, address, means, words, hash) '
        "VALUES (1, 1, 'x', 'a.b', '', '', '', '', '', '')",
        'REPLACE INTO audit (at, "by", action, object, whom, address, means, words, "key", hash) '
        "VALUES (1, 'x', 'a.b', '', '', '', '', '', 'k', '')",
    ],
)
@pytest.mark.security(26)
def test_the_database_refuses_to_change_an_entry(
    records: RecordsSql, database: Database, statement: str
) -> None:
    noted(records, (1.0, Note("root", "account.approved", "bob", key="k")))
    before = records.entries(AuditFilter())
    with pytest.raises(DBAPIError, match="the audit log is only ever added to"), database.writing() as db:
        db.exec_driver_sql(statement)
    assert records.entries(AuditFilter()) == before


def test_an_entry_says_who_what_whom_when_and_from_where(records: RecordsSql) -> None:
    token = origin.set(HERE)
    try:
        records.note(Note("root", "run.cancelled", "run-1", "bob", "nightly"))
    finally:
        origin.reset(token)
    (entry,) = records.entries(AuditFilter())
    assert abs(entry.at - records.now()) < 5
    assert entry == seal(
        "", Entry(1, entry.at, "root", "run.cancelled", "run-1", "bob", "192.0.2.7", "page", "nightly")
    )


def test_what_happened_elsewhere_is_one_entry_however_often_it_is_sent(records: RecordsSql) -> None:
    sent = [(5.0, Note("ada", "sign-in.done", key="a")), (6.0, Note("", "sign-in.failed", "bob", key="b"))]
    assert records.note_arrived(sent) == 2
    assert records.note_arrived([*sent, (7.0, Note("ada", "sign-out.done", key="c"))]) == 1
    assert actions(records) == ["sign-out.done", "sign-in.failed", "sign-in.done"]


def test_a_submit_and_a_cancel_leave_theirs_in_their_own_transaction(
    records: RecordsSql, database: Database
) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    run = added(records)
    assert len(commits) == 1
    records.request_cancel(run.id, "root")
    assert len(commits) == 2
    cancelled, submitted = records.entries(AuditFilter())
    assert (submitted.action, submitted.by, submitted.object) == ("run.submitted", run.submitted_by, run.id)
    assert (cancelled.action, cancelled.by, cancelled.whom) == ("run.cancelled", "root", run.owner)


def test_the_same_submit_twice_is_noted_once(records: RecordsSql) -> None:
    run = a_run(key="same")
    records.add_run(run)
    records.add_run(replace(run, id="another"))
    records.request_cancel(run.id, "ada")
    records.request_cancel(run.id, "ada")
    assert actions(records) == ["run.cancelled", "run.submitted"]


# the chain


def test_the_chain_holds_also_when_many_write_at_once(records: RecordsSql) -> None:
    at_once(20, lambda number: records.note(Note(f"person-{number}", "run.seen", "r")))
    verdict = records.verify()
    assert (verdict.entries, verdict.broken) == (20, None)
    assert verdict.head == max(records.entries(AuditFilter()), key=lambda entry: entry.id).hash


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE audit SET whom = 'eve' WHERE id = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 4", 5),
    ],
)
@pytest.mark.security(26)
def test_whoever_takes_the_triggers_away_is_found_out(
    records: RecordsSql, database: Database, damage: str, found: int
) -> None:
    noted(records, *((float(n), Note("root", "run.cancelled", f"run-{n}", "bob")) for n in range(1, 7)))
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql(damage)
    assert records.verify().broken == found


# looking


@pytest.fixture
def few(records: RecordsSql) -> RecordsSql:
    noted(
        records,
        (1.0, Note("ada", "run.submitted", "r1", "ada", origin=HERE)),
        (2.0, Note("root", "run.cancelled", "r1", "ada", origin=Origin("192.0.2.8", "token"))),
        (3.0, Note("root", "account.approved", "bob", "bob", origin=HERE)),
        (3.0, Note("bob", "sign-in.done", origin=HERE)),
        (2.5, Note("", "sign-in.failed", "", "ada", origin=HERE)),  # it arrived late
    )
    return records


def test_newest_first_by_when_it_happened_and_not_by_when_it_arrived(few: RecordsSql) -> None:
    assert [entry.at for entry in few.entries(AuditFilter())] == [3.0, 3.0, 2.5, 2.0, 1.0]
    assert few.entries(AuditFilter())[0].by == "bob"


@pytest.mark.parametrize(
    ("wanted", "times"),
    [
        ({"by": "root"}, [3.0, 2.0]),
        ({"action": "run.cancelled"}, [2.0]),
        ({"action": "run"}, [2.0, 1.0]),
        ({"action": "sign-in"}, [3.0, 2.5]),
        ({"on": "ada"}, [2.5, 2.0]),
        ({"on": "bob"}, [3.0]),
        ({"on": "r1"}, [2.0, 1.0]),
        ({"address": "192.0.2.7"}, [3.0, 3.0, 2.5, 1.0]),
        ({"since": 2.5, "until": 3.0}, [2.5]),
        ({"by": "root", "on": "ada", "action": "run", "address": "192.0.2.8"}, [2.0]),
        ({"by": "root", "address": "192.0.2.7"}, [3.0]),
        ({"by": "nobody"}, []),
        ({"action": "other.thing"}, []),
    ],
)
def test_filters(few: RecordsSql, wanted: dict[str, Any], times: list[float]) -> None:
    assert [entry.at for entry in few.entries(AuditFilter(**wanted))] == times


@pytest.mark.parametrize("wanted", [{}, {"by": "root"}, {"on": "bob"}, {"action": "run"}])
def test_pages_give_every_entry_once(records: RecordsSql, wanted: dict[str, Any]) -> None:
    kinds = ["run.cancelled", "run.seen", "token.made"]
    noted(
        records,
        *((float(n // 3), Note("root", kinds[n % 3], f"r{n}", "bob" if n % 2 else "ada")) for n in range(40)),
    )
    whole = records.entries(AuditFilter(**wanted, limit=100))
    paged: list[Entry] = []
    step = AuditFilter(**wanted, limit=7)
    while page := records.entries(step):
        paged += page
        step = replace(step, before=(page[-1].at, page[-1].id))
    assert paged == whole
    assert len(whole) == {"bob": 20}.get(wanted.get("on", ""), {"run": 27}.get(wanted.get("action", ""), 40))


# long


@pytest.fixture
def many(database: Database) -> Database:
    """Fifty thousand entries, nearly all of one admin, from one address."""
    blank = {"object": "", "whom": "", "means": "page", "words": "", "key": None, "hash": ""}
    rows = [
        {**blank, "at": float(n), "by": "root", "action": "run.seen", "address": "192.0.2.1"}
        for n in range(50_000)
    ]
    rows[10] |= {"action": "account.approved", "whom": "bob"}
    rows[20] |= {"by": "ada", "object": "r1"}
    with database.writing() as connection:
        connection.execute(insert(audit), rows)
    return database


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "audit_newest"),
        ({"before": (40_000.0, 40_001)}, "audit_newest"),
        ({"since": 100.0, "until": 200.0}, "audit_newest"),
        ({"by": "ada"}, "audit_by"),
        ({"on": "bob"}, "audit_whom"),
        ({"by": "root", "action": "account.approved"}, "audit_action"),
        ({"by": "ada", "action": "run.seen", "address": "192.0.2.1"}, "audit_by"),
        ({"by": "root", "on": "r1"}, "audit_object"),
    ],
)
def test_a_list_walks_along_the_index_that_leaves_the_fewest(
    many: Database, wanted: dict[str, Any], index: str
) -> None:
    asked = AuditFilter(**wanted)
    plans = []
    with many.reading() as connection:
        for pairs in _ways(asked):
            query = _along(connection, asked, pairs).compile(
                connection, compile_kwargs={"literal_binds": True}
            )
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
            plans.append(" ".join(str(row[-1]) for row in plan))
    assert any(index in plan for plan in plans), plans
    for plan in plans:
        assert "TEMP B-TREE" not in plan
        assert "SCAN audit" not in plan or "USING INDEX audit_newest" in plan


def test_what_is_longer_than_it_may_be_is_cut() -> None:
    entry = entry_of(Note("a" * 300, "run.seen", "o" * 300, words="w" * 5000 + "\udcff"), 1.0)
    assert (len(entry.by), len(entry.object), len(entry.words)) == (255, 255, 1000)
    with pytest.raises(ValueError, match="is no action"):
        Note("a", "whatever")
