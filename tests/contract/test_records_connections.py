"""What every Records does with connections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.audit import AuditFilter, Note
from nightdesk.server.domain.connection import Connection, Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run_token import Attempt
from nightdesk.server.ports.connections import ConnectionTest

from .on_record import at_once

WAREHOUSE = Connection(
    "warehouse",
    ConnectionKind.POSTGRESQL,
    "The warehouse",
    "All sales.",
    {"host": "db", "port": 5432},
    secret_names=("password",),
    sealed="1.key.sealed",
)
MADE = Note("root", "connection.made", "warehouse")
CHANGED = Note("root", "connection.changed", "warehouse")
GRANTED = Note("root", "connection.granted", "warehouse")
USED = Note("ada", "connection.used", "warehouse", words="to read")
TEAM, ADA = Grant(Kind.GROUP, "team"), Grant(Kind.PERSON, "ada", True)


@pytest.fixture
def warehouse(records: RecordsSql) -> Connection:
    return records.add_connection(WAREHOUSE, MADE)


def noted(records: RecordsSql) -> list[str]:
    return [entry.action for entry in records.entries(AuditFilter(action="connection"))]


def test_one_comes_back_as_it_was_made(records: RecordsSql, warehouse: Connection) -> None:
    assert replace(warehouse, created_at=0, created_by="", changed_at=0, changed_by="") == WAREHOUSE
    assert (warehouse.created_by, warehouse.changed_by) == ("root", "root")
    assert warehouse.created_at == warehouse.changed_at > 0
    assert records.connection("warehouse") == warehouse
    assert records.connections() == [warehouse]
    assert records.connection("elsewhere") is None
    assert noted(records) == ["connection.made"]


@pytest.mark.usefixtures("warehouse")
def test_there_is_one_of_a_name(records: RecordsSql) -> None:
    with pytest.raises(Conflict):
        records.add_connection(WAREHOUSE, MADE)
    assert noted(records) == ["connection.made"], "and nothing is noted that did not happen"


def test_who_changes_what_they_have_read_loses_nothing_of_another(
    records: RecordsSql, warehouse: Connection
) -> None:
    records.grant("warehouse", TEAM, GRANTED)
    first = records.change_connection(warehouse, replace(warehouse, title="first"), CHANGED)
    assert (first.title, first.grants) == ("first", (TEAM,))
    with pytest.raises(Conflict):
        records.change_connection(warehouse, replace(warehouse, title="second"), CHANGED)
    records.remove_connection("warehouse", CHANGED)
    with pytest.raises(Conflict):
        records.change_connection(first, replace(first, title="third"), CHANGED)


def test_all_are_sealed_anew_or_none(records: RecordsSql, warehouse: Connection) -> None:
    other = records.add_connection(replace(WAREHOUSE, name="other"), MADE)
    note = Note("root", "connection.resealed")
    records.reseal_connections([(warehouse, "1.new.a"), (other, "1.new.b")], note)
    assert [each.sealed for each in records.connections()] == ["1.new.b", "1.new.a"]
    now = records.connection("other")
    assert now is not None
    with pytest.raises(Conflict):
        records.reseal_connections([(now, "1.newer.b"), (warehouse, "1.newer.a")], note)
    assert [each.sealed for each in records.connections()] == ["1.new.b", "1.new.a"]


@pytest.mark.usefixtures("warehouse")
def test_a_grant_says_anew_what_an_earlier_one_said(records: RecordsSql) -> None:
    assert records.grant("warehouse", TEAM, GRANTED)
    assert records.grant("warehouse", replace(TEAM, write=True), GRANTED)
    assert records.grant("warehouse", ADA, GRANTED)
    found = records.connection("warehouse")
    assert found is not None
    assert set(found.grants) == {replace(TEAM, write=True), ADA}
    assert records.connections() == [found]
    assert records.revoke("warehouse", TEAM, CHANGED)
    assert not records.revoke("warehouse", TEAM, CHANGED)
    assert not records.grant("elsewhere", TEAM, GRANTED)


@pytest.mark.usefixtures("warehouse")
def test_what_goes_takes_its_grants_along(records: RecordsSql) -> None:
    records.grant("warehouse", TEAM, GRANTED)
    assert records.remove_connection("warehouse", CHANGED)
    assert not records.remove_connection("warehouse", CHANGED)
    assert records.add_connection(WAREHOUSE, MADE).grants == ()


@pytest.mark.usefixtures("warehouse")
def test_nobody_inherits_what_was_granted_to_one_of_their_name(records: RecordsSql) -> None:
    records.grant("warehouse", ADA, GRANTED)
    records.grant("warehouse", Grant(Kind.GROUP, "ada"), GRANTED)
    assert records.forget_grants(Kind.PERSON, "ada") == 1
    found = records.connection("warehouse")
    assert found is not None
    assert found.grants == (Grant(Kind.GROUP, "ada"),)


@pytest.mark.usefixtures("warehouse")
def test_each_use_is_noted_and_a_run_s_once_for_its_manifest(records: RecordsSql) -> None:
    attempt = Attempt("abcdefghijkm", 2)
    records.note_use("warehouse", USED, attempt)
    records.note_use("warehouse", USED, attempt)
    records.note_use("warehouse", USED, None)
    assert noted(records).count("connection.used") == 3
    assert records.used_by(attempt.run_id, 2) == ["warehouse"]
    assert records.used_by(attempt.run_id, 1) == []
    found = records.connection("warehouse")
    assert found is not None
    assert found.last_used_at is not None
    with pytest.raises(NotFound):
        records.note_use("elsewhere", USED, None)


@pytest.mark.usefixtures("warehouse")
def test_many_at_once_are_all_noted(records: RecordsSql) -> None:
    assert at_once(40, lambda n: records.note_use("warehouse", USED, Attempt(f"run{n}", 1))) == [None] * 40
    assert len(records.entries(AuditFilter(action="connection.used", limit=100))) == 40
    assert records.verify().broken is None


def test_a_test_is_taken_once_and_what_it_needs_is_gone_then(records: RecordsSql) -> None:
    records.add_connection_test(ConnectionTest("t1", "warehouse", "root", "sealed-1"))
    records.add_connection_test(ConnectionTest("t2", "warehouse", "root", "sealed-2"))
    first, second = records.take_connection_test(60), records.take_connection_test(60)
    assert first is not None
    assert second is not None
    assert {first.sealed, second.sealed} == {"sealed-1", "sealed-2"}
    assert records.take_connection_test(60) is None
    waiting = records.connection_test("t1")
    assert waiting is not None
    assert (waiting.sealed, waiting.answer) == ("", None)
    records.answer_connection_test("t1", {"ok": True})
    answered = records.connection_test("t1")
    assert answered is not None
    assert answered.answer == {"ok": True}
    records.drop_connection_test("t1")
    assert records.connection_test("t1") is None


def test_a_test_that_nobody_waits_for_any_more_is_forgotten(records: RecordsSql) -> None:
    records.add_connection_test(ConnectionTest("t1", "warehouse", "root", "sealed-1"))
    assert records.take_connection_test(-1) is None
    assert records.connection_test("t1") is None


def test_what_is_sealed_is_in_no_other_column(database: Database, records: RecordsSql) -> None:
    records.add_connection(replace(WAREHOUSE, sealed="canary"), MADE)
    with database.reading() as link:
        tables = [
            row[0] for row in link.exec_driver_sql("select name from sqlite_master where type = 'table'")
        ]
        found = {
            table
            for table in tables
            if "canary" in str(link.exec_driver_sql(f"select * from {table}").all())  # noqa: S608
        }
    assert found == {"connections"}
