"""`%sql`: a query by the name of a connection, with the notebook's variables as its parameters."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nightdesk
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from nightdesk import sql
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader


class Warehouse:
    """A database with a table of three orders, and what it was asked."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        self.asked: list[tuple[str, Any]] = []
        with self.engine.begin() as connection:
            connection.exec_driver_sql("create table orders (id int, country text)")
            connection.exec_driver_sql("insert into orders values (1, 'DE'), (2, 'FR'), (3, ':x')")
        event.listen(self.engine, "before_cursor_execute", self._note)

    def _note(self, *given: Any) -> None:
        self.asked.append((given[2], given[3]))


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path / "warehouse.sqlite")
    there = {"warehouse": made.engine, "lake-2": tmp_path}
    monkeypatch.setattr(nightdesk, "connect", there.__getitem__, raising=False)
    listed = [{"name": name} for name in there]
    monkeypatch.setattr(nightdesk, "connections", lambda: listed, raising=False)
    monkeypatch.setitem(sys.modules, "pandas", None)  # a list of dictionaries, as where there is none
    yield made
    made.engine.dispose()


@pytest.fixture
def bare_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    yield made
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> InteractiveShell:
    bare_shell.run_line_magic("load_ext", "nightdesk")
    return bare_shell


def run(shell: InteractiveShell, code: str) -> Any:
    """A cell's result. Raises what it raises."""
    done = shell.run_cell(code)
    done.raise_error()
    return done.result


@pytest.mark.usefixtures("warehouse")
def test_a_line(shell: InteractiveShell) -> None:
    answer = run(shell, "%sql warehouse select id, country from orders order by id limit 2")
    assert answer == [{"id": 1, "country": "DE"}, {"id": 2, "country": "FR"}]
    assert run(shell, "n = %sql warehouse select count(*) as n from orders\nn[0]['n']") == 3


@pytest.mark.parametrize(
    "code",
    [
        "%sql some << warehouse select id from orders where id > 1",
        "%%sql some << warehouse\nselect id\nfrom orders where id > 1",
        "%%sql some<<warehouse select id\nfrom orders where id > 1",
    ],
)
def test_into_a_variable(warehouse: Warehouse, shell: InteractiveShell, code: str) -> None:
    assert run(shell, code) is None
    assert shell.user_ns["some"] == [{"id": 2}, {"id": 3}]
    assert len(warehouse.asked) == 1


def test_variables_are_values_and_never_a_part_of_the_query(
    warehouse: Warehouse, shell: InteractiveShell
) -> None:
    run(shell, "country = \"' or 1 = 1 --\"; wanted = (1, 3); x = 'DE'")
    assert run(shell, "%sql warehouse select id from orders where country = :country") == []
    assert warehouse.asked[-1] == ("select id from orders where country = ?", ("' or 1 = 1 --",))
    cell = "%%sql warehouse\nselect id from orders\nwhere id in :wanted and country != :x"
    assert run(shell, cell) == [{"id": 3}]
    assert run(shell, "wanted = set()\n%sql warehouse select id from orders where id in :wanted") == []
    literal = run(shell, "%sql warehouse select id from orders where country = '\\:x'")
    assert literal == [{"id": 3}]
    inside = "def of(x):\n    return get_ipython().run_line_magic('sql', 'warehouse select :x as x')\nof(7)"
    assert run(shell, inside) == [{"x": 7}]  # a function's own variables first


class Scalar:
    """As numpy's."""

    def tolist(self) -> int:
        return 7

    item = tolist


class Column:
    """As pandas'."""

    def tolist(self) -> list[Scalar]:
        return [Scalar(), Scalar()]


def test_values_of_the_field_become_plain_ones() -> None:
    names = {"scalar": Scalar(), "column": Column(), "span": range(2), "text": "abc"}
    found = {name: sql.value_of(name, names) for name in names}
    assert found == {"scalar": 7, "column": [7, 7], "span": [0, 1], "text": "abc"}


@pytest.mark.usefixtures("warehouse")
def test_what_changes_something(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shell, "%sql warehouse delete from orders where id > 1") is None
    assert "2 rows\n" in capsys.readouterr().out
    assert run(shell, "%sql warehouse select id from orders") == [{"id": 1}]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("%sql", "no connection is named: %sql NAME QUERY.*You may use: warehouse, lake-2"),
        ("%sql SELECT 1", "no connection is named"),
        ("%sql warehouse", "there is no query behind 'warehouse'"),
        ("%%sql warehouse\n  \n", "there is no query behind 'warehouse'"),
        ("%sql lake-2 select 1", r"'lake-2' is no database: use nightdesk.connect\('lake-2'\) instead"),
        (
            "%sql warehouse select :nobody",
            r"the query has :nobody, and there is no variable nobody; write \\:nobody for",
        ),
    ],
)
def test_what_is_wrong(warehouse: Warehouse, shell: InteractiveShell, code: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(shell, code)
    assert warehouse.asked == []


def test_each_query_asks_anew(
    warehouse: Warehouse, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that each use is on record, and a grant that was taken back ends with the next one."""
    left = [warehouse.engine]
    monkeypatch.setattr(nightdesk, "connect", lambda name: left.pop() if name == "warehouse" else None)
    assert run(shell, "%sql warehouse select 1 as one") == [{"one": 1}]
    with pytest.raises(IndexError):
        run(shell, "%sql warehouse select 1 as one")


def test_nobody_has_given_anything(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightdesk, "connections", list, raising=False)
    with pytest.raises(UsageError, match="You have no connections yet: ask an admin for one"):
        run(shell, "%sql")


@pytest.mark.usefixtures("warehouse")
def test_the_databases_own_words(shell: InteractiveShell) -> None:
    with pytest.raises(OperationalError, match="no such table: invoices"):
        run(shell, "%sql warehouse select * from invoices")


@pytest.mark.usefixtures("warehouse")
def test_an_environment_brings_it_without_a_word(bare_shell: InteractiveShell) -> None:
    """As images/client configures it: nothing is imported before the first use."""
    shell = bare_shell
    client = Path(__file__).parents[2] / "images/client"
    shell.magics_manager.update_config(PyFileConfigLoader("ipython_config.py", str(client)).load_config())
    assert "sql" not in shell.magics_manager.magics["line"]
    assert run(shell, "%sql warehouse select 1 as one") == [{"one": 1}]
