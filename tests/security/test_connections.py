"""Secrets of data connections: where they are not, who gets them, and until when; on the running platform."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ..support.leaks import Leaks, containers_of, raw, told_of, volumes_of
from ..support.notebooks import notebook
from ..support.people import NIGHTDESK, Person, join, leave
from ..support.platform import Platform, docker
from ..support.runs import BEGIN, END, HOLD, Held, Runs
from ..support.waiting import until
from .canaries import FAILS, KINDS, Canaries, plant, uses, well

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
TOKEN_FILE = "/nightdesk/in/token"
RUNS, CONNECTIONS, RUNS_SECONDS = 100, 5, 240


@pytest.fixture(scope="module")
def carol(platform: Platform) -> Iterator[Person]:
    yield join(platform, "carol")
    leave(platform, "carol")


@pytest.fixture(scope="module")
def canaries(admin: Person, carol: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    made = plant(admin, carol, tmp_path_factory.mktemp("secrets"))
    yield made
    for name in made.names:
        admin.command("connection", "rm", name, "--yes")


@pytest.mark.security(40)
def test_a_canary_of_every_kind_is_nowhere_it_should_not_be(
    platform: Platform, admin: Person, canaries: Canaries, tried: Say
) -> None:
    owner, ways = canaries.owner, {way: f"canary{secrets.token_hex(12)}" for way in ("webhook", "slack")}
    leaks = Leaks({**canaries.secrets, **ways})
    # With a message on its way to each, which nobody takes.
    owner.runs.ask(
        "PATCH", "/notifications", json={way: f"https://x.invalid/{key}" for way, key in ways.items()}
    )
    assert owner.runs.ask("POST", "/notifications/test")["sent"] == ["webhook", "slack"]
    held = Held(
        owner.runs,
        owner.runs.submit(notebook(BEGIN, uses(canaries.names), HOLD, END), "held.ipynb", size="small")["id"],
    )
    with held:
        held.holding()
        until(lambda: f"names {len(canaries.names)}" in owner.runs.log(held.id), "all were opened", 90)
        count = _told_by_the_engine(platform, leaks)
        failed = owner.runs.end(
            owner.runs.submit(notebook(uses(canaries.names), FAILS), "fails.ipynb", size="small")["id"], 120
        )
        assert failed["status"] == "failed", failed
        assert "[secret]" in failed["error"]["message"], "it was handed out, and masked"
        answers = _answered(admin, owner, canaries, [held.id, failed["id"]])
        for where, content in answers.items():
            assert leaks.of(content) == [], where
        looked = _copied(platform, leaks)
    tried(
        f"{len(canaries.secrets)} secrets of {len(KINDS)} kinds, two addresses of messages: {count} containers and their images, "
        f"{len(answers)} answers, {looked} volumes byte by byte"
    )


def _told_by_the_engine(platform: Platform, leaks: Leaks) -> int:
    """Inspect, logs, arguments, environments, history: while a run has them all in its memory."""
    containers = containers_of(platform)
    for container in containers:
        id, name = container["Id"], container["Name"]
        assert leaks.of(json.dumps(container)) == [], f"inspect of {name}"
        assert leaks.of(told_of(id, "logs", id)) == [], f"the log of {name}"
        if container["State"]["Running"]:
            assert leaks.of(told_of(id, "top", id, "-eo", "pid,args")) == [], f"arguments in {name}"
            inside = ("exec", id, "sh", "-c", "cat /proc/[0-9]*/environ 2>/dev/null; true")
            assert leaks.of(told_of(id, *inside)) == [], f"environments in {name}"
    for image in sorted({container["Image"] for container in containers}):
        told = docker("history", "--no-trunc", image) + docker("image", "inspect", image)
        assert leaks.of(told) == [], f"the history of {image}"
    return len(containers)


def _answered(admin: Person, owner: Person, canaries: Canaries, runs: list[str]) -> dict[str, str]:
    """All that the API and the command line say about connections and about runs that used them."""
    asked: list[tuple[Person, str]] = [
        (admin, "/connections?all=true"),
        (owner, "/connections"),
        (admin, "/audit/export?format=jsonl"),
        (admin, "/doctor"),
    ]
    for name in canaries.names:
        asked += [(admin, f"/connections/{name}"), (owner, f"/connections/{name}")]
        asked.append((admin, f"/connections/{name}/uses"))
    for run in runs:
        asked += [(owner, f"/runs/{run}{part}") for part in ("", "/log", "/history", "/outputs")]
    failed = runs[-1]
    asked.append((owner, f"/runs/{failed}/failure"))
    for output in owner.runs.ask("GET", f"/runs/{failed}/outputs")["outputs"]:
        asked.append((owner, f"/runs/{failed}/outputs/{output['name']}"))
    answers = {}
    for person, path in asked:
        answer = person.runs.call("GET", path)
        assert answer.status_code == 200, (path, answer.text)
        answers[f"{path} to {person.name}"] = answer.text
    log = answers[f"/runs/{failed}/log to {owner.name}"]
    assert log.count("[secret]") >= len(canaries.secrets) // 2, log
    for name in canaries.names:
        done = admin.command("connection", "test", name)  # a worker is handed the secrets for it
        assert done.returncode in {0, 1}, done.stderr
        answers[f"test of {name}"] = done.stdout + done.stderr
    for words in (("list", "--all"), ("show", canaries.names[0]), ("uses", canaries.names[0])):
        answers[" ".join(words)] = well(admin, "connection", *words)
    return answers


def _copied(platform: Platform, leaks: Leaks) -> int:
    """The volumes as a copy holds them: databases with what is not yet merged, the store, redis, homes."""
    password = platform.settings["NIGHTDESK_REDIS_PASSWORD"]
    docker("exec", "--env", f"REDISCLI_AUTH={password}", platform.service("redis"), "redis-cli", "save")
    volumes = volumes_of(platform)
    assert f"{platform.project}_data" in volumes
    marker = Leaks({"marker": "marker-user"})
    assert marker.of_pieces(raw(platform, f"{platform.project}_data")) == ["marker"], (
        "looking finds nothing at all"
    )
    for volume in volumes:
        assert leaks.of_pieces(raw(platform, volume)) == [], f"the volume {volume}"
    return len(volumes)


@pytest.mark.security(41)
def test_who_is_not_granted_it_gets_nothing(
    platform: Platform, bob: Person, canaries: Canaries, tried: Say
) -> None:
    leaks = Leaks(canaries.secrets)
    assert bob.runs.ask("GET", "/connections")["connections"] == []
    for name in canaries.names:
        theirs = bob.runs.call("POST", f"/connections/{name}/use")
        nobodys = bob.runs.call("POST", "/connections/nothing/use")
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert theirs.text.replace(name, "NAME") == nobodys.text.replace("nothing", "NAME")
    tries = uses(canaries.names).partition("    handed[name]")[0]
    run = bob.runs.end(bob.runs.submit(notebook(tries), size="small")["id"], 120)
    log = bob.runs.log(run["id"])
    assert log.count("NotFound") == len(canaries.names), log
    assert leaks.of(log) == []

    # Carol's run's token: nothing over the network, and nothing once the run is over
    with canaries.owner.runs.hold() as held:
        held.holding()
        container = held.container()["Id"]
        token = docker("exec", container, "cat", TOKEN_FILE).strip()
        assert token.startswith(f"run.{held.id}.1.")
        stolen = _over_the_network(platform, token, canaries.names[0])
    canaries.owner.runs.end(held.id)
    late = bob.runs.submit(notebook(_with_token(token, canaries.names[0])), size="tiny")
    bob.runs.end(late["id"])
    said = bob.runs.log(late["id"])
    assert "status 401" in said, said
    forged = token.replace(held.id, late["id"])
    assert (stolen, _over_the_network(platform, forged, canaries.names[0])) == (401, 401)
    tried(
        f"{len(canaries.names)} connections by Bob's token and Bob's run; a run's token elsewhere and too late"
    )


def _over_the_network(platform: Platform, token: str, name: str) -> int:
    """What the published address answers to this token."""
    return Runs(platform, token).call("POST", f"/connections/{name}/use").status_code


def _with_token(token: str, name: str) -> str:
    """Code that shows the gate a token that is not its own."""
    return f"""
import os, socket
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["NIGHTDESK_API_SOCKET"])
line.sendall(b"POST /services/nightdesk/api/v1/connections/{name}/use HTTP/1.1\\r\\nHost: x\\r\\n"
             b"Authorization: Bearer {token}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
print("status", line.recv(4096).split()[1].decode())
"""


@pytest.mark.security(41)
def test_what_is_taken_back_is_refused_at_the_next_use(
    platform: Platform, admin: Person, canaries: Canaries, tried: Say
) -> None:
    owner, name = canaries.owner, "canary-http"
    use = f"""
import hashlib, nightdesk
from nightdesk.connecting import asking
def use():
    try:
        nightdesk.connect({name!r})
        token = asking._ask("POST", "/connections", {name!r}, "use")["secrets"]["token"]
        print("got", hashlib.sha256(token.encode()).hexdigest(), flush=True)
    except Exception as error:
        print("refused", type(error).__name__, flush=True)
use()
"""
    again = """
for number in (1, 2):
    gate = team / f".next-{run}-{number}"
    while not gate.exists():
        time.sleep(0.1)
    use()
"""
    with Held(
        owner.runs, owner.runs.submit(notebook(BEGIN + _TEAM, use, again), "held.ipynb", size="small")["id"]
    ) as held:
        until(lambda: "got" in _said(owner, held.id), "the first use", 60)
        rotated = f"canary{secrets.token_hex(12)}"
        _rotated(admin, name, "token", rotated)
        _go_on(platform, held.id, 1)
        until(lambda: _said(owner, held.id).count("got") == 2, "the second use", 30)
        well(admin, "connection", "revoke", name, "--person", owner.name)
        _go_on(platform, held.id, 2)
        ended = owner.runs.end(held.id)
    log = owner.runs.log(held.id)
    well(admin, "connection", "grant", name, "--person", owner.name, "--write")
    assert ended["status"] == "succeeded", log
    first, second = canaries.secrets[f"{name}.token"], rotated
    assert [line for line in log.splitlines() if line.startswith(("got", "refused"))] == [
        f"got {sha256(first.encode()).hexdigest()}",
        f"got {sha256(second.encode()).hexdigest()}",
        "refused NotFound",
    ]
    assert Leaks({"new": rotated}).of(log) == []
    canaries.secrets[f"{name}.token"] = rotated
    tried(
        "a run that goes on: a new secret at its next use, a refusal at the one after the grant was taken back"
    )


_TEAM = """
team = pathlib.Path("/shared/team") if pathlib.Path("/shared/team").is_dir() else pathlib.Path("/shared")
"""


def _said(owner: Person, run: str) -> str:
    """What it has printed; nothing of it was refused yet."""
    log = owner.runs.log(run)
    assert "refused" not in log, log
    return log


def _go_on(platform: Platform, run: str, number: int) -> None:
    """Open the next gate of a run that waits for it: a file in the team's folder."""
    image = platform.inspect(platform.service("redis"))["Image"]
    volume = f"{platform.project}_shared:/team"
    docker(
        "run",
        "--rm",
        "--user",
        "0",
        "--volume",
        volume,
        "--entrypoint",
        "touch",
        image,
        f"/team/.next-{run}-{number}",
    )


def _rotated(admin: Person, name: str, secret: str, value: str) -> None:
    """By the command, with the secret on standard input."""
    command = ("connection", "rotate", name, "--secret-file", f"{secret}=-")
    done = subprocess.run(
        [NIGHTDESK, *command],
        input=value + "\n",
        env=admin.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert value not in done.stdout + done.stderr


@pytest.fixture
def many(
    admin: Person, ada: Person, grace: Person, tmp_path: Path
) -> Iterator[dict[str, tuple[Person, str]]]:
    """Connections of two people by name: whose it is, and its secret."""
    made: dict[str, tuple[Person, str]] = {}
    for number in range(CONNECTIONS):
        name, person, value = f"many-{number}", (ada, grace)[number % 2], secrets.token_hex(16)
        (tmp_path / name).write_text(value)
        how = ("--address", "http://127.0.0.1:1", "--secret-file", str(tmp_path / name))
        well(admin, "connection", "add", "http", name, *how)
        well(admin, "connection", "grant", name, "--person", person.name)
        made[name] = person, value
    yield made
    for name in made:
        admin.command("connection", "rm", name, "--yes")


@pytest.mark.security(41)
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_hundred_runs_are_each_handed_their_own(many: dict[str, tuple[Person, str]], tried: Say) -> None:
    submitted: list[tuple[str, Person, str]] = []
    for number in range(RUNS):
        name, (person, value) = list(many.items())[number % CONNECTIONS]
        source = f"""
import hashlib, nightdesk
from nightdesk.connecting import asking
print(nightdesk.connect({name!r}))
token = asking._ask("POST", "/connections", {name!r}, "use")["secrets"]["token"]
print("got", hashlib.sha256(token.encode()).hexdigest())
"""
        run: Any = person.runs.submit(source.encode(), "one.py", size="tiny")
        submitted.append((run["id"], person, sha256(value.encode()).hexdigest()))
    for id, person, digest in submitted:
        ended = person.runs.end(id, RUNS_SECONDS)
        assert ended["status"] == "succeeded", (ended, person.runs.log(id))
        assert person.runs.log(id).split()[-2:] == ["got", digest]
    tried(f"{RUNS} runs of two people, as fast as they were taken in, and {CONNECTIONS} connections")
