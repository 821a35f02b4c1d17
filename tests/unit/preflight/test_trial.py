"""The program that tries an image, as it is sent: a zip that this machine's own Python runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nightdesk.preflight.pack import packed

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
# A single-user server as far as the hub sees it: it asks for the hub's version, and answers.
SERVER = """\
#!{python}
import http.server, os, sys, urllib.parse, urllib.request
if "--version" in sys.argv:
    print("{version}")
    sys.exit()
if {breaks}:
    sys.exit("ImportError: something is missing")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
opener.open(os.environ["JUPYTERHUB_API_URL"]).read()
where = urllib.parse.urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
class Lab(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == where.path + "api" else 500)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer((where.hostname, where.port), Lab).serve_forever()
"""


@dataclass
class Tried:
    """What the program said."""

    code: int
    checks: dict[str, dict[str, Any]]
    report: dict[str, Any] | None
    errors: str

    def words(self, check: str) -> str:
        """Of a check that was not passed."""
        assert not self.checks[check]["ok"]
        return str(self.checks[check]["words"])


def notebook(*sources: str, kernel: str | None = "python3") -> bytes:
    """A notebook of these cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": s,
            "outputs": [],
            "execution_count": None,
        }
        for n, s in enumerate(sources)
    ]
    metadata = {} if kernel is None else {"kernelspec": {"name": kernel, "display_name": kernel}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with the programs of an image that is as it should be."""
    programs = tmp_path / "bin"
    programs.mkdir()
    python = programs / "python3"  # no link: a virtual environment is found by where its Python lies
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    serve(programs)
    return tmp_path


def serve(programs: Path, version: str = "6.1.1", breaks: bool = False) -> None:
    """Put a single-user server there."""
    program = programs / "jupyterhub-singleuser"
    program.write_text(SERVER.format(python=sys.executable, version=version, breaks=breaks))
    program.chmod(0o755)


def tried(
    image: Path,
    kernels: list[dict[str, str]] | None,
    smoke: bytes | None = None,
    elsewhere: str = ":/usr/bin:/bin",
) -> Tried:
    """Run the program as the worker sends it; ``elsewhere`` is where more programs are than the image's own."""
    kit = image / "kit.zip"
    kit.write_bytes(packed({} if kernels is None else {"kernels": kernels}, smoke, "6.1.1"))
    done = subprocess.run(
        [sys.executable, "-W", "error", kit],
        env={"PATH": f"{image / 'bin'}{elsewhere}", "HOME": str(image), "TMPDIR": str(image)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    checks = {line["check"]: line for line in lines if "check" in line}
    report = next((line["report"] for line in lines if "report" in line), None)
    return Tried(done.returncode, checks, report, done.stderr)


def test_an_image_as_it_should_be(image: Path) -> None:
    found = tried(image, [PYTHON], notebook("import sys", "print(sys.version)"))
    expected = {"python", "user", "single-user server", "server starts", "smoke notebook"}
    assert set(found.checks) == expected, found.errors
    failing = {name for name, check in found.checks.items() if not check["ok"]} - {
        "user"
    }  # tests run as anybody
    assert not failing, found.checks
    assert found.report is not None
    assert (found.report["contract"], found.report["kernels"]) == (1, [PYTHON])
    assert {"name", "version", "kind"} == set(found.report["packages"][0])
    assert "pytest" in {package["name"] for package in found.report["packages"]}


def test_the_user_counts(image: Path) -> None:
    found = tried(image, [])
    if os.getuid() == 1000:
        assert found.checks["user"]["ok"]
    else:
        assert "have to run as uid 1000" in found.words("user")
        assert found.code == 1


def test_without_a_server_the_words_say_what_to_install(image: Path) -> None:
    (image / "bin/jupyterhub-singleuser").unlink()
    found = tried(image, [], elsewhere="")
    assert "the image has no jupyterhub-singleuser" in found.words("single-user server")
    assert "jupyterhub==6.1.1" in found.words("single-user server")
    assert "server starts" not in found.checks
    assert found.code == 1


def test_a_server_of_another_generation(image: Path) -> None:
    serve(image / "bin", version="4.1.6")
    words = tried(image, []).words("single-user server")
    assert "the image has jupyterhub 4.1.6, but the hub is 6.1.1" in words


def test_a_server_that_does_not_start(image: Path) -> None:
    serve(image / "bin", breaks=True)
    words = tried(image, []).words("server starts")
    assert "ends while it starts (exit code 1)" in words
    assert "ImportError: something is missing" in words


def test_an_image_without_kernels(image: Path) -> None:
    assert "the image has no kernel" in tried(image, []).words("kernels")


def test_kernels_are_asked_for_where_nobody_said(image: Path) -> None:
    found = tried(image, None)
    assert found.report is not None
    assert "python3" in {kernel["name"] for kernel in found.report["kernels"]}
    assert found.checks["kernel python3"]["ok"], found.checks


def test_a_kernel_that_is_not_there(image: Path) -> None:
    missing = {"name": "julia", "display_name": "Julia", "language": "julia"}
    found = tried(image, [PYTHON, missing])
    assert found.checks["kernel python3"]["ok"]
    assert "no kernel 'julia'; it has: python3" in found.words("kernel julia")
    assert found.code == 1


def test_a_smoke_notebook_that_fails_shows_its_error(image: Path) -> None:
    found = tried(image, [PYTHON], notebook("print('fine')", "import nothing_of_this_name"))
    words = found.words("smoke notebook")
    assert "nothing_of_this_name" in words
    assert "\x1b" not in words
    assert found.checks["kernel python3"]["ok"], "the kernel itself does start"


@pytest.mark.parametrize("smoke", [b"no notebook", b"{}", b'{"metadata": []}'])
def test_what_is_no_notebook_is_told(image: Path, smoke: bytes) -> None:
    assert tried(image, [PYTHON], smoke).words("smoke notebook")


def test_what_the_image_prints_and_how_it_ends_do_not_get_in_the_way(image: Path) -> None:
    found = tried(image, [PYTHON], notebook('print(\'{"check": "forged", "ok": true}\')', kernel=None))
    assert "forged" not in found.checks
    assert found.checks["smoke notebook"]["ok"]
