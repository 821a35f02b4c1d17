"""What the built images are, looked at from inside and under the conditions of a run.

The images are those of this working tree: `setup/images.sh` builds what is missing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_DATA = ("python-data:2026.10.1", "python-data:2026.12.1")
ENVIRONMENTS = (*PYTHON_DATA, "modelling:2026.12.1", "r-data:2026.12.1")
KERNELS = {"r-data:2026.12.1": ["ir", "python3"]}  # of the others: python3
DEBIANS_OWN = "/etc/ssl/certs/ca-certificates.crt"  # from the package ca-certificates
PASSWORD = "a-password-for-this-test"
pytestmark = pytest.mark.engine

AS_A_RUN = ["--init", "--network=none", "--read-only", "--cap-drop=ALL"]
AS_A_RUN += ["--security-opt=no-new-privileges", "--tmpfs=/tmp:mode=1777"]
AS_A_RUN += ["--tmpfs=/home/nightdesk:uid=1000,gid=1000,mode=700"]

# Runs inside: what there is, as one JSON document.
PROBE = """
import importlib.metadata, importlib.util, json, os, pathlib, subprocess, sys

def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout

def writable(folder):
    try:
        (pathlib.Path(folder) / "probe").write_text("")
    except OSError:
        return False
    return True

def bytecode(module):
    return os.access(importlib.util.find_spec(module).cached, os.R_OK)

started = ["jsonschema", "jupyter_server.serverapp", "jupyterlab.labapp", "jupyterhub.singleuser.app",
            "papermill", "ipykernel.kernelapp", "nightdesk", "sqlalchemy", "pandas", "sklearn.linear_model", "modelling"]
there = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({
    "user": [os.getuid(), os.getgid(), os.environ["HOME"], os.getcwd()],
    "writable": {folder: writable(folder) for folder in ("/opt/nightdesk", "/tmp", os.environ["HOME"])},
    "absent": {name: not there(name) for name in
               ("rfc3987_syntax", "nightdesk.server", "nightdesk.runner", "nightdesk.config")},
    "without_bytecode": [name for name in started if there(name.split(".")[0]) and not bytecode(name)],
    "packages": json.loads(pathlib.Path("/opt/nightdesk/packages.json").read_text()),
    "pip_list": json.loads(output(sys.executable, "-m", "pip", "list", "--format", "json")),
    "kernels": sorted(path.parent.name for path in pathlib.Path("/opt/nightdesk/share/jupyter/kernels").glob("*/kernel.json")),
    "login_shell": output("bash", "-lc", "command -v python nightdesk git nano curl").split(),
    "single_user": output("jupyterhub-singleuser", "--version").strip(),
    "changeable": output("find", "/opt/nightdesk", "!", "-type", "l", "(", "-perm", "-2", "-o", "-user", "1000", ")"),
    "unreadable": output("find", "/opt/nightdesk", "!", "-readable").split(),
    "versions": {each.name: each.version for each in importlib.metadata.distributions()},
}))
"""


def docker(*arguments: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """The engine's own command line; a failure shows what it said."""
    answer = subprocess.run(
        ["docker", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    if check and answer.returncode:
        raise AssertionError(f"docker {' '.join(arguments[:4])} … failed:\n{answer.stderr[-2000:]}")
    return answer


@pytest.fixture(scope="module")
def plan() -> dict[str, str]:
    """``name:version`` → the image that this working tree describes."""
    lines = subprocess.run(
        [sys.executable, ROOT / "setup/image_plan.py"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    images = {}
    for line in lines:
        _, repository, version, source, *_ = line.split("\t")
        images[f"{repository.removeprefix('nightdesk/')}:{version}"] = f"{repository}:src-{source}"
    missing = [
        name for name, image in images.items() if docker("image", "inspect", image, check=False).returncode
    ]
    if missing:
        pytest.fail(f"these images are not built: {', '.join(missing)}; run setup/images.sh")
    return images


@pytest.fixture(scope="module")
def bundle() -> Path | None:
    """The certificates that builds on this machine trust, if any."""
    path = subprocess.run(
        [ROOT / "setup/ca.sh"], capture_output=True, text=True, check=True, env=os.environ
    ).stdout.strip()
    return Path(path) if path else None


@pytest.fixture(scope="module")
def seen(plan: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the probe saw in each environment."""

    def look(name: str) -> dict[str, Any]:
        answer = docker("run", "--rm", "-i", *AS_A_RUN, plan[name], "python", "-", stdin=PROBE)
        result: dict[str, Any] = json.loads(answer.stdout)
        return result

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(ENVIRONMENTS, pool.map(look, ENVIRONMENTS), strict=True))


@pytest.fixture
def started() -> Iterator[Callable[..., str]]:
    """Starts containers in the background and removes them afterwards."""
    names: list[str] = []

    def start(*arguments: str) -> str:
        names.append(f"nightdesk-images-test-{uuid.uuid4().hex[:12]}")
        docker("run", "--detach", "--name", names[-1], "--init", "--cap-drop=ALL", *arguments)
        return names[-1]

    yield start
    if names:
        docker("rm", "--force", "--volumes", *names)


def until(ready: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_belongs_to_a_user_who_cannot_change_it(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["user"] == [1000, 1000, "/home/nightdesk", "/home/nightdesk"]
    assert seen[name]["changeable"] == ""
    assert seen[name]["writable"] == {"/opt/nightdesk": False, "/tmp": True, "/home/nightdesk": True}
    assert seen[name]["unreadable"] == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_starts_fast(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["absent"]["rfc3987_syntax"], "it costs a second of every start"
    assert seen[name]["without_bytecode"] == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_holds_the_client_and_nothing_of_the_server(seen: dict[str, Any], name: str) -> None:
    assert all(seen[name]["absent"].values()), seen[name]["absent"]
    expected = ["/opt/nightdesk/bin/python", "/opt/nightdesk/bin/nightdesk"]
    assert seen[name]["login_shell"] == [*expected, "/usr/bin/git", "/usr/bin/nano", "/usr/bin/curl"]
    assert seen[name]["kernels"] == KERNELS.get(name, ["python3"])
    assert seen[name]["single_user"] == seen[name]["versions"]["jupyterhub"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_list_of_packages_is_true(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["packages"] == seen[name]["pip_list"]
    listed = {
        re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in seen[name]["packages"]
    }
    lock = (ROOT / "images" / name.replace(":", "/") / "requirements.txt").read_text()
    pins = dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", lock, re.MULTILINE))
    assert {package: listed.get(package) for package in pins} == pins


def test_versions_of_an_environment_differ(seen: dict[str, Any]) -> None:
    old, new = (seen[name]["versions"] for name in PYTHON_DATA)
    assert old["pandas"].startswith("2.")
    assert new["pandas"].startswith("3.")
    assert old["scikit-learn"] != new["scikit-learn"]


@pytest.mark.parametrize(
    "name", [*ENVIRONMENTS, "base:latest", "hub:latest", "scheduler:latest", "proxy:latest", "redis:latest"]
)
def test_nothing_of_the_building_machine_stays(plan: dict[str, str], bundle: Path | None, name: str) -> None:
    wanted = ["-name", "pip.conf", "-o", "-name", ".npmrc", "-o", "-path", "/run/secrets"]
    wanted += ["-o", "-path", "/root/.cache/*", "-o", "-path", "/root/.npm/*"]
    if bundle:
        wanted += ["-o", "-size", f"{bundle.stat().st_size}c", "-not", "-path", DEBIANS_OWN]
    look = ["--rm", "--network=none", "--user=0", "--entrypoint=find", plan[name], "/", "-xdev"]
    found = docker("run", *look, "-type", "f", "(", *wanted, ")").stdout
    assert not found, "are these the building machine's settings or certificates?"
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", plan[name]).stdout
    assert not re.search(r"https?://|INDEX_URL|trusted-host", history)
    assert not bundle or str(bundle) not in history
    variables = docker("image", "inspect", "--format", "{{json .Config.Env}}", plan[name]).stdout
    assert not re.search(r"PIP_|_CERT|CA_BUNDLE|npm_config", variables)


def test_labels_say_what_an_environment_is(plan: dict[str, str]) -> None:
    for name in ENVIRONMENTS:
        answer = docker("image", "inspect", "--format", "{{json .Config}}", plan[name]).stdout
        config = json.loads(answer)
        labels = {key.removeprefix("org.nightdesk."): value for key, value in config["Labels"].items()}
        assert f"{labels['environment']}:{labels['version']}" == name
        assert plan[name].endswith(f":src-{labels['source']}")
        assert json.loads(labels["spec"])["kernels"][0]["name"] == KERNELS.get(name, ["python3"])[0]
        assert config["Cmd"] == ["jupyterhub-singleuser"]
        assert not config.get("Entrypoint")


def test_redis_wants_a_password_and_keeps_it_out_of_its_arguments(
    plan: dict[str, str], started: Callable[..., str]
) -> None:
    redis = started("--read-only", f"--env=NIGHTDESK_REDIS_PASSWORD={PASSWORD}", plan["redis:latest"])

    def ask(*command: str, password: str = PASSWORD) -> str:
        answer = docker(
            "exec", "--env", f"REDISCLI_AUTH={password}", redis, "redis-cli", *command, check=False
        )
        return answer.stdout + answer.stderr

    until(lambda: "PONG" in ask("ping"), "an answer of redis")
    assert "NOAUTH" in ask("ping", password="")
    assert "noeviction" in ask("config", "get", "maxmemory-policy")
    assert "yes" in ask("config", "get", "appendonly")
    assert "everysec" in ask("config", "get", "appendfsync")
    told = docker("exec", redis, "sh", "-c", "id -u; cat /proc/*/cmdline; cat /etc/redis/*").stdout
    assert told.startswith("6379\n")
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("service", "variable"), [("redis", "NIGHTDESK_REDIS_PASSWORD"), ("proxy", "CONFIGPROXY_AUTH_TOKEN")]
)
def test_no_service_starts_without_its_secret(plan: dict[str, str], service: str, variable: str) -> None:
    answer = docker("run", "--rm", "--network=none", plan[f"{service}:latest"], check=False)
    assert answer.returncode == 1
    assert f"{variable} is not set; it belongs in config/.env" in answer.stderr


def test_the_proxy_answers_and_guards_its_api(plan: dict[str, str], started: Callable[..., str]) -> None:
    proxy = started(
        "--read-only",
        "--add-host=proxy-api:127.0.0.2",
        "--env=CONFIGPROXY_AUTH_TOKEN=token-of-a-test",
        plan["proxy:latest"],
    )

    def status(url: str, token: str = "") -> str:
        headers = f"{{headers: {{Authorization: 'token {token}'}}}}"
        program = (
            f"fetch('{url}', {headers}).then(r => console.log(r.status), e => console.log(e.cause.code))"
        )
        return docker("exec", proxy, "node", "-e", program).stdout.strip()

    until(lambda: status("http://127.0.0.1:8000/_chp_healthz") == "200", "an answer of the proxy")
    assert status("http://proxy-api:8001/api/routes") == "403"
    assert status("http://proxy-api:8001/api/routes", "token-of-a-test") == "200"
    assert status("http://127.0.0.1:8001/api/routes", "token-of-a-test") == "ECONNREFUSED"
    assert docker("exec", proxy, "sh", "-c", "id -u; command -v npm || true").stdout == "8000\n"


@pytest.mark.parametrize(
    ("image", "imported", "absent"),
    [
        ("hub", ["jupyterhub.app", "dockerspawner", "nightdesk.config", "nightdesk_hub"], "nightdesk.server"),
        ("scheduler", ["celery", "fastapi", "nbconvert", "nightdesk.server"], "jupyterhub"),
    ],
)
def test_services_hold_what_they_need(
    plan: dict[str, str], image: str, imported: list[str], absent: str
) -> None:
    program = (
        "import importlib, importlib.util as u, json, os\n"
        f"for name in {imported!r}: importlib.import_module(name)\n"
        f"print(json.dumps([name for name in {imported!r} if not os.path.exists(u.find_spec(name).cached)]))\n"
        f"print(u.find_spec({absent!r}), u.find_spec('rfc3987_syntax'))\n"
    )
    answer = docker(
        "run", "--rm", "--network=none", "--cap-drop=ALL", plan[f"{image}:latest"], "python", "-c", program
    )
    assert answer.stdout.splitlines() == ["[]", "None None"]
