"""What code in a session or a run can reach, see and ask for, and what it cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person, Session, join
from ..support.platform import Platform
from ..support.waiting import until

pytestmark = pytest.mark.platform

PROBE = """
import json, pathlib, socket
from concurrent.futures import ThreadPoolExecutor

def reach(address):
    try:
        with socket.create_connection(address, timeout=2):
            return True
    except OSError:
        return False

targets = json.loads(TARGETS)
with ThreadPoolExecutor(len(targets)) as pool:
    reached = [name for name, there in zip(targets, pool.map(reach, map(tuple, targets.values()))) if there]
print("PROBE" + json.dumps({
    "reached": reached,
    "engine": pathlib.Path("/var/run/docker.sock").exists() or pathlib.Path("/run/docker.sock").exists(),
}))
"""


def addresses(platform: Platform, service: str) -> list[str]:
    """A service's addresses on all networks that it is in."""
    networks = platform.inspect(platform.service(service))["NetworkSettings"]["Networks"]
    return [str(network["IPAddress"]) for network in networks.values()]


def closed(platform: Platform, *more: tuple[str, int]) -> dict[str, tuple[str, int]]:
    """What nobody's code may reach."""
    ports = {"redis": 6379, "proxy": 8001, "api": 8080}
    found = {
        f"{service} at {address}": (address, port)
        for service, port in ports.items()
        for address in addresses(platform, service)
    }
    found |= {name: (name, ports[name]) for name in ("redis", "api", "proxy")}
    found["proxy-api"] = ("proxy-api", 8001)
    return found | {f"{host}:{port}": (host, port) for host, port in more}


def probe(text: str) -> Any:
    return json.loads(text.split("PROBE", 1)[1].splitlines()[0])


def source(targets: dict[str, tuple[str, int]]) -> str:
    return f"TARGETS = {json.dumps(json.dumps(targets))}\n{PROBE}"


def address_of(platform: Platform, container: str) -> str:
    (network,) = platform.inspect(container)["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


@pytest.fixture
def session(ada: Person) -> Session:
    return ada.session(environment="python-data", size="small")


@pytest.mark.security(16)
def test_a_session_reaches_the_platform_and_its_hub_and_nothing_behind_them(
    platform: Platform, session: Session, grace: Person
) -> None:
    other = address_of(platform, grace.session(environment="python-data", size="tiny").container)
    targets = closed(platform, (other, 8888)) | {"hub": ("hub", 8081), "platform": ("proxy", 8000)}
    seen = probe(session.do("python", "-c", source(targets)))
    assert seen["engine"] is False
    assert seen["reached"] == ["hub", "platform"]
    listed = json.loads(session.do("nightdesk", "runs", "--json"))
    assert {run["owner"] for run in listed["runs"]} <= {"ada"}


@pytest.mark.security(17)
def test_a_run_reaches_none_of_the_platform_nor_sessions_nor_other_runs(
    platform: Platform, session: Session, ada: Person
) -> None:
    listener = "import http.server\nprint('listens', flush=True)\nhttp.server.test(port=8888)"
    listening = ada.runs.submit(notebook(listener))["id"]
    until(lambda: "listens" in ada.runs.log(listening), "the other run")
    (neighbour,) = platform.containers("run", f"label=org.nightdesk.run={listening}")
    near = [(address_of(platform, neighbour), 8888), (address_of(platform, session.container), 8888)]
    hubs = [(address, 8081) for address in addresses(platform, "hub")]
    run = ada.runs.end(ada.runs.submit(notebook(source(closed(platform, *near, *hubs))))["id"], 120)
    ada.runs.cancel(listening)
    assert run["status"] == "succeeded", run
    seen = probe(printed(ada.runs.output(run["id"], "notebook.ipynb")))
    assert seen["engine"] is False
    assert seen["reached"] == []


@pytest.mark.security(6, 18)
def test_a_runs_container_is_bounded_and_holds_no_secret(platform: Platform, ada: Person) -> None:
    with ada.runs.hold() as held:
        held.holding()
        container = held.container()
        text = json.dumps(container)
        secrets = {key: value for key, value in platform.settings.items() if len(value) >= 16}
        secrets |= {"the admin's token": platform.admin_token, "her token": ada.token}
        assert [name for name, value in secrets.items() if value in text] == []
        host, config = container["HostConfig"], container["Config"]
        named = [name for name in config["Env"] if "TOKEN" in name or "PASSWORD" in name or "SECRET" in name]
        assert named == ["NIGHTDESK_TOKEN_FILE=/nightdesk/in/token"], (
            "where its own one lies, no token itself"
        )
        assert host["CapDrop"] == ["ALL"]
        assert host["ReadonlyRootfs"] is True
        assert "no-new-privileges" in " ".join(host["SecurityOpt"])
        assert "unconfined" not in " ".join(host["SecurityOpt"])
        assert host["Memory"] == host["MemorySwap"] == 256 * 2**20
        assert 0 < host["PidsLimit"] <= 1024
        assert config["User"] in {"1000", "1000:1000"}
        assert host["Privileged"] is False
        held.succeed()


@pytest.mark.security(18)
def test_a_sessions_container_is_bounded_and_holds_only_its_own_tokens(
    platform: Platform, session: Session, ada: Person
) -> None:
    container = platform.inspect(session.container)
    text = json.dumps(container)
    secrets = {key: value for key, value in platform.settings.items() if len(value) >= 16}
    secrets |= {"the admin's token": platform.admin_token, "her own token": ada.token}
    assert [name for name, value in secrets.items() if value in text] == []
    host = container["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert session.do("id", "-u").strip() == "1000"


@pytest.mark.security(7)
def test_a_sessions_token_may_submit_but_not_rule(session: Session) -> None:
    asked = """
import json, os, urllib.error, urllib.request
def ask(url, method="GET"):
    request = urllib.request.Request(url, method=method, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
hub, desk = os.environ["JUPYTERHUB_API_URL"], os.environ["NIGHTDESK_URL"]
print(json.dumps([ask(desk + "/api/v1/runs"), ask(hub + "/users"), ask(hub + "/users/grace"),
    ask(hub + "/users/ada/tokens", "POST"), ask(hub + "/users/ada/server", "POST"), ask(hub + "/nightdesk/accounts")]))
"""
    mine, *others = json.loads(session.do("python", "-c", asked))
    assert mine == 200
    assert all(status in {403, 404} for status in others), others


@pytest.mark.security(24)
def test_sessions_and_runs_have_the_same_image(platform: Platform, session: Session, ada: Person) -> None:
    digest = session.variable("NIGHTDESK_DIGEST")
    assert platform.inspect(session.container)["Image"] == digest
    with ada.runs.hold(environment=f"python-data:{session.variable('NIGHTDESK_VERSION')}") as held:
        held.holding()
        assert held.container()["Image"] == digest
        assert held.succeed()["environment"]["digest"] == digest


@pytest.fixture(scope="module")
def mallory(platform: Platform) -> Person:
    return join(platform, "mallory")


@pytest.mark.parametrize(
    "options",
    [
        {"image": "debian:trixie-slim"},
        {"environment": "debian", "version": "trixie-slim"},
        {"environment": "python-data", "version": "2026.12.1@sha256:0"},
        {"environment": "python-data", "version": "../../hub"},
        {"environment": "python-data", "size": "galactic"},
        {"environment": "python-data", "volumes": {"/": "/host"}},
        {"profile": "x"},
        ["python-data"],
    ],
    ids=str,
)
@pytest.mark.security(8)
def test_a_session_starts_from_what_is_on_offer_and_nothing_else(
    platform: Platform, mallory: Person, options: Any
) -> None:
    answer = mallory.hub("POST", "/users/mallory/server", options)
    assert 400 <= answer.status_code < 500, answer.text
    assert not platform.containers("session", "label=org.nightdesk.user=mallory", everything=True)


@pytest.mark.security(28)
def test_nobody_starts_a_session_for_somebody_else(ada: Person, mallory: Person) -> None:
    assert mallory.hub("POST", f"/users/{ada.name}/server", {}).status_code in {403, 404}
    assert mallory.hub("GET", f"/users/{ada.name}").status_code in {403, 404}
