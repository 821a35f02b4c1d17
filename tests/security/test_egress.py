"""The filter of what leaves, on this machine's kernel: with a network as runs have, and a world of the tests' own outside."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nightdesk.server.domain.egress import bridge_of_runs, table_name

from ..support.platform import bridge_address, docker
from ..support.waiting import until
from .test_from_inside import open_port

pytestmark = [pytest.mark.engine, pytest.mark.security(20)]
Say = Callable[[object], None]
IMAGE = "nightdesk/scheduler:latest"
# Outside: an address as a server of the company has, and addresses of metadata, all of them in a namespace of ours.
SERVER, METADATA = "10.254.99.2", ("169.254.170.2", "100.100.100.200")
LISTEN = """
import socket, sys, threading
def serve(port):
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            server.accept()[0].close()
for port in (80, 53, 5432):
    threading.Thread(target=serve, args=(port,)).start()
print("listens", flush=True)
"""
REACH = """
import json, socket, sys
def reach(host, port):
    try:
        socket.create_connection((host, port), 3).close()
        return True
    except OSError:
        return False
print(json.dumps([name for name, (host, port) in json.loads(sys.argv[1]).items() if reach(host, port)]))
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def outside() -> Iterator[None]:
    """A network namespace behind a cable, where all of these addresses listen."""
    if not shutil.which("ip"):
        pytest.fail("the command `ip` is missing; Debian has it in iproute2")
    name = f"ndout{secrets.token_hex(2)}"
    near, far = f"{name}a", f"{name}b"
    ip("netns", "add", name)
    server = None
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        ip("addr", "add", "10.254.99.1/30", "dev", near)
        ip("link", "set", near, "up")
        for arguments in (("addr", "add", f"{SERVER}/30", "dev", far), ("link", "set", far, "up"), ("link", "set", "lo", "up"),
                          ("route", "add", "default", "via", "10.254.99.1")):  # fmt: skip
            ip("-n", name, *arguments)
        for address in METADATA:
            ip("-n", name, "addr", "add", f"{address}/32", "dev", "lo")
            ip("route", "add", f"{address}/32", "via", SERVER, "dev", near)
        command = ["ip", "netns", "exec", name, shutil.which("python3") or "python3", "-c", LISTEN]
        server = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdout.readline() == b"listens\n"
        yield
    finally:
        if server is not None:
            server.kill()
            server.communicate()
        subprocess.run(["ip", "link", "del", near], check=False, capture_output=True)
        ip("netns", "del", name)


class Walled:
    """A network as the runs of a platform have, and the service that filters it, without the rest of a platform."""

    def __init__(self, folder: Path) -> None:
        self.project = f"ndwall{secrets.token_hex(3)}"
        self.network = f"{self.project}_runs"
        self._folder = folder
        options = [
            "-o",
            f"com.docker.network.bridge.name={bridge_of_runs(self.project)}",
            "-o",
            "com.docker.network.bridge.enable_icc=false",
        ]
        docker(
            "network", "create", *options, "--label", f"org.nightdesk.project={self.project}", self.network
        )

    def filter(self, settings: str) -> None:
        """Start the service with these settings, in place of an earlier one."""
        self.unfilter()
        config = self._folder / "nightdesk.yaml"
        config.write_text(settings, "utf-8")
        limits = [
            "--network",
            "host",
            "--cap-drop",
            "ALL",
            "--cap-add",
            "NET_ADMIN",
            "--security-opt",
            "no-new-privileges",
            "--read-only",
        ]
        mounts = ["--tmpfs", "/egress", "--volume", f"{config}:/etc/nightdesk/nightdesk.yaml:ro"]
        named = ["--name", f"{self.project}-egress-1", "--env", f"NIGHTDESK_PROJECT={self.project}"]
        docker("run", "--detach", *named, *limits, *mounts, IMAGE, "python", "-m", "nightdesk.server.egress")
        until(lambda: '"ok": true' in self._state(), "the filter is in place", 20)

    def _state(self) -> str:
        return self.inside("cat", "/egress/state.json", check=False)

    def inside(self, *command: str, check: bool = True) -> str:
        """A command in the service's container."""
        done = subprocess.run(
            ["docker", "exec", f"{self.project}-egress-1", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def unfilter(self) -> None:
        """End the service; its rules stay."""
        subprocess.run(
            ["docker", "rm", "--force", f"{self.project}-egress-1"], check=False, capture_output=True
        )

    def reached(self, targets: dict[str, tuple[str, int]]) -> set[str]:
        """What of them code in the network reaches, as a run's container is."""
        limits = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000:1000"]
        said = docker(
            "run",
            "--rm",
            "--network",
            self.network,
            *limits,
            IMAGE,
            "python",
            "-c",
            REACH,
            json.dumps(targets),
        )
        return set(json.loads(said))

    def remove(self) -> None:
        """As a purge does."""
        self.unfilter()
        subprocess.run(
            ["setup/down.sh", "--project", self.project, "--purge"], check=True, capture_output=True, cwd=ROOT
        )


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    made = Walled(tmp_path_factory.mktemp("walled"))
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    """Another platform on this machine, without a filter."""
    made = Walled(tmp_path_factory.mktemp("beside"))
    try:
        yield made
    finally:
        made.remove()


@pytest.mark.thorough
@pytest.mark.usefixtures("outside")
def test_metadata_and_this_machine_are_closed_and_the_rest_as_the_settings_say(
    walled: Walled, beside: Walled, tried: Say
) -> None:
    gateway = docker(
        "network", "inspect", walled.network, "--format", "{{(index .IPAM.Config 0).Gateway}}"
    ).strip()
    with open_port() as port:
        metadata = {f"metadata {address}": (address, 80) for address in METADATA}
        machine = {
            f"machine {address}": (address, port) for address in (gateway, bridge_address(), "10.254.99.1")
        }
        server = {"server:80": (SERVER, 80), "server:5432": (SERVER, 5432)}
        targets = metadata | machine | server | {"resolver": (METADATA[0], 53)}
        assert walled.reached(targets) == set(targets), "without a filter all of it is there"
        walled.filter("network: {egress: open}")
        assert walled.reached(targets) == {*server, "resolver"}
        assert beside.reached(targets) == set(targets), "nobody else's network is filtered"
        walled.filter(f"network: {{egress: closed, allow: ['{SERVER}:5432']}}")
        assert walled.reached(targets) == {"server:5432"}
        walled.filter(f"network: {{allow: ['{gateway}', '{METADATA[1]}:80']}}")
        assert walled.reached(targets) == {
            *server,
            "resolver",
            f"machine {gateway}",
            f"metadata {METADATA[1]}",
        }
        walled.filter("network: {egress: unfiltered}")
        assert walled.reached(targets) == set(targets)
    tried(
        f"{len(targets)} addresses of a world outside and of this machine, open, closed, allowed, unfiltered"
    )


@pytest.mark.thorough
@pytest.mark.usefixtures("outside")
def test_a_table_that_somebody_takes_away_comes_back(walled: Walled) -> None:
    targets = {address: (address, 80) for address in METADATA}
    walled.filter("network: {egress: open}")
    walled.inside("nft", "delete", "table", "inet", table_name(walled.project))
    assert walled.reached(targets), "it was really away"
    until(lambda: not walled.reached(targets), "the table again", 20)
    walled.inside("nft", "flush", "chain", "inet", table_name(walled.project), "leaving")
    time.sleep(1)
    until(lambda: not walled.reached(targets), "the rules again", 20)
    walled.unfilter()
    assert not walled.reached(targets), "the rules outlive the service"


@pytest.mark.thorough
def test_a_machine_that_takes_no_rules_is_told_of(tmp_path: Path) -> None:
    """Without the right to set them, as without a kernel that knows them."""
    config = tmp_path / "nightdesk.yaml"
    config.write_text("site: {}\n")
    name = f"ndwall{secrets.token_hex(3)}"
    how = [
        "--cap-drop",
        "ALL",
        "--tmpfs",
        "/egress",
        "--volume",
        f"{config}:/etc/nightdesk/nightdesk.yaml:ro",
    ]
    docker("run", "--detach", "--name", name, *how, IMAGE, "python", "-m", "nightdesk.server.egress")

    def said(*command: str) -> str:
        done = subprocess.run(["docker", *command], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    try:
        until(lambda: '"ok": false' in said("exec", name, "cat", "/egress/state.json"), "its word", 20)
        assert "does not take the filter" in said("logs", name)
        assert "network.egress to unfiltered" in said("logs", name)
    finally:
        docker("rm", "--force", name)
