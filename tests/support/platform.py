"""A platform for the tests: brought up with the setup scripts, beside whatever runs here already.

It has a project, a port, settings and secrets of its own, and nothing of it stays. For work on one
test, keep one running and name its folder:

    setup/up.sh --state DIR --project NAME --port N --config FILE
    NIGHTDESK_TEST_PLATFORM=DIR .venv/bin/python -m pytest tests/integration -k name

A platform that was named so is used as it is and left alone at the end.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
REUSE = "NIGHTDESK_TEST_PLATFORM"
UP_SECONDS = 1500  # on a machine that has no image yet
DOWN_SECONDS = 180

# The shipped settings with these changes: sizes small enough to run out of memory, disk and processes quickly, a time
# after which an unused session ends that a test can wait for, room for tests side by side.
SIZES = {
    "tiny": {"title": "Tiny", "cpus": 1, "memory": "256M", "time_limit": "1h"},
    "small": {"title": "Small", "cpus": 1, "memory": "1G", "time_limit": "1h", "default": True},
    "cramped": {
        "title": "Cramped",
        "cpus": 1,
        "memory": "512M",
        "time_limit": "1h",
        "pids": 96,
        "disk": "64M",
        "output": "16M",
    },
}
# Below a platform's state: where connections may be taken from.
DATA = "data"
# Folders of groups: with them the team's folder is /shared/team.
FOLDERS = {
    "models": {"title": "Models", "groups": {"research": "write", "pupils": "read"}},
    "ledger": {"groups": {"finance": "write"}, "runs": "same"},
}
IDLE_SECONDS = 45
SLOTS = 4
# Who may have no more than one run going on at a time, whatever slots there are.
LIMITED_PERSON, LIMITED_GROUP = "lena", "students"
OUTPUT_COUNT = 200
RUN_LOG_BYTES = 3 * 2**20


class NotUp(Exception):
    """The platform for the tests did not come up, or did not go; the message shows the end of the output."""


class Platform:
    """A running platform that tests may do anything to."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.settings = _read_settings(state / ".env")
        self.project = self.settings["COMPOSE_PROJECT_NAME"]
        host = self.settings.get("NIGHTDESK_BIND") or "127.0.0.1"
        self.address = f"http://{host}:{self.settings['NIGHTDESK_PORT']}"
        self.url = f"{self.address}/services/nightdesk"
        login = json.loads((state / "login.json").read_text("utf-8"))
        self.admin_token = str(login["token"])

    @property
    def mail_server(self) -> tuple[str, int]:
        """Where the platform hands in its mail."""
        smtp = yaml.safe_load((self.state / "nightdesk.yaml").read_text("utf-8"))["notifications"]["smtp"]
        return str(smtp["host"]), int(smtp["port"])

    @property
    def setup_token(self) -> str:
        """The token of the hub's service `setup`."""
        return self.settings["NIGHTDESK_SETUP_TOKEN"]

    def service(self, name: str) -> str:
        """The container of one of the services."""
        return f"{self.project}-{name}-1"

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        document: dict[str, Any] = json.loads(docker("inspect", container))[0]
        return document

    def containers(self, role: str, *more: str, everything: bool = False) -> list[str]:
        """Names of the containers of a role; `more` are other filters, such as `label=…`."""
        filters = [f"label=org.nightdesk.project={self.project}", f"label=org.nightdesk.role={role}", *more]
        options = [part for one in filters for part in ("--filter", one)]
        return docker("ps", *(["--all"] if everything else []), *options, "--format", "{{.Names}}").split()

    def healthy(self, name: str) -> bool:
        """Is this service running, and well where it has a check of its own?"""
        state = self.inspect(self.service(name))["State"]
        return bool(state["Running"]) and state.get("Health", {}).get("Status", "healthy") == "healthy"

    def went_wrong(self) -> list[str]:
        """Each request that the api answered with a 500: when, what was asked for, and the error."""
        done = subprocess.run(
            ["docker", "logs", self.service("api")], capture_output=True, check=False, timeout=60
        )
        lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
        found = []
        for number, line in enumerate(lines):
            if " ERROR nightdesk.server.web.errors: " in line:
                trace = lines[number + 2 :]
                error = next((each for each in trace if each and not each.startswith((" ", "Traceback"))), "")
                found.append(f"{line}: {error}")
        return found

    def compose(self, *arguments: str, seconds: float = DOWN_SECONDS, **variables: str) -> None:
        """`setup/compose.sh …` for this platform, with these variables set."""
        _step("compose.sh", "--state", str(self.state), *arguments, seconds=seconds, **variables)

    def up(self) -> None:
        """`make up` for this platform."""
        _step("up.sh", "--state", str(self.state), seconds=UP_SECONDS)

    def down(self) -> None:
        """`make down` for this platform."""
        _step("down.sh", "--state", str(self.state), seconds=DOWN_SECONDS)


def start(
    state: Path,
    *,
    as_shipped: bool = False,
    address: str = "",
    site: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
    runs: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    first: Callable[[str], None] | None = None,
    **variables: str,
) -> Platform:
    """Bring up a platform of its own; everything that it has on the host is in `state`.

    With `as_shipped` its settings are those of config/nightdesk.yaml without a change. `address` is where
    it answers if not on the loopback, `first` is called with the project's name before anything of it is
    made, and `variables` are set for the setup scripts.
    `site`, `storage` and `runs` are settings of these sections, `env` are lines of its `.env`.

    Raises:
        NotUp: with the last lines of the output; nothing of it is left then.
    """
    project = f"ndtest{secrets.token_hex(3)}"
    settings = yaml.safe_load((ROOT / "config/nightdesk.yaml").read_text("utf-8"))
    if not as_shipped:
        settings["sizes"] = SIZES
        settings["shared"] = {"folders": FOLDERS}
        settings["connections"] = {"host_paths": [str(state / DATA)]}
        settings["sessions"]["idle_after"] = f"{IDLE_SECONDS}s"
        # The tests' ledger listens on this machine, which is out of reach of sessions and runs otherwise.
        settings["network"] = {"allow": [bridge_address()]}
        # A mail server of the tests may listen on this machine as well: see tests/support/mailbox.py.
        settings["notifications"] = {
            "smtp": {
                "host": bridge_address(),
                "port": _free_port(),
                "security": "off",
                "from": "Nightdesk <nightdesk@example.org>",
            }
        }
        settings["runs"] |= {
            "slots": SLOTS,
            "limits": {"people": {LIMITED_PERSON: 1}, "groups": {LIMITED_GROUP: 1}},
            "grace": "3s",
            "max_output_count": OUTPUT_COUNT,
            "run_log": RUN_LOG_BYTES,
        }
    settings["site"] |= site or {}
    settings["storage"] |= storage or {}
    settings["runs"] |= runs or {}
    if address and not address.startswith("127."):
        settings["site"]["behind_proxy"] = True  # an address of the tests' own, without TLS
    config = state / "nightdesk.yaml"
    config.write_text(yaml.safe_dump(settings), "utf-8")
    options = ["--project", project, "--port", str(_free_port()), "--config", str(config)]
    lines = {**({"NIGHTDESK_BIND": address} if address else {}), **(env or {})}
    if lines:
        file = state / ".env"
        file.touch(mode=0o600)
        file.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), "utf-8")
    try:
        if first is not None:
            first(project)
        _step("up.sh", "--state", str(state), *options, seconds=UP_SECONDS, **variables)
        return Platform(state)
    except BaseException:
        remove(project)
        raise


def build_images(**variables: str) -> None:
    """What a platform is made of, where it is missing; `variables` are set for the script."""
    _step("images.sh", seconds=UP_SECONDS, **variables)


@contextmanager
def alone(**how: Any) -> Iterator[Platform]:
    """What :func:`start` brings up; afterwards nothing of it is left, also after Ctrl-C or SIGTERM."""
    # Not pytest's own folder, which is kept for later: this one holds secrets.
    with sigterm_as_ctrl_c(), tempfile.TemporaryDirectory(prefix="nightdesk-test-") as state:
        started = start(Path(state), **how)
        try:
            yield started
        finally:
            remove(started.project)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """In the block SIGTERM ends Python as Ctrl-C does, with all that is to be done at the end."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def remove(project: str) -> None:
    """Take the platform away with all that it has.

    Raises:
        NotUp: something of it is still there.
    """
    _step("down.sh", "--project", project, "--purge", seconds=DOWN_SECONDS)
    left = residue(project)
    if left:
        raise NotUp(f"still there after down.sh --purge: {', '.join(left)}")


def residue(project: str) -> list[str]:
    """Everything in the engine that bears the project's label or name."""
    found: set[str] = set()
    for kind, listing, name in (
        ("container", ["ps", "--all"], "{{.Names}}"),
        ("network", ["network", "ls"], "{{.Name}}"),
        ("volume", ["volume", "ls"], "{{.Name}}"),
    ):
        for mark in ("label=org.nightdesk.project", "label=com.docker.compose.project"):
            names = docker(*listing, "--filter", f"{mark}={project}", "--format", name).split()
            found |= {f"{kind} {each}" for each in names}
        names = docker(*listing, "--filter", f"name={project}", "--format", name).split()
        found |= {f"{kind} {each}" for each in names}
    return sorted(found)


def docker(*arguments: str, seconds: float = 60, stdin: bytes | None = None) -> str:
    """The engine's own command; what it printed.

    Raises:
        AssertionError: it failed; shows what it said.
    """
    done = subprocess.run(
        ["docker", *arguments], input=stdin, capture_output=True, check=False, timeout=seconds
    )
    words = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, f"docker {' '.join(arguments[:6])} ended with {done.returncode}:\n{words}"
    return done.stdout.decode("utf-8", "replace")


def bridge_address() -> str:
    """This machine's own address on the engine's default bridge."""
    return docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()


def _step(script: str, *arguments: str, seconds: float, **variables: str) -> None:
    """One of the setup scripts. Not disturbed by a Ctrl-C meant for the tests, unless it is given up on."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NIGHTDESK_", "COMPOSE_", "JUPYTERHUB_")) or name == "NIGHTDESK_STATE"
    }
    environment |= {"NIGHTDESK_VENV": sys.prefix, **variables}
    process = subprocess.Popen(
        [str(ROOT / "setup" / script), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException:
        os.killpg(process.pid, 15)
        process.communicate()
        raise
    if process.returncode:
        last = "\n".join(output.decode("utf-8", "replace").splitlines()[-40:])
        raise NotUp(f"setup/{script} ended with {process.returncode}:\n{last}")


def _read_settings(file: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {key: value for key, equals, value in lines if equals and not key.startswith("#")}


def _free_port() -> int:
    """A port below those that the system gives away by itself: the images may have to be built first."""
    for _ in range(100):
        port = random.randint(20000, 31000)  # noqa: S311  # no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NotUp("no free port between 20000 and 31000")
