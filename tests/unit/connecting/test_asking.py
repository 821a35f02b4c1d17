"""`nightdesk.connect` and its neighbours, with a gate as code in a run has."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import traceback
from pathlib import Path
from typing import Any

import nightdesk
import pytest
from nightdesk.client.errors import NotFound, SignInNeeded, Unreachable
from nightdesk.connecting.problem import ConnectionProblem

from .conftest import TOKEN
from .gate_double import Gate

SECRET = "s3cret-of-the-warehouse"
WAREHOUSE = {
    "name": "warehouse",
    "kind": "postgresql",
    "read_only": True,
    "settings": {"host": "db.example.org", "port": 5432, "database": "sales", "user": "ada"},
    "secrets": {"password": SECRET},
    "place": None,
}
USE = "POST /connections/warehouse/use"


def masked(folder: Path) -> list[Any]:
    file = folder / "masks"
    return [json.loads(line)["secrets"] for line in file.read_text().splitlines()] if file.exists() else []


def test_it_asks_each_time_with_the_runs_token_and_gives_the_same_object(
    run_gate: Gate, tmp_path: Path
) -> None:
    run_gate.says[USE] = 200, WAREHOUSE
    first = nightdesk.connect("warehouse")
    assert nightdesk.connect("warehouse") is first
    assert run_gate.asked == [(USE, f"Bearer {TOKEN}")] * 2
    assert str(first.url) == "postgresql+psycopg://ada:***@db.example.org:5432/sales"
    assert first.url.password == SECRET
    assert masked(tmp_path) == [[SECRET], [SECRET]]
    assert (tmp_path / "masks").stat().st_mode & 0o777 == 0o600


def test_what_changed_on_the_platform_is_opened_anew(run_gate: Gate) -> None:
    run_gate.says[USE] = 200, WAREHOUSE
    first = nightdesk.connect("warehouse")
    run_gate.says[USE] = 200, {**WAREHOUSE, "secrets": {"password": "another-one"}}
    second = nightdesk.connect("warehouse")
    assert second is not first
    assert second.url.password == "another-one"


def test_who_lost_the_right_gets_it_no_more(run_gate: Gate) -> None:
    run_gate.says[USE] = 200, WAREHOUSE
    nightdesk.connect("warehouse")
    del run_gate.says[USE]
    with pytest.raises(NotFound, match="there is none for you") as caught:
        nightdesk.connect("warehouse")
    assert caught.value.__notes__ == ["Ask an admin."]


def test_nothing_is_handed_out_that_cannot_be_masked(run_gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    run_gate.says[USE] = 200, WAREHOUSE
    monkeypatch.setenv("NIGHTDESK_MASKS", "/nowhere/masks")
    with pytest.raises(ConnectionProblem, match="cannot be masked"):
        nightdesk.connect("warehouse")


def test_no_error_shows_the_secret_even_with_the_variables(run_gate: Gate) -> None:
    bad = {**WAREHOUSE, "kind": "sqlalchemy", "settings": {"url": "nonsense"}}
    for answer in (
        bad,
        {**bad, "settings": {"url": "oracle+oracledb://a@b/c"}},
        {**WAREHOUSE, "settings": {}},
    ):
        run_gate.says[USE] = 200, answer
        with pytest.raises((ConnectionProblem, KeyError)) as caught:
            nightdesk.connect("warehouse")
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in told.stack if "/tests/" not in frame.filename]
        assert ours
        assert SECRET not in repr([(frame.line, frame.locals) for frame in ours]) + str(caught.value), answer


def test_the_list_shows_itself_as_a_table(run_gate: Gate) -> None:
    some = [
        {"name": "warehouse", "kind": "postgresql", "write": False, "example": 'pd.read_sql("select 1", …)', "title": "A <b>"},
        {"name": "lake", "kind": "s3", "write": True, "example": 'nightdesk.connect("lake").ls("")'},
    ]  # fmt: skip
    run_gate.says["GET /connections"] = 200, {"connections": some}
    found = nightdesk.connections()
    assert found == some
    assert repr(found).splitlines() == [
        "NAME       KIND        YOU MAY         EXAMPLE",
        'warehouse  postgresql  read            pd.read_sql("select 1", …)',
        'lake       s3          read and write  nightdesk.connect("lake").ls("")',
    ]
    assert "<td>A &lt;b&gt;" in found._repr_html_().replace(" style='text-align: left'", "")
    run_gate.says["GET /connections"] = 200, {"connections": []}
    assert "no connection for you" in repr(nightdesk.connections())


def test_an_output_of_another_run_is_fetched_once_and_checked(run_gate: Gate, tmp_path: Path) -> None:
    content = b"a,b\n1,2\n"
    entry = {"name": "plots/t.csv", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    run_gate.says["GET /runs/abc/outputs"] = 200, {"outputs": [entry]}
    run_gate.says["GET /runs/abc/outputs/plots/t.csv"] = 200, content
    path = nightdesk.load_output("abc", "plots/t.csv")
    assert path == tmp_path / "work/.nightdesk-outputs/abc/plots/t.csv"
    assert path.read_bytes() == content
    asked = len(run_gate.asked)
    assert nightdesk.load_output("abc", "plots/t.csv") == path
    assert len(run_gate.asked) == asked + 1, "it was fetched again"
    path.write_bytes(b"spoilt!!")
    assert nightdesk.load_output("abc", "plots/t.csv").read_bytes() == content
    with pytest.raises(NotFound, match=r"has left no 'u\.csv'") as caught:
        nightdesk.load_output("abc", "u.csv")
    assert caught.value.__notes__ == ["There is: plots/t.csv."]


def test_a_run_that_is_over_and_a_platform_that_is_away(
    run_gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_gate.says[USE] = (
        401,
        {"error": {"code": "sign_in", "message": "this token is of no run", "hint": None}},
    )
    with pytest.raises(SignInNeeded) as caught:
        nightdesk.connect("warehouse")
    assert caught.value.hint == "A run's token is good until the run ends."
    monkeypatch.setenv("NIGHTDESK_API_SOCKET", "/nowhere/api.sock")
    with pytest.raises(Unreachable, match="out of reach from this run"):
        nightdesk.connect("warehouse")


def test_a_sqlite_file_and_a_folder_where_they_are_mounted(run_gate: Gate, tmp_path: Path) -> None:
    file = tmp_path / "sales 2026?.db"
    with sqlite3.connect(file) as made:
        made.execute("create table gifts (amount)")
    made.close()
    answer = {
        "name": "warehouse",
        "kind": "sqlite",
        "read_only": True,
        "settings": {},
        "secrets": {},
        "place": str(file),
    }
    run_gate.says[USE] = 200, answer
    with nightdesk.connect("warehouse").connect() as connection:
        assert connection.exec_driver_sql("select count(*) from gifts").scalar_one() == 0
    engine = nightdesk.connect("warehouse")
    with pytest.raises(Exception, match="readonly database"), engine.begin() as connection:
        connection.exec_driver_sql("insert into gifts values (1)")
    engine.dispose()
    run_gate.says[USE] = 200, {**answer, "read_only": False}
    with nightdesk.connect("warehouse").begin() as connection:
        connection.exec_driver_sql("insert into gifts values (1)")
    nightdesk.connect("warehouse").dispose()
    run_gate.says[USE] = 200, {**answer, "kind": "folder", "place": str(tmp_path)}
    assert nightdesk.connect("warehouse") == tmp_path
    run_gate.says[USE] = 200, {**answer, "kind": "folder", "place": "/connections/warehouse"}
    with pytest.raises(ConnectionProblem, match="not mounted here"):
        nightdesk.connect("warehouse")
    assert os.environ["NIGHTDESK_MASKS"]


def test_a_sqlite_file_in_wal_mode_cannot_be_read_where_nothing_can_be_written(
    run_gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sales.db"
    with sqlite3.connect(file) as made:
        made.execute("pragma journal_mode = wal")
        made.execute("create table gifts (amount)")
    made.close()
    answer = {
        "name": "warehouse",
        "kind": "sqlite",
        "read_only": True,
        "settings": {},
        "secrets": {},
        "place": str(file),
    }
    run_gate.says[USE] = 200, answer
    with monkeypatch.context() as mounted:
        mounted.setattr(os, "access", lambda *_: False)  # as on a mount that is read-only
        with pytest.raises(ConnectionProblem, match="is in WAL mode"):
            nightdesk.connect("warehouse")
    with nightdesk.connect("warehouse").connect() as connection:
        assert connection.exec_driver_sql("select count(*) from gifts").scalar_one() == 0
    nightdesk.connect("warehouse").dispose()
