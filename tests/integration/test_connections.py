"""Connections on the real platform: a run is handed what it may use through the gate, and nobody else anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..support.notebooks import notebook
from ..support.people import Person, admin_of, join
from ..support.platform import DATA, Platform, docker
from ..support.runs import BEGIN, END, HOLD, Held, Refused

pytestmark = pytest.mark.platform
CANARY = "canary-conn-5b1e9c"
HASH = hashlib.sha256(CANARY.encode()).hexdigest()

# What code does that has nothing but the standard library.
ASK = """
import hashlib, http.client, json, os, socket

class Over(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["NIGHTDESK_API_SOCKET"])

def ask(method, path, token):
    link = Over("nightdesk", timeout=30)
    link.request(method, "/services/nightdesk/api/v1" + path, headers={"Authorization": "Bearer " + token})
    answer = link.getresponse()
    return answer.status, json.loads(answer.read())

mine = open(os.environ["NIGHTDESK_TOKEN_FILE"]).read()
"""
FETCH = """
status, handed = ask("POST", "/connections/api/use", mine)
secret = handed.get("secrets", {}).get("token", "")
print("SAID" + json.dumps([status, hashlib.sha256(secret.encode()).hexdigest()]))
"""


def said(text: str) -> Any:
    return json.loads(text.split("SAID", 1)[1].splitlines()[0])


@pytest.fixture(scope="module")
def admin(platform: Platform) -> Person:
    return admin_of(platform)


@pytest.fixture(scope="module")
def dora(platform: Platform) -> Person:
    return join(platform, "dora")


@pytest.fixture(scope="module")
def emil(platform: Platform) -> Person:
    return join(platform, "emil")


@pytest.fixture(scope="module", autouse=True)
def api(admin: Person, dora: Person) -> Iterator[None]:
    """A connection that is dora's to use."""
    admin.runs.call("DELETE", "/connections/api")
    wanted = {
        "name": "api",
        "kind": "http",
        "settings": {"url": "https://x.example"},
        "secrets": {"token": CANARY},
    }
    admin.runs.ask("POST", "/connections", json=wanted)
    admin.runs.ask("POST", "/connections/api/grants", json={"kind": "person", "name": dora.name})
    yield
    admin.runs.call("DELETE", "/connections/api")


def token_of(platform: Platform, run: str) -> str:
    """As whoever has taken over a worker finds it."""
    return docker("exec", platform.service("worker"), "cat", f"/scratch/{run}/1/in/token").strip()


@pytest.mark.security(6)
def test_a_run_fetches_a_connection_and_it_is_on_record(admin: Person, dora: Person) -> None:
    run = dora.runs.submit(notebook(ASK, FETCH))
    ended = dora.runs.end(run["id"])
    assert ended["status"] == "succeeded", ended
    assert said(dora.runs.log(run["id"])) == [200, HASH]
    (use, *_) = admin.runs.ask("GET", "/connections/api/uses")["uses"]
    assert (use["by"], use["run"], use["attempt"], use["address"]) == ("dora", run["id"], 1, "")


@pytest.mark.security(6)
def test_no_token_but_its_own_run_s_is_good_anywhere(platform: Platform, dora: Person, emil: Person) -> None:
    over = dora.runs.submit(notebook(ASK, "print('TOKEN' + mine)"))["id"]
    dora.runs.end(over)
    ended = dora.runs.log(over).split("TOKEN", 1)[1].split()[0]
    with Held(dora.runs, dora.runs.submit(notebook(BEGIN, HOLD, END))["id"]) as held:
        held.holding()
        alive = token_of(platform, held.id)
        tried = [ended, dora.token, emil.token, alive[:-1] + ("0" if alive[-1] != "0" else "1"), ""]
        tell = f"tried = {tried!r}\nprint('SAID' + json.dumps([ask('POST', '/connections/api/use', each)[0] for each in tried]))"
        run = emil.runs.submit(notebook(ASK, tell))["id"]
        assert emil.runs.end(run)["status"] == "succeeded"
        assert said(emil.runs.log(run)) == [401] * len(tried)
        # emil's own run is known there, and handed nothing that is not his
        own = emil.runs.submit(notebook(ASK, FETCH))["id"]
        emil.runs.end(own)
        assert said(emil.runs.log(own))[0] == 404
        # nor is a run's token good through the proxy, also of one that goes on
        outside = type(dora.runs)(platform, alive)
        for method, path in (("POST", "/connections/api/use"), ("GET", "/connections"), ("GET", "/user")):
            with pytest.raises(Refused) as caught:
                outside.ask(method, path)
            assert caught.value.status == 401
        inspected = json.dumps(held.container())
        assert alive not in inspected
        assert CANARY not in inspected
        held.succeed()


@pytest.mark.security(22)
def test_what_is_taken_back_is_refused_in_a_run_that_goes_on(admin: Person, dora: Person) -> None:
    again = (
        ASK
        + FETCH
        + HOLD
        + "\nstatus, _ = ask('POST', '/connections/api/use', mine)\nprint('THEN', status)\n"
    )
    with Held(dora.runs, dora.runs.submit(notebook(BEGIN, again))["id"]) as held:
        held.holding()
        admin.runs.ask("DELETE", "/connections/api/grants", json={"kind": "person", "name": dora.name})
        held.open_gate()
        dora.runs.end(held.id)
        assert "THEN 404" in dora.runs.log(held.id)
    admin.runs.ask("POST", "/connections/api/grants", json={"kind": "person", "name": dora.name})


LOOK = """
import json, os, pathlib
seen = {}
for name in ("maps", "drop", "gone", "others"):
    folder = pathlib.Path("/connections") / name
    try:
        text = (folder / "a.txt").read_text()
        (folder / "b.txt").write_text("x")
        seen[name] = text + " and written"
    except OSError as error:
        seen[name] = (text + ": " if folder.exists() else "") + os.strerror(error.errno)
print("SAID" + json.dumps(seen))
"""


@pytest.fixture(scope="module")
def folders(platform: Platform, admin: Person, dora: Person) -> Iterator[None]:
    """One to read, one to write, one whose place is gone, and one that is not dora's."""
    for name in ("maps", "drop", "others"):
        folder = platform.state / DATA / name
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(name)
        folder.chmod(0o777)
    for name in ("maps", "drop", "gone", "others"):
        wanted = {"name": name, "kind": "folder", "settings": {"path": str(platform.state / DATA / name)}}
        admin.runs.ask("POST", "/connections", json={**wanted, "read_only": name != "drop"})
        if name != "others":
            grant = {"kind": "person", "name": dora.name, "write": name == "drop"}
            admin.runs.ask("POST", f"/connections/{name}/grants", json=grant)
    yield
    for name in ("maps", "drop", "gone", "others"):
        admin.runs.call("DELETE", f"/connections/{name}")


HAS = {
    "maps": "maps: Read-only file system",
    "drop": "drop and written",
    "gone": "No such file or directory",
    "others": "No such file or directory",
}


@pytest.mark.usefixtures("folders")
def test_folders_are_in_runs_and_sessions_as_they_are_granted(dora: Person) -> None:
    """One whose place is not on the machine any more keeps neither from starting."""
    run = dora.runs.submit(notebook(LOOK))
    session = dora.session(environment="python-data", size="tiny")
    assert dora.runs.end(run["id"])["status"] == "succeeded"
    assert said(dora.runs.log(run["id"])) == HAS
    assert said(session.do("python3", "-c", LOOK)) == HAS


@pytest.mark.usefixtures("folders")
def test_connections_are_tried_from_where_runs_are(platform: Platform, admin: Person, dora: Person) -> None:
    tried = admin.runs.ask("POST", "/connections/maps/test")
    assert tried["ok"], tried
    tried = admin.runs.ask("POST", "/connections/gone/test")
    assert not tried["ok"], tried
    tried = admin.runs.ask("POST", "/connections/api/test")
    assert not tried["ok"], tried
    assert tried["steps"][0]["name"] == "name resolves"
    assert "x.example" in tried["words"]
    assert CANARY not in json.dumps(tried)
    assert not platform.containers("connection-test", everything=True)
    assert dora.runs.call("POST", "/connections/maps/test").status_code == 403
