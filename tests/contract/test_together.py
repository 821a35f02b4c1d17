"""Changes that are made together: one wait for the disk, and one that fails takes nothing from the others."""

from __future__ import annotations

import threading

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.together import Together
from nightdesk.server.domain.errors import Unavailable
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from .on_record import at_once
from .runs import a_run


def test_what_gathers_while_one_waits_is_one_transaction(database: Database) -> None:
    commits, begun, go_on = list[int](), threading.Event(), threading.Event()
    event.listen(database.engine, "commit", lambda _connection: commits.append(1))
    together = Together(database)

    def work(number: int) -> int:
        def change(connection: Connection) -> int:
            begun.set()
            go_on.wait(10)
            return number + int(connection.exec_driver_sql("select 0").scalar_one())

        if number:
            begun.wait(10)
        if number == 19:
            threading.Timer(0.2, go_on.set).start()
        return together.make(change)

    assert sorted(at_once(20, work)) == list(range(20))
    assert len(commits) == 2, "the first by itself, then all who came meanwhile"


def test_one_that_fails_takes_nothing_from_the_others(records: RecordsSql) -> None:
    """Twenty at once; every fifth has the id of a run that is there."""
    records.add_run(a_run(id="there"))

    def work(number: int) -> str:
        try:
            records.add_run(a_run(id="there" if number % 5 == 0 else f"run-{number}"))
        except IntegrityError:
            return "refused"
        return "added"

    assert sorted(at_once(20, work)) == ["added"] * 16 + ["refused"] * 4
    for number in range(20):
        assert (records.run(f"run-{number}") is None) == (number % 5 == 0)


def test_all_are_told_where_the_database_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Together(database)

    def broken() -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(database, "writing", broken)

    def work(_number: int) -> str:
        try:
            together.make(lambda _connection: None)
        except Unavailable:
            return "told"
        return "not told"

    assert at_once(8, work) == ["told"] * 8
