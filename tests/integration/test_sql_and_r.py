"""`%sql` cells and R's DBI, in runs of the platform and against real databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person
from ..support.servers import Servers

pytestmark = pytest.mark.platform

KINDS = ("postgresql", "mysql")
SQL = """
least = 15
rows = %sql sql-{kind} select id, amount from gifts where amount > :least order by id
print(type(rows).__name__, rows["id"].tolist(), float(rows["amount"].sum()))
"""
CELL = """%%sql found << sql-{kind}
select count(*) as n
from gifts where id in :wanted"""
REFUSED = "%sql sql-{kind} insert into gifts values (9, 90)"
R_READS = """
warehouse <- nightdesk::connect("sql-{kind}")
rows <- DBI::dbGetQuery(warehouse, "select id, amount from gifts where amount > 15 order by id")
cat(paste(rows$id, collapse = " "), sum(rows$amount), identical(warehouse, nightdesk::connect("sql-{kind}")), "\\n")
print(nightdesk::connections()$example)
cat(nightdesk::run()$parameters$year, basename(nightdesk::output_dir()), "\\n")
writeLines("made", file.path(nightdesk::output_dir(), "table.txt"))
nightdesk::log_metric("gifts", nrow(rows))
"""
R_WRITES = 'DBI::dbExecute(nightdesk::connect("sql-{kind}"), "insert into gifts values (9, 90)")'


@pytest.fixture
def databases(admin: Person, ada: Person, servers: Servers) -> Iterator[None]:
    """Both, for ada to read; the login behind them might write."""
    for kind in KINDS:
        answer = servers.answer(kind)
        admin.runs.call("DELETE", f"/connections/sql-{kind}")
        made = {
            "name": f"sql-{kind}",
            "kind": kind,
            "settings": answer["settings"],
            "secrets": answer["secrets"],
        }
        admin.runs.ask("POST", "/connections", json=made)
        granted = {"kind": "person", "name": ada.name}
        admin.runs.ask("POST", f"/connections/sql-{kind}/grants", json=granted)
    yield
    for kind in KINDS:
        admin.runs.call("DELETE", f"/connections/sql-{kind}")


@pytest.mark.usefixtures("databases")
@pytest.mark.parametrize("kind", KINDS)
def test_sql_in_a_notebook(ada: Person, kind: str) -> None:
    cells = [SQL, "wanted = (1, 3, 7)", CELL, "print(int(found['n'].iloc[0]))", REFUSED]
    run = ada.runs.submit(notebook(*(cell.replace("{kind}", kind) for cell in cells)))["id"]
    ended = ada.runs.end(run, 120)
    assert printed(ada.runs.output(run, "notebook.ipynb")) == "DataFrame [2, 3] 50.0\n2\n"
    assert ended["status"] == "failed"
    assert ended["error"]["cell"] == 5
    assert re.search("read.only", ended["error"]["message"], re.IGNORECASE), ended


@pytest.mark.usefixtures("databases")
@pytest.mark.parametrize("kind", KINDS)
def test_r(ada: Person, kind: str) -> None:
    cells = [cell.replace("{kind}", kind) for cell in ("year <- 1", R_READS, R_WRITES)]
    given = {"parameters": {"year": 2026}, "environment": "r-data", "size": "small"}
    parameters = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": cells[0]}
    source = notebook({**parameters, "outputs": [], "execution_count": None}, *cells[1:], kernel="ir")
    run = ada.runs.submit(source, **given)["id"]
    ended = ada.runs.end(run, 120)
    shown = printed(ada.runs.output(run, "notebook.ipynb"))
    assert "2 3 50 TRUE" in shown
    assert f'DBI::dbGetQuery(nightdesk::connect(\\"sql-{kind}\\"), \\"select 1\\")' in shown
    assert "2026 out" in shown
    assert ada.runs.output(run, "table.txt") == b"made\n"
    assert ended["status"] == "failed"
    assert re.search("read.only", ended["error"]["message"], re.IGNORECASE), ended


@pytest.mark.usefixtures("databases")
def test_r_in_a_session(ada: Person) -> None:
    """The same lines as in a run, but what only a run has."""
    read, write = R_READS.splitlines()[1:5], R_WRITES
    session = ada.session(environment="r-data", size="small")
    try:
        lines = [*read, f"tryCatch({write}, error = function(e) cat(conditionMessage(e), '\\n'))"]
        code = "\n".join(line.replace("{kind}", kind) for kind in KINDS for line in lines)
        said = session.do("Rscript", "-", stdin=code.encode())
        assert said.count("2 3 50 TRUE") == len(KINDS)
        for kind in KINDS:
            assert f'connect("sql-{kind}")' in said.replace("\\", "")
        assert len(re.findall("read.only", said, re.IGNORECASE)) >= len(KINDS), said
    finally:
        ada.end_session()
