"""Code from git on the real platform, from a real git server: what runs is on record, and no login is anywhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ..support.git_server import USER, GitServer, git_server
from ..support.notebooks import notebook
from ..support.people import Person, admin_of, join
from ..support.platform import Platform, bridge_address, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
NOTEBOOK = notebook("import beside\nprint('beside says', beside.WORD)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git"), bridge_address()) as running:
        yield running


@pytest.fixture(scope="module")
def gita(platform: Platform) -> Person:
    return join(platform, "gita")


@pytest.fixture(scope="module", autouse=True)
def code(platform: Platform, server: GitServer, gita: Person) -> Iterator[None]:
    """A connection to the private repository, which is gita's to use."""
    server.commit("private", {"reports/daily.ipynb": NOTEBOOK, "reports/beside.py": b"WORD = 'one'\n"})
    admin = admin_of(platform)
    admin.runs.call("DELETE", "/connections/code")
    wanted = {
        "name": "code",
        "kind": "git",
        "settings": {"url": server.url("private"), "user": USER, "api": "gitea"},
        "secrets": {"password": server.password},
    }
    admin.runs.ask("POST", "/connections", json=wanted)
    admin.runs.ask("POST", "/connections/code/grants", json={"kind": "person", "name": gita.name})
    yield
    admin.runs.call("DELETE", "/connections/code")


def run_of(person: Person, *arguments: str) -> dict[str, Any]:
    done = person.command("submit", *arguments, "--size", "tiny", "--watch", "--json")
    assert done.returncode == 0, done.stderr
    ended: dict[str, Any] = json.loads(done.stdout)
    return ended


def test_a_private_repository_runs_with_its_commit_on_record(
    platform: Platform, server: GitServer, gita: Person, tmp_path: Path
) -> None:
    first = server.commit("private", {"reports/beside.py": b"WORD = 'first'\n"}, tag="v1")
    second = server.commit("private", {"reports/beside.py": b"WORD = 'second'\n"})
    for ref, commit, word in (("main", second, "second"), ("v1", first, "first"), (first, first, "first")):
        ended = run_of(gita, "reports/daily.ipynb", "--git", "code", "--ref", ref)
        assert (ended["git"]["commit"], ended["git"]["path"]) == (commit, "reports/daily.ipynb")
        assert f"beside says {word}" in gita.command("logs", ended["id"]).stdout
    gita.command("download", ended["id"], str(tmp_path))
    (manifest,) = tmp_path.rglob("manifest.json")
    assert json.loads(manifest.read_text())["git"]["commit"] == first
    tried = admin_of(platform).command("connection", "test", "code")
    assert (tried.returncode, "1 branch" in tried.stdout) == (0, True), tried.stdout + tried.stderr
    nobody = join(platform, "nogit")
    refused = nobody.command("submit", "reports/daily.ipynb", "--git", "code")
    assert (refused.returncode, "no connection 'code' for you" in refused.stderr) == (1, True)
    private = nobody.command("submit", "reports/daily.ipynb", "--git", server.url("private"))
    assert "or it is private" in private.stderr
    _nothing_is_left_of(server.password, platform)


def _nothing_is_left_of(secret: str, platform: Platform) -> None:
    """In no log of a service, and in no container, argument, variable or label that is there."""
    for service in ("api", "worker", "hub"):
        name = platform.service(service)
        said = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
        assert secret not in said.stdout + said.stderr
        assert secret not in docker("inspect", name)
    fetches = docker("ps", "--all", "--quiet", "--filter", "label=org.nightdesk.role=fetch")
    assert not fetches.strip(), "what fetched is gone"


def test_an_address_leads_to_nothing_that_a_run_could_not_reach(gita: Person) -> None:
    for host in ("redis:6379", "api:8000", "hub:8081", "127.0.0.1:8000", "169.254.169.254"):
        refused = gita.command("submit", "a.ipynb", "--git", f"http://{host}/x.git")
        assert refused.returncode in (1, 3)
        assert "could not be fetched" in refused.stderr or "has not come" in refused.stderr, refused.stderr


def schedule(person: Person, *arguments: str) -> Any:
    done = person.command("schedule", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ticks_of(person: Person, name: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = schedule(person, "ticks", name)["ticks"]
    return found


def ended(person: Person, name: str, count: int) -> list[dict[str, Any]]:
    """The ticks, once so many are over."""
    going = {"queued", "waiting"}

    def all_over() -> list[dict[str, Any]]:
        found = ticks_of(person, name)
        return found if len(found) == count and not going & {tick["state"] for tick in found} else []

    return until(all_over, f"{count} ticks of {name}", 120, every=0.5)


def test_a_push_runs_its_commit_once_and_the_host_is_told(server: GitServer, gita: Person) -> None:
    made = schedule(
        gita,
        "add",
        "reports/daily.ipynb",
        "--git",
        "code",
        "--ref",
        "main",
        "--on-push",
        "--name",
        "pushed",
        "--size",
        "tiny",
    )
    assert (made["source"]["kind"], made["on_push"], made["next_at"]) == ("git", True, None)
    hook = schedule(gita, "hook", "pushed")
    commit = server.commit("private", {"reports/beside.py": b"WORD = 'pushed'\n"})
    body = json.dumps({"ref": "refs/heads/main", "after": commit}).encode()
    signature = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    answers = []
    for headers in ({}, *({"X-Gitea-Signature": signature, "X-Gitea-Delivery": str(n)} for n in range(3))):
        answers.append(requests.post(hook["url"], data=body, headers=headers, timeout=30))
    assert [answer.status_code for answer in answers] == [401, 200, 200, 200]
    assert len({answer.json()["tick"] for answer in answers[1:]}) == 1
    (tick,) = ended(gita, "pushed", 1)
    assert (tick["state"], tick["by"]) == ("succeeded", f"commit {commit}")
    assert "beside says pushed" in gita.command("logs", tick["run"]).stdout
    path = f"/api/v1/repos/private/statuses/{commit}"
    told = until(lambda: [each for each in server.statuses if each[0] == path], "the status", 60, every=0.5)
    assert [(each[2]["state"], each[2]["context"]) for each in told] == [("success", "nightdesk/pushed")]
    assert told[0][2]["target_url"].endswith(f"/runs/{tick['run']}")


def test_a_live_file_is_read_at_each_time(gita: Person) -> None:
    session = gita.session(environment="python-data", size="tiny")
    session.do("sh", "-c", 'mkdir -p "$HOME/live" && ln -s /etc/passwd "$HOME/live/way.py"')
    session.put("live/n.py", b"import other; print('live', other.WORD)")
    session.put("live/other.py", b"WORD = 'first'")
    how = ("--cron", "0 0 1 1 *", "--name", "live", "--size", "tiny", "--files", "live")
    made = schedule(gita, "add", "--live", "live/n.py", *how)
    assert (made["source"]["kind"], made["source"]["folder"]) == ("home", "live")
    session.put("live/other.py", b"WORD = 'second'")
    schedule(gita, "run", "live")
    (tick,) = ended(gita, "live", 1)
    assert "live second" in gita.command("logs", tick["run"]).stdout
    assert "way.py" in " ".join(gita.runs.ask("GET", f"/runs/{tick['run']}")["notes"])
    for words, change in (
        ("There is no 'live/n.py' in the home", 'rm "$HOME/live/n.py"'),
        ("a link leads there", 'ln -s /etc/passwd "$HOME/live/n.py"'),
    ):
        session.do("sh", "-c", change)
        count = len(ticks_of(gita, "live")) + 1
        gita.command("schedule", "run", "live")
        newest = ended(gita, "live", count)[0]
        assert (newest["state"], words in newest["words"]) == ("refused", True), newest


def test_a_pipeline_from_a_repository(server: GitServer, gita: Person) -> None:
    steps = b"name: of git\nsize: tiny\nsteps:\n  first:\n    run: first.py\n  second:\n    run: second.py\n    needs: first\n"
    scripts = {
        f"pipe/{name}.py": f"import word; print('{name}', word.WORD)".encode() for name in ("first", "second")
    }
    files: dict[str, bytes | str | None] = {
        "pipe/pipeline.yaml": steps,
        "pipe/word.py": b"WORD = 'here'",
        **scripts,
    }
    commit = server.commit("private", files)
    done = gita.command("pipeline", "run", "pipe/pipeline.yaml", "--git", "code", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    pipeline = json.loads(done.stdout)
    runs = [gita.runs.ask("GET", f"/runs/{step['run']}") for step in pipeline["steps"]]
    assert [run["git"]["commit"] for run in runs] == [commit, commit]
    assert "second here" in gita.command("logs", runs[1]["id"]).stdout
