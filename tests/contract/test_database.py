"""SQLite as a platform's database: many at once, not there, and its tables."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from nightdesk.server.adapters import database as database_module
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import metadata
from nightdesk.server.adapters.sealing import AesSealing
from nightdesk.server.domain.errors import DatabaseTooNew, Unavailable
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import LogChunk, RunFilter
from nightdesk.server.services.addresses import PURPOSE, opened, target_of
from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from .on_record import added, at_once, running
from .runs import a_run

# many at once, and a database that does not answer


def test_twenty_writers_wait_for_each_other(records: RecordsSql) -> None:
    def work(number: int) -> str:
        run = running(records, id=f"run-{number}")
        for cell in range(5):
            run = records.change(run, cell=cell, cells=5)
            records.add_log(run, [LogChunk(cell + 1, cell, "stdout", cell, "x")])
            records.beat(f"worker-{number}", 1, 2**40)
        return records.change(run, status=Status.SUCCEEDED, reason="x").status.value

    assert at_once(20, work) == ["succeeded"] * 20
    assert all(records.log_end(run) == (5, 5) for run in records.runs(RunFilter(limit=100)))


def test_a_writer_waits_for_one_in_another_process_and_no_longer(database: Database) -> None:
    """Another process has its turn for a fifth of a second; whoever waits for it goes right after."""
    holds = "import fcntl, sys, time; turn = open(sys.argv[1], 'a'); fcntl.flock(turn, fcntl.LOCK_EX); "
    holds += "print(flush=True); time.sleep(0.2)"
    turn = f"{make_url(database.url).database}.turn"
    with subprocess.Popen([sys.executable, "-c", holds, turn], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with database.writing() as connection:
            assert other.poll() is not None or other.wait(1) == 0
            assert connection.exec_driver_sql("select 1").scalar_one() == 1


def test_a_turn_that_never_comes_is_told_in_words(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.1)
    with Path(f"{make_url(database.url).database}.turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="the database does not answer"), database.writing():
            pass
    with database.writing() as connection:
        assert connection.exec_driver_sql("select 1").scalar_one() == 1


def test_what_fails_half_way_leaves_nothing(records: RecordsSql, database: Database) -> None:
    run = running(records)

    def fail() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("update runs set reason = 'half'")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert records.run(run.id) == run


def test_a_closed_database_holds_nothing_and_can_be_asked_again(database: Database) -> None:
    def held() -> list[str]:
        files = [str(each.resolve()) for each in Path("/proc/self/fd").iterdir()]
        return [file for file in files if "records.db" in file]

    run = added(RecordsSql(database))
    assert held()
    database.close()
    assert held() == []
    assert RecordsSql(database).run(run.id) == run


def test_a_lock_that_is_held_too_long_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.1)
    database = Database(f"sqlite:///{tmp_path}/records.db")
    database.migrate()
    records = RecordsSql(database)
    run = added(records)
    with database.writing() as connection:
        connection.exec_driver_sql("update runs set reason = 'held'")
        for write in (
            lambda: records.claim(run.id, "one"),
            lambda: records.add_run(a_run(id="other")),
            lambda: records.request_cancel(run.id, "ada"),
            lambda: records.beat("one", 1, 2**40),
        ):
            with pytest.raises(Unavailable) as caught:
                write()
            assert caught.value.message == "the database does not answer"
            assert caught.value.hint == "Nothing was changed; try again in a moment."
        assert records.run(run.id) == run, "readers do not wait, and see what was there before"
    assert records.claim(run.id, "one") is not None
    database.close()


def test_more_askers_than_connections_are_told_in_words(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/records.db")
    database.migrate()
    database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    held = [database.engine.connect() for _ in range(40)]
    with pytest.raises(Unavailable, match="the database is too busy"):
        RecordsSql(database).now()
    for connection in held:
        connection.close()
    assert RecordsSql(database).now()
    database.close()


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/records.db")
    with pytest.raises(Unavailable, match="the database does not answer"):
        RecordsSql(database).now()
    database.close()


# tables


def test_migrations_give_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as connection:
        found = inspect(connection)
        tables = set(found.get_table_names()) - {"alembic_version"}
        assert tables == set(metadata.tables)
        for name, table in metadata.tables.items():
            assert {column["name"] for column in found.get_columns(name)} == {
                column.name for column in table.columns
            }
            nullable = {column["name"]: column["nullable"] for column in found.get_columns(name)}
            assert nullable == {column.name: column.nullable for column in table.columns}
            assert {index["name"] for index in found.get_indexes(name)} == {
                index.name for index in table.indexes
            }
            primary = set(found.get_pk_constraint(name)["constrained_columns"])
            assert primary == {column.name for column in table.primary_key}
        unique = {constraint["name"] for constraint in found.get_unique_constraints("runs")}
        assert unique == {"runs_owner_key"}


def test_whoever_migrates_second_waits_for_the_first(tmp_path: Path) -> None:
    """api and worker start at the same time."""
    databases = [Database(f"sqlite:///{tmp_path}/records.db") for _ in range(4)]
    assert at_once(4, lambda number: databases[number].migrate()) == [None] * 4
    databases[0].migrate()
    records = RecordsSql(databases[3])
    run = added(records)
    assert RecordsSql(databases[1]).run(run.id) == run
    for database in databases:
        database.close()


def test_an_accepted_run_survives_a_power_cut(database: Database) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def migrated_to(path: Path, revision: str) -> Database:
    """A database as an earlier version left it."""
    database = Database(f"sqlite:///{path}")
    config = Config()
    config.set_main_option(
        "script_location", str(Path(database_module.__file__).parent.parent / "migrations")
    )
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    command.upgrade(config, revision)
    return database


def test_runs_of_the_first_version_go_on_after_the_upgrade(tmp_path: Path) -> None:
    database = migrated_to(tmp_path / "records.db", "0001")
    values = {
        "id": "old", "owner": "ada", "submitted_by": "ada", "name": "analysis", "kind": "notebook",
        "file": "analysis.ipynb", "environment": "python-data", "version": "1", "digest": "sha256:1",
        "size": "small", "cpus": 1.0, "memory_bytes": 100, "timeout_seconds": 60.0, "retries": 1,
        "parameters": "{}", "notes": "[]", "input_sha256": "", "files_count": 0, "status": "running",
        "attempt": 1, "fence": 3, "worker": "gone", "lease_until": 5.0, "cell": 1, "cells": 2,
        "created_at": 1.0, "started_at": 2.0,
    }  # fmt: skip
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    with database.writing() as connection:
        connection.exec_driver_sql(f"insert into runs ({columns}) values ({marks})", tuple(values.values()))  # noqa: S608
        connection.exec_driver_sql("insert into workers values ('gone', 2, 1.0)")
    database.migrate()
    records = RecordsSql(database)
    (orphan,) = records.orphans({"new"})
    assert (orphan.status, orphan.priority, orphan.groups, orphan.pids_limit) == (
        "running",
        "normal",
        (),
        1024,
    )
    assert records.adopt(orphan, "new", records.workers()[0].beat) is not None
    database.close()


def test_addresses_of_messages_are_sealed_by_the_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTDESK_RUN_KEY", "a key")
    database = migrated_to(tmp_path / "records.db", "0018")
    url = "https://example.org/hook/canary"
    with database.writing() as connection:
        connection.exec_driver_sql(
            "insert into notice_wishes values ('ada', 'failure', '', 0, '', 0, 0.0, ?, '', 'canary-secret')",
            (url,),
        )
        connection.exec_driver_sql(
            "insert into notices (person, way, target, subject, text, state, words, tries, not_before, at) "
            "values ('ada', 'webhook', ?, '', '', 'waiting', '', 0, 0.0, 0.0)",
            (url,),
        )
    database.migrate()
    with database.reading() as connection:
        rows = [
            connection.exec_driver_sql(f"select * from {table}").all()  # noqa: S608
            for table in ("notice_wishes", "notices")
        ]
    assert "canary" not in str(rows)
    records, sealing = RecordsSql(database), AesSealing.derived("a key", PURPOSE)
    wishes = opened(sealing, records.wishes("ada"))
    assert (wishes.webhook, wishes.slack, wishes.secret) == (url, "", "canary-secret")
    (notice,) = records.take_notices(10, 1.0)
    assert target_of(sealing, notice) == url
    database.close()


def test_a_database_of_a_later_version_is_told_in_words(tmp_path: Path) -> None:
    database = migrated_to(tmp_path / "records.db", "head")
    with database.writing() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match="by a later version of Nightdesk than this one"):
        database.migrate()
    database.close()
