"""Bob's hostile notebook, as a cell of his session and as a run: what of Alice's and the platform's it reaches."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from ..support.notebooks import notebook, printed
from ..support.people import Person, Session
from ..support.platform import Platform, bridge_address, docker
from .conftest import CANARY, Alice
from .hostile import outcome, program

pytestmark = pytest.mark.platform
Say = Callable[[object], None]

PORTS = (22, 80, 443, 2375, 2376, 5432, 6379, 8000, 8001, 8080, 8081, 8888)
METADATA = (
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
)
PATHS = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/var/lib/docker", "/data", "/store",
    "/scratch", "/home/alice", "/run/build-secrets", "/etc/nightdesk", "/sources", "/egress",
)  # fmt: skip


def networks_of(platform: Platform) -> list[dict[str, Any]]:
    """Every network of the platform, as the engine has it."""
    names = {
        name
        for label in ("com.docker.compose.project", "org.nightdesk.project")
        for name in docker(
            "network", "ls", "--filter", f"label={label}={platform.project}", "--format", "{{.Name}}"
        ).split()
    }
    return list(json.loads(docker("network", "inspect", *sorted(names))))


@contextmanager
def open_port(address: str = "0.0.0.0") -> Iterator[int]:  # noqa: S104
    """A port of this machine that takes anybody's connection."""
    with socket.create_server((address, 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def take() -> None:
            while not done.is_set():
                try:
                    server.accept()[0].close()
                except OSError:
                    continue

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            done.set()
            thread.join(5)


def own_addresses() -> list[str]:
    """This machine's own IPv4 addresses, loopback left out."""
    found = docker(
        "run", "--rm", "--network", "host", "nightdesk/scheduler:latest", "cat", "/proc/net/fib_trie"
    ).splitlines()
    local = {before.split()[-1] for before, line in pairwise(found) if "/32 host LOCAL" in line}
    return sorted(address for address in local if not address.startswith("127."))


def still_ours(name: str) -> bool:
    """Is this target of `everything` still an address of this machine?"""
    return name.removeprefix("this machine ").rpartition(":")[0] in own_addresses()


def everything(platform: Platform, port: int) -> dict[str, tuple[str, int]]:
    """Every address of every container of the platform at every port; every address of this machine; metadata."""
    targets: dict[str, tuple[str, int]] = {}
    for network in networks_of(platform):
        for member in network["Containers"].values():
            address = member["IPv4Address"].partition("/")[0]
            targets |= {f"{member['Name']} in {network['Name']}:{each}": (address, each) for each in PORTS}
    allowed = bridge_address()  # by the settings of the tests' platform
    for address in own_addresses():
        if address != allowed:
            targets |= {f"this machine {address}:{each}": (address, each) for each in (port, 22, 2375, 8000)}
    targets |= {f"metadata {address}": (address, 80) for address in METADATA}
    named = ("redis", "api", "worker", "proxy-api", "egress", f"{platform.project}-redis-1")
    return targets | {f"name {name}:{each}": (name, each) for name in named for each in (6379, 8080, 8001)}


def asks(hub: str, desk: str, alice: Alice) -> list[tuple[str, str]]:
    """Every verb on what is Alice's, and on what rules others."""
    run, name = alice.run, alice.name
    return [
        *((verb, f"{hub}/users/{name}") for verb in ("GET", "POST", "PATCH", "DELETE")),
        *((verb, f"{hub}/users/{name}/server") for verb in ("POST", "DELETE")),
        *((verb, f"{hub}/users/{name}/servers/side") for verb in ("POST", "DELETE")),
        *((verb, f"{hub}/users/{name}/tokens") for verb in ("GET", "POST")),
        ("GET", f"{hub}/users/{name}/server/progress"),
        ("POST", f"{hub}/users/{name}/activity"),
        *((verb, f"{hub}/shares/{name}/") for verb in ("GET", "POST", "PATCH", "DELETE")),
        *((verb, f"{hub}/groups/team/users") for verb in ("POST", "DELETE")),
        *((verb, f"{hub}{path}") for path in ("/users", "/groups", "/services", "/proxy") for verb in ("GET", "POST")),
        ("POST", f"{hub}/shutdown"),
        *((verb, f"{hub}/nightdesk/accounts") for verb in ("GET", "POST")),
        *((verb, f"{hub}/nightdesk/accounts/{name}") for verb in ("PATCH", "DELETE")),
        ("GET", f"{desk}/api/v1/runs/{run}"),
        *(("GET", f"{desk}/api/v1/runs/{run}/{part}") for part in ("log", "events", "usage", "history", "failure", "outputs")),
        ("GET", f"{desk}/api/v1/runs/{run}/outputs/mine.txt"),
        ("GET", f"{desk}/api/v1/runs/{run}/outputs/notebook.html"),
        *(("POST", f"{desk}/api/v1/runs/{run}/{part}") for part in ("cancel", "retry")),
        ("GET", f"{desk}/api/v1/runs?owner={name}"),
        ("GET", f"{desk}/api/v1/offers?user={name}"),
        ("GET", f"{desk}/api/v1/doctor"),
        ("GET", f"{desk.removesuffix('/services/nightdesk')}/user/{name}/api/contents/mine.txt"),
        ("GET", f"{desk.removesuffix('/services/nightdesk')}/user/{name}/api/status"),
    ]  # fmt: skip


@pytest.mark.usefixtures("alices_second_run")
@pytest.mark.security(16, 20, 27)
def test_bobs_cell(platform: Platform, alice: Alice, bobs_session: Session, bob: Person, tried: Say) -> None:
    desk, hub = bobs_session.variable("NIGHTDESK_URL"), bobs_session.variable("JUPYTERHUB_API_URL")
    own = bobs_session.container
    with open_port() as port:
        targets = everything(platform, port) | {"hub": ("hub", 8081), "platform": ("proxy", 8000)}
        targets["what is allowed"] = (bridge_address(), port)
        asked = asks(hub, desk, alice)
        secrets = tuple(value for value in platform.settings.values() if len(value) >= 32)
        words = (CANARY, alice.person.token, *secrets)
        seen = outcome(bobs_session.do("python", "-c", program(targets, asked, PATHS, words), seconds=240))
    mine = {
        name
        for name in seen["reached"]
        if name.startswith((f"{own} in", f"{platform.project}-hub-1 in", f"{platform.project}-proxy-1 in"))
    }
    own_network = {name for name in mine if f"_user-{bob.name}:" in name}
    # Networks of other platforms come and go here; what was this machine's address may be somebody's elsewhere now.
    there = {name for name in seen["reached"] if not name.startswith("this machine") or still_ours(name)}
    assert there - own_network <= {"hub", "platform", "what is allowed"}
    assert {"hub", "platform"} <= set(seen["reached"]), "what a session needs is in reach"
    assert {int(name.rpartition(":")[2]) for name in own_network} <= {8000, 8081, 8888}, (
        "and nothing else of them"
    )
    told = {f"{verb} {url}": answer for (verb, url), answer in zip(asked, seen["answers"], strict=True)}
    wrong = {what: answer for what, answer in told.items() if answer[0] not in {401, 403, 404, 405}}
    assert not wrong
    assert not [what for what, answer in told.items() if CANARY in answer[1]]
    assert seen["there"] == []
    assert seen["seen"] == []
    looked = f"{len(targets)} addresses, {len(asked)} requests on what is hers, {len(words)} secrets"
    tried(f"{looked}: only hub:8081 and proxy:8000 of his own network answer")


@pytest.mark.usefixtures("alices_second_run")
@pytest.mark.security(17, 20, 27, 6)
def test_bobs_run(platform: Platform, alice: Alice, bob: Person, tried: Say) -> None:
    with open_port() as port:
        targets = everything(platform, port)
        secrets = tuple(value for value in platform.settings.values() if len(value) >= 32)
        words = (CANARY, alice.person.token, bob.token, *secrets)
        source = notebook(program(targets, [], PATHS, words))
        run = bob.runs.end(bob.runs.submit(source)["id"], 240)
    assert run["status"] == "succeeded", run
    seen = outcome(printed(bob.runs.output(run["id"], "notebook.ipynb")))
    assert [name for name in seen["reached"] if not name.startswith("this machine") or still_ours(name)] == []
    assert seen["there"] == []
    assert seen["seen"] == []
    assert seen["hub_names"] == ["NIGHTDESK_TOKEN_FILE"], (
        "no token of any kind, but where the run's own one lies"
    )
    tried(f"{len(targets)} addresses, {len(words)} secrets looked for: nothing answers")


@pytest.mark.security(18)
def test_what_code_in_a_session_and_a_run_is(bobs_session: Session, bob: Person, tried: Say) -> None:
    source = program({}, [], PATHS)
    here = outcome(bobs_session.do("python", "-c", source))  # first: unused, the session ends itself soon
    run = bob.runs.end(bob.runs.submit(notebook(source))["id"], 120)
    there = outcome(printed(bob.runs.output(run["id"], "notebook.ipynb")))
    for seen in (here, there):
        assert seen["uid"] == 1000
        assert {int(value, 16) for value in seen["capabilities"]} == {0}
        assert (seen["no_new_privs"], seen["seccomp"]) == ("1", "2")
        assert seen["writable"] == []
        assert seen["devices"] == []
    tried(
        "from inside: uid 1000, every capability set empty, no_new_privs 1, seccomp 2, nothing of the system writable"
    )
