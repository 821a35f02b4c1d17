"""The same lines open every kind of connection in a session and in a run, with real servers behind them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.connecting import open_connection

from ..support.notebooks import notebook
from ..support.people import Person, Session, join, leave
from ..support.platform import DATA, Platform
from ..support.servers import Servers
from ..support.waiting import until

pytestmark = pytest.mark.platform
ENVIRONMENT, VERSION = "python-data", "2026.12.1"
KINDS = {
    "warehouse": "postgresql", "shop": "mysql", "other": "sqlalchemy", "lake": "s3", "drop": "sftp", "crm": "http",
    "any": "fsspec",
}  # fmt: skip
PLACES = {"sales": "sqlite", "maps": "folder"}
CODE = """
import json, nightdesk, pandas as pd
found = {}
for name in ("warehouse", "shop", "other"):
    found[name] = int(pd.read_sql("select count(*) as n from gifts", nightdesk.connect(name))["n"].item())
found["lake"] = pd.read_csv(nightdesk.connect("lake").open("gifts.csv"))["a"].tolist()
found["drop"] = nightdesk.connect("drop").cat("gifts.csv").decode()
found["any"] = nightdesk.connect("any").cat("/srv/files/gifts.csv").decode()
found["crm"] = nightdesk.connect("crm").get("donors").json()
found["listed"] = sorted(each["name"] for each in nightdesk.connections())
refused = []
for name in ("warehouse", "shop"):
    try:
        with nightdesk.connect(name).begin() as connection:
            connection.exec_driver_sql("insert into gifts values (9, 9)")
    except Exception as error:
        refused.append(name)
try:
    nightdesk.connect("hers")
except Exception as error:
    found["hers"] = [type(error).__name__, str(error)]
found["refused"] = refused
print(json.dumps(found))
"""
PLACED = """
import json, nightdesk, pandas as pd
found = {"sales": int(pd.read_sql("select count(*) as n from gifts", nightdesk.connect("sales"))["n"].item())}
found["maps"] = sorted(path.name for path in nightdesk.connect("maps").iterdir())
found["refused"] = []
try:
    with nightdesk.connect("sales").begin() as connection:
        connection.exec_driver_sql("insert into gifts values (9, 9)")
except Exception:
    found["refused"].append("sales")
try:
    (nightdesk.connect("maps") / "new").write_text("")
except OSError:
    found["refused"].append("maps")
print(json.dumps(found))
"""
SHOWN = 'print("password:", nightdesk.connect("warehouse").url.password)\nprint(repr(nightdesk.connect("warehouse").url))'


@pytest.fixture(scope="module")
def cora(platform: Platform, servers: Servers, admin: Person) -> Iterator[Person]:
    """May read every connection that there is but one."""
    cora = join(platform, "cora")
    for kind in ("s3", "sftp"):
        open_connection(servers.answer(kind)).pipe("gifts.csv", b"a\n1\n2\n")
    place = platform.state / DATA / "in-code"
    (place / "maps").mkdir(parents=True)
    (place / "maps/north.tif").write_bytes(b"a map")
    with sqlite3.connect(place / "sales.db") as made:
        made.execute("create table gifts (id integer, amount integer)")
        made.execute("insert into gifts values (1, 10)")
    made.close()
    wanted: dict[str, dict[str, Any]] = {name: servers.answer(kind) for name, kind in KINDS.items()}
    wanted["sales"] = {"kind": "sqlite", "settings": {"path": f"{place}/sales.db"}, "secrets": {}}
    wanted["maps"] = {"kind": "folder", "settings": {"path": f"{place}/maps"}, "secrets": {}}
    wanted["hers"] = servers.answer("postgresql")
    for name, answer in wanted.items():
        body = {key: answer[key] for key in ("kind", "settings", "secrets")}
        admin.runs.ask("POST", "/connections", json={"name": name, **body})
        if name != "hers":
            grant = {"kind": "person", "name": cora.name, "write": False}
            admin.runs.ask("POST", f"/connections/{name}/grants", json=grant)
    yield cora
    leave(platform, cora.name)
    for name in wanted:
        admin.runs.call("DELETE", f"/connections/{name}")


def right(found: dict[str, Any]) -> None:
    """What everybody sees who runs the code as cora."""
    assert [found[name] for name in ("warehouse", "shop", "other")] == [3, 3, 3]
    assert found["lake"] == [1, 2]
    assert found["drop"] == found["any"] == "a\n1\n2\n"
    assert found["crm"] == {"you": "ada", "path": "/v1/donors"}
    assert found["listed"] == sorted([*KINDS, *PLACES])
    assert found["refused"] == ["warehouse", "shop"], "they may read, and no more"
    assert found["hers"][0] == "NotFound"


def test_every_kind_in_a_run_and_nothing_of_a_secret_in_what_it_leaves(
    cora: Person, servers: Servers, admin: Person
) -> None:
    source = notebook(CODE, SHOWN)
    run = cora.runs.submit(source, environment=f"{ENVIRONMENT}:{VERSION}", size="small")
    assert cora.runs.end(run["id"], 120)["status"] == "succeeded", cora.runs.log(run["id"])[-3000:]
    log = cora.runs.log(run["id"])
    right(json.loads(next(line for line in log.splitlines() if line.startswith("{"))))
    assert "password: [secret]" in log
    left = [log.encode(), *(cora.runs.output(run["id"], each["name"]) for each in outputs(cora, run["id"]))]
    secrets = [*servers.passwords.values(), *servers.tokens.values(), servers.store.secret_key]
    assert not [secret for secret in secrets for content in left if secret.encode() in content]
    uses = admin.runs.ask("GET", "/connections/warehouse/uses")
    assert run["id"] in json.dumps(uses)


def outputs(person: Person, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.runs.ask("GET", f"/runs/{run}/outputs")["outputs"]
    return found


@pytest.fixture
def session(cora: Person) -> Session:
    """Hers; it goes on from test to test, and is started anew where it has ended for want of use."""
    return cora.session(environment=ENVIRONMENT, version=VERSION, size="small")


def test_every_kind_in_a_session_until_it_is_taken_back(
    cora: Person, session: Session, admin: Person
) -> None:
    right(json.loads(session.do("python", "-", stdin=CODE.encode())))
    grant = {"kind": "person", "name": cora.name}
    assert not refused(session, "shop")
    admin.runs.ask("DELETE", "/connections/shop/grants", json=grant)
    until(lambda: refused(session, "shop"), "the end of the right", 20)


def refused(session: Session, name: str) -> bool:
    """Whether the session's code gets it no more."""
    code = f"import nightdesk\ntry:\n    nightdesk.connect({name!r})\nexcept Exception as error:\n    print(type(error).__name__)"
    return "NotFound" in session.do("python", "-c", code)


def test_what_is_mounted_in_a_run_and_in_a_session(cora: Person, session: Session) -> None:
    run = cora.runs.submit(notebook(PLACED), environment=f"{ENVIRONMENT}:{VERSION}", size="small")
    assert cora.runs.end(run["id"], 120)["status"] == "succeeded", cora.runs.log(run["id"])[-3000:]
    for said in (cora.runs.log(run["id"]), session.do("python", "-", stdin=PLACED.encode())):
        found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        assert found == {"sales": 1, "maps": ["north.tif"], "refused": ["sales", "maps"]}


def test_a_run_and_a_session_read_what_another_run_left(cora: Person, session: Session) -> None:
    first = cora.runs.submit(
        notebook("import nightdesk\n(nightdesk.output_dir / 'n.txt').write_text('42')"),
        environment=f"{ENVIRONMENT}:{VERSION}",
        size="small",
    )
    assert cora.runs.end(first["id"])["status"] == "succeeded"
    code = f"import nightdesk\nprint('it was', nightdesk.load_output({first['id']!r}, 'n.txt').read_text())"
    second = cora.runs.submit(notebook(code), environment=f"{ENVIRONMENT}:{VERSION}", size="small")
    assert cora.runs.end(second["id"])["status"] == "succeeded", cora.runs.log(second["id"])[-2000:]
    assert "it was 42" in cora.runs.log(second["id"])
    assert session.do("python", "-c", code) == "it was 42\n"
