"""The gate: a socket file, run tokens alone, and few routes."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.run_token import run_token
from nightdesk.server.services.connections import Draft
from nightdesk.server.web import gate
from nightdesk.server.web.app import create_app

from ....contract.on_record import at_once
from ..workbench import ADA, BOB, ROOT, Bench
from .site import API, RUN_KEY, SERVICE_TOKEN, Answer, Site


class Over(http.client.HTTPConnection):
    """HTTP over a socket file, as a run's code speaks it."""

    def __init__(self, path: Path) -> None:
        super().__init__("nightdesk", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


class Gate:
    """The process of the gate, on a thread, beside a site."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.path = folder / "api.sock"
        self.door = gate.listen(self.path)
        config = uvicorn.Config(create_app(site.platform, at_gate=True), log_level="critical", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self.door],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the gate did not open"
            time.sleep(0.005)

    def ask(self, method: str, path: str, token: str | None = None, **headers: str) -> Answer:
        """A request and its whole answer."""
        sent = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection = Over(self.path)
        try:
            connection.request(method, f"{API}{path}", headers={**sent, **headers})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def close(self) -> None:
        """Shut it."""
        self._server.should_exit = True
        self._thread.join(10)
        self.door.close()


@pytest.fixture(scope="module")
def site(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("gate") / "site.db"
    shutil.copy(empty_database, path)
    bench = Bench(path, {})
    made = Site(bench)
    made.platform.vault.make(
        ROOT, Draft("api", ConnectionKind.HTTP, settings={"url": "https://x"}, secrets={"token": "canary"})
    )
    made.platform.vault.grant(ROOT, "api", Grant(Kind.PERSON, "ada"))
    yield made
    made.stop()
    bench.close()


@pytest.fixture(scope="module")
def opened(site: Site) -> Iterator[Gate]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        made = Gate(site, Path(folder))
        yield made
        made.close()


@pytest.fixture
def run(site: Site) -> Run:
    """A run of ada's that goes on."""
    run = site.bench.submit(person=ADA)
    claimed = site.bench.records.claim(run.id, "worker")
    assert claimed is not None
    return site.bench.records.change(claimed, status=Status.RUNNING)


def token(run: Run) -> str:
    return run_token(RUN_KEY, run.id, run.attempt)


@pytest.mark.security(6)
def test_a_run_is_handed_a_connection_as_its_owner(site: Site, opened: Gate, run: Run) -> None:
    answer = opened.ask("POST", "/connections/api/use", token(run), **{"X-Forwarded-For": "6.6.6.6"})
    assert answer.status == 200
    assert answer.json["secrets"] == {"token": "canary"}
    (entry,) = site.bench.records.entries(AuditFilter(on="api", action="connection.used", limit=1))
    assert (entry.by, entry.means, entry.address) == ("ada", "run", ""), "what code wrote is not believed"
    assert entry.words == f"to read, by run {run.id}, attempt 1"
    assert site.bench.records.used_by(run.id, 1) == ["api"]
    assert [each["name"] for each in opened.ask("GET", "/connections", token(run)).json["connections"]] == [
        "api"
    ]
    assert opened.ask("GET", f"/runs/{run.id}", token(run)).json["id"] == run.id


def test_a_run_reads_what_its_owner_s_others_left(site: Site, opened: Gate, run: Run) -> None:
    before = site.finished(ADA)
    assert opened.ask("GET", f"/runs/{before.id}/outputs", token(run)).status == 200
    assert opened.ask("GET", f"/runs/{before.id}/outputs/table-1.csv", token(run)).text == "attempt,1\n"
    theirs = site.finished(BOB)
    assert opened.ask("GET", f"/runs/{theirs.id}/outputs/table-1.csv", token(run)).status == 404


@pytest.mark.security(6)
def test_no_other_token_is_good_there(site: Site, opened: Gate, run: Run) -> None:
    good = token(run)
    other = site.bench.submit(person=BOB)
    for wrong in (
        *("token-ada", "token-root", SERVICE_TOKEN, "", good[:-1] + "x", run_token("22" * 32, run.id, 1)),
        run_token(RUN_KEY, other.id, 1),  # it waits still
        run_token(RUN_KEY, run.id, 2),  # of an attempt that is not yet
    ):
        for method, path in (
            ("GET", "/connections"),
            ("POST", "/connections/api/use"),
            ("GET", f"/runs/{run.id}"),
        ):
            answer = opened.ask(method, path, wrong)
            assert answer.status == 401, (wrong, path)
            assert "canary" not in answer.text
    assert opened.ask("GET", "/connections").status == 401
    assert opened.ask("GET", "/connections", Cookie="nightdesk-session=x").status == 401


@pytest.mark.security(6)
def test_it_is_good_nowhere_else(site: Site, run: Run) -> None:
    for method, path in (("GET", "/user"), ("GET", "/connections"), ("POST", "/connections/api/use")):
        assert site.ask(method, f"{API}{path}", token(run)).status == 401


@pytest.mark.security(6)
def test_it_dies_with_its_attempt(site: Site, opened: Gate, run: Run) -> None:
    good = token(run)
    assert opened.ask("POST", "/connections/api/use", good).status == 200
    site.bench.records.change(run, status=Status.SUCCEEDED)
    assert opened.ask("POST", "/connections/api/use", good).status == 401


def test_what_its_owner_may_no_more_it_may_not_either(site: Site, opened: Gate, run: Run) -> None:
    site.platform.vault.revoke(ROOT, "api", Grant(Kind.PERSON, "ada"))
    assert opened.ask("POST", "/connections/api/use", token(run)).status == 404
    site.platform.vault.grant(ROOT, "api", Grant(Kind.GROUP, "team"))
    site.people.tokens["token-ada"] = Person("ada", groups=("team",))
    site.platform.forget_people("ada")
    assert opened.ask("POST", "/connections/api/use", token(run)).status == 200
    site.people.tokens["token-ada"] = ADA
    site.platform.forget_people("ada")
    assert opened.ask("POST", "/connections/api/use", token(run)).status == 404
    site.platform.vault.grant(ROOT, "api", Grant(Kind.PERSON, "ada"))


def test_who_is_disabled_has_no_run_that_gets_anything(site: Site, opened: Gate, run: Run) -> None:
    site.bench.records.shut_out("ada", "root")
    assert opened.ask("POST", "/connections/api/use", token(run)).status == 401
    site.bench.records.let_in("ada", "root")


@pytest.mark.security(6)
def test_it_opens_to_nothing_else(site: Site, opened: Gate, run: Run) -> None:
    """Every other route of the application, with a good token: as if there were none."""
    document: dict[str, Any] = json.loads(site.get("/openapi.json").body)
    good, tried = token(run), 0
    for path, methods in document["paths"].items():
        for method in methods:
            filled = path.removeprefix(API).replace("{run_id}", run.id).replace("{name}", "api")
            if gate.opens(method.upper(), f"{API}{filled}"):
                continue
            assert opened.ask(method.upper(), filled, good).status == 404, (method, path)
            tried += 1
    assert tried > 50
    for path in (
        "/runs",
        "/runs/abcdefghijkm/log",
        "/connections/api",
        "/connections/a/b/use",
        "//connections",
    ):
        assert opened.ask("GET", path, good).status == 404
    assert opened.ask("HEAD", f"/runs/{run.id}", good).status == 404
    assert opened.ask("GET", "/health").status == 200


def test_its_file_is_for_its_own_user_alone(opened: Gate) -> None:
    assert opened.path.stat().st_mode & 0o777 == 0o600


def test_one_that_was_left_behind_is_taken_over() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "api.sock"
        gate.listen(path).close()
        gate.listen(path).close()


@pytest.mark.security(41)
def test_a_hundred_at_once_get_each_their_own(site: Site, opened: Gate) -> None:
    """Two people's runs, each of which may use one of two connections."""
    for owner in (ADA, BOB):
        settings, secrets = {"url": "https://x"}, {"token": f"of-{owner.name}"}
        site.platform.vault.make(
            ROOT, Draft(f"c-{owner.name}", ConnectionKind.HTTP, settings=settings, secrets=secrets)
        )
        site.platform.vault.grant(ROOT, f"c-{owner.name}", Grant(Kind.PERSON, owner.name))
    going_on: list[tuple[Run, Person]] = []
    for number in range(100):
        owner = (ADA, BOB)[number % 2]
        claimed = site.bench.records.claim(site.bench.submit(person=owner).id, "worker")
        assert claimed is not None
        going_on.append((site.bench.records.change(claimed, status=Status.RUNNING), owner))

    def both(number: int) -> list[Any]:
        run, owner = going_on[number]
        other = BOB if owner is ADA else ADA
        own = opened.ask("POST", f"/connections/c-{owner.name}/use", token(run))
        refused = opened.ask("POST", f"/connections/c-{other.name}/use", token(run))
        return [own.status, own.json.get("secrets"), refused.status, owner.name]

    answers = at_once(100, both)
    assert [each for each in answers if each != [200, {"token": f"of-{each[3]}"}, 404, each[3]]] == []
    for run, owner in going_on:
        assert site.bench.records.used_by(run.id, 1) == [f"c-{owner.name}"]
    assert site.bench.records.verify().broken is None
