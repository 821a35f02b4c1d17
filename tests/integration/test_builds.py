"""Building versions on the real platform: from each kind of source to something that people can run in."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import ROOT, Platform, docker
from ..support.runs import Refused
from ..support.waiting import until

FINAL = {"succeeded", "failed", "cancelled"}
BUILD_SECONDS = 150
LIST = "tabulate\n"
SPEC = """\
name: {name}
version: "1"
title: Made in a test
kernels:
  - {{name: python3, display_name: Python 3, language: python}}
"""
PLAIN = "ARG BASE=nightdesk/base\nFROM ${BASE}\n"
WITHOUT_SERVER = PLAIN + "USER root\nRUN rm /opt/nightdesk/bin/jupyterhub-singleuser\nUSER 1000:1000\n"
SERVES_GIT = """\
import http.server, os, subprocess
class Git(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path, _, query = self.path.partition("?")
        env = {**os.environ, "GIT_PROJECT_ROOT": "/tmp", "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
               "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, content = out.partition(b"\\r\\n\\r\\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\\r\\n")]
        self.send_response(int(dict(lines).get("Status", "200").split()[0]))
        for name, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = answer
http.server.HTTPServer(("0.0.0.0", 8000), Git).serve_forever()
"""


@dataclass(frozen=True)
class Yard:
    """Builds, as the admin asks for them over REST."""

    admin: Person

    def ask(self, kind: str, files: dict[str, str] | None = None, **wanted: str) -> Any:
        """Ask for a build. Raises Refused."""
        parts: dict[str, Any] = {"request": (None, json.dumps({"kind": kind, **wanted}))}
        if files is not None:
            parts["files"] = ("files.tar.gz", archive(files))
        return self.admin.runs.ask("POST", "/builds", files=parts)

    def show(self, build: str) -> Any:
        """The build as it is now."""
        return self.admin.runs.ask("GET", f"/builds/{build}")

    def log(self, build: str) -> str:
        """What it has printed."""
        return self.admin.runs.call("GET", f"/builds/{build}/log").text

    def end(self, build: str) -> Any:
        """The build when it is over."""
        return until(
            lambda: shown if (shown := self.show(build))["status"] in FINAL else None,
            f"the end of build {build}",
            BUILD_SECONDS,
        )

    def build(self, kind: str, files: dict[str, str] | None = None, **wanted: str) -> Any:
        """A build that succeeds."""
        done = self.end(self.ask(kind, files, **wanted)["id"])
        assert done["status"] == "succeeded", self.log(done["id"])
        return done

    def fail(self, kind: str, files: dict[str, str] | None = None, **wanted: str) -> Any:
        """A build that does not."""
        done = self.end(self.ask(kind, files, **wanted)["id"])
        assert done["status"] == "failed", self.log(done["id"])
        return done

    def names(self) -> set[str]:
        """Every version on record."""
        listed = self.admin.runs.ask("GET", "/environments?all=true")["environments"]
        return {f"{each['name']}:{version['version']}" for each in listed for version in each["versions"]}


def archive(files: dict[str, str]) -> bytes:
    """A gzip tar of these."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


def own(name: str, dockerfile: str) -> dict[str, str]:
    """A folder with a recipe of this name."""
    return {"Dockerfile": dockerfile, "environment.yaml": SPEC.format(name=name)}


def fresh(word: str) -> str:
    """A name that no environment on the platform has."""
    return f"{word}-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def yard(admin: Person) -> Yard:
    return Yard(admin)


@pytest.fixture(scope="module")
def tiny(yard: Yard) -> Any:
    """A version that was built from a list of packages."""
    return yard.build("requirements", {"requirements.txt": LIST}, environment=fresh("tiny"), channel="next")


def test_a_list_of_packages_becomes_something_to_run_in(yard: Yard, ada: Person, tiny: Any) -> None:
    name, version = tiny["environment"], tiny["version"]
    found = yard.admin.runs.ask("GET", f"/environments/{name}/{version}")
    assert found["digest"] == tiny["digest"]
    assert "tabulate" in {package["name"] for package in found["packages"]}
    assert {package["kind"] for package in found["packages"]} == {"python", "debian"}
    lock = yard.admin.runs.call("GET", f"/environments/{name}/{version}/lock").text
    assert "--hash=sha256:" in lock
    assert "Trying it as a session and as a run." in yard.log(tiny["id"])
    run = ada.runs.end(
        ada.runs.submit(
            notebook("import tabulate", "print(tabulate.__name__)"), size=None, environment=f"{name}@next"
        )["id"]
    )
    assert run["status"] == "succeeded", ada.runs.log(run["id"])
    assert run["environment"]["digest"] == tiny["digest"]


def test_a_version_is_never_built_twice(yard: Yard, tiny: Any) -> None:
    wanted = {"environment": tiny["environment"], "version": tiny["version"]}
    with pytest.raises(Refused, match="exists already, and versions never change") as refused:
        yard.ask("requirements", {"requirements.txt": LIST}, **wanted)
    assert refused.value.status == 409


def test_a_removed_versions_image_goes_and_it_can_be_built_again(yard: Yard, tiny: Any) -> None:
    first = yard.build("requirements", {"requirements.txt": LIST}, environment=tiny["environment"])
    label = f"{first['environment']}:{first['version']}"
    yard.admin.runs.ask("POST", f"/environments/{first['environment']}/{first['version']}/remove")
    until(lambda: not there(first["digest"]), "the removal of the image", 60)
    assert there(tiny["digest"]), "and of no other one"
    again = yard.build("again", source=label)
    assert again["version"] == f"{first['version']}-again.1"
    assert f"Its packages are those of {label}." in yard.log(again["id"])
    found = yard.admin.runs.ask("GET", f"/environments/{again['environment']}/{again['version']}")
    assert found["offer"] == "deprecated"


def test_a_smoke_notebook_that_fails_keeps_it_from_people(yard: Yard) -> None:
    name = fresh("broken")
    smoke = notebook("import no_such_module").decode()
    spec = SPEC.format(name=name) + "smoke: smoke.ipynb\n"
    files = {"Dockerfile": PLAIN, "environment.yaml": spec, "smoke.ipynb": smoke}
    done = yard.fail("folder", files)
    assert "No module named 'no_such_module'" in done["reason"]
    assert f"{name}:1" not in yard.names()
    assert not docker("image", "ls", "--quiet", f"nightdesk/{name}")


def test_an_image_without_the_server_says_so_and_so_does_one_without_python(yard: Yard) -> None:
    done = yard.fail("folder", own(fresh("bare"), WITHOUT_SERVER))
    assert "the image has no jupyterhub-singleuser" in done["reason"]
    done = yard.fail("image", source="debian:trixie-slim", environment=fresh("bare"))
    assert "it has no python3" in done["reason"]


def test_packages_that_there_are_not(yard: Yard) -> None:
    done = yard.fail("requirements", {"requirements.txt": "tabulate==99.1\n"}, environment=fresh("none"))
    assert "The index has no such package" in done["reason"]
    assert "tabulate==99.1" in yard.log(done["id"])


def test_condas_list_is_translated_and_what_cannot_be_is_named(yard: Yard) -> None:
    text = "dependencies: [python=3.13, r-dplyr]\n"
    done = yard.fail("requirements", {"environment.yml": text}, environment=fresh("conda"))
    assert "'r-dplyr' is an R package" in done["reason"]


def test_a_build_ends_when_somebody_wishes_it(yard: Yard, platform: Platform) -> None:
    build = yard.ask("folder", own(fresh("long"), PLAIN + "RUN sleep 111\n"))["id"]
    until(lambda: "RUN sleep 111" in yard.log(build), "the step that takes long", 60)
    began = time.monotonic()
    yard.admin.runs.ask("POST", f"/builds/{build}/cancel")
    done = yard.end(build)
    assert (done["status"], done["reason"]) == ("cancelled", "Cancelled by admin.")
    assert time.monotonic() - began < 10
    until(lambda: "buildx" not in commands(platform), "the end of the program", 5)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_worker_that_ends_meanwhile(yard: Yard, platform: Platform, how: str) -> None:
    """Another one begins the build anew; here it is the same one, started again."""
    build = yard.ask("folder", own(fresh("anew"), PLAIN + "RUN sleep 6\n"))["id"]
    until(lambda: "RUN sleep 6" in yard.log(build), "the step that takes long", 60)
    docker(how, platform.service("worker"))
    if how == "stop":  # it hands the build back, and does not count this try
        assert yard.show(build)["status"] == "queued"
    docker("start", platform.service("worker"))
    done = yard.end(build)
    assert done["status"] == "succeeded", yard.log(build)
    assert yard.log(build).count("Building anew-") == 2


def test_a_package_of_ones_own_on_the_packages_of_a_version(
    admin: Person, ada: Person, tmp_path: Path
) -> None:
    """What `nightdesk export --package` made, put on python-data's lock; and a member who may not build it."""
    name = fresh("ours")
    package = copytree(
        ROOT / "examples/issue-positions/package", tmp_path / "package", ignore=ignore_patterns("__pycache__")
    )
    # Else the engine takes what it built earlier, and no test runs.
    (package / "README.md").write_text(f"# {name}\n")
    command = [
        "env",
        "build",
        "--like",
        "python-data:2026.12.1",
        "--with",
        str(package),
        "--name",
        name,
        "--version",
        "1",
    ]
    refused = ada.command(*command)
    assert refused.returncode == 1
    assert "admin" in refused.stderr
    done = admin.command(*command, seconds=BUILD_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    log = done.stdout + done.stderr
    assert "7 passed" in log
    source = notebook(
        "import issue_models.tuning as m, importlib.metadata as d\nprint(d.version('issue-models'), m.__file__)"
    )
    run = ada.runs.end(ada.runs.submit(source, size=None, environment=f"{name}:1")["id"])
    assert run["status"] == "succeeded", run
    assert "1.0 /opt/nightdesk/" in ada.runs.log(run["id"])
    packages = {
        each["name"]: each["version"] for each in ada.runs.ask("GET", f"/environments/{name}/1")["packages"]
    }
    assert packages["issue-models"] == "1.0"
    assert not {"pytest", "hatchling"} & packages.keys()


def test_a_repository(yard: Yard) -> None:
    name = fresh("fetched")
    with repository({"recipes/" + file: text for file, text in own(name, PLAIN).items()}) as (
        address,
        commit,
    ):
        done = yard.build("git", source=address, ref="main", folder="recipes")
        assert (done["environment"], done["version"]) == (name, "1")
        found = yard.admin.runs.ask("GET", f"/environments/{name}/1")
        assert f"at {commit}" in json.dumps(found)
        done = yard.fail("git", source=address, ref="no-such-branch", environment=fresh("fetched"))
        assert "The repository could not be fetched" in done["reason"]
        assert "no-such-branch" in done["reason"]


def test_an_image_from_elsewhere_is_registered_as_it_is(yard: Yard, ada: Person) -> None:
    name, tag = fresh("theirs"), f"ndtest/{secrets.token_hex(4)}:1"
    text = f"FROM nightdesk/base:latest\nLABEL made.for={name}\n"
    docker("build", "--quiet", "--tag", tag, "-", stdin=text.encode())
    try:
        digest = docker("image", "inspect", "--format", "{{.Id}}", tag).strip()
        done = yard.build("image", source=tag, environment=name, version="1")
        assert done["digest"] == digest
        run = ada.runs.end(ada.runs.submit(notebook("print(1)"), size=None, environment=f"{name}:1")["id"])
        assert (run["status"], run["environment"]["digest"]) == ("succeeded", digest)
    finally:
        docker("image", "rm", tag)


def there(digest: str) -> bool:
    """Is the image on this machine?"""
    return digest in docker("image", "ls", "--no-trunc", "--quiet", "--all").split()


def commands(platform: Platform) -> str:
    """What goes on in the worker's container."""
    return docker("top", platform.service("worker"), "-eo", "pid,args")


@contextmanager
def repository(files: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A git repository over http with these on its branch `main`; its address and the commit."""
    script = (
        "cd /tmp && git init -q --bare r.git && git init -q -b main w && cd w && tar xzf /tmp/files.tar.gz"
    )
    script += " && git add . && git -c user.name=t -c user.email=t@example.org commit -q -m one"
    script += " && git push -q ../r.git main && git rev-parse HEAD"
    container = docker(
        "run", "--detach", "--init", "nightdesk/base:latest", "python3", "-c", SERVES_GIT
    ).strip()
    try:
        docker("cp", "-", f"{container}:/tmp", stdin=_tar("files.tar.gz", archive(files)))
        commit = docker("exec", "--env", "HOME=/tmp", container, "sh", "-c", script).split()[-1]
        address = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", container).strip()
        yield f"http://{address}:8000/r.git", commit
    finally:
        docker("rm", "--force", container)


def _tar(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
