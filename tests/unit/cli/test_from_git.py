"""What commands ask for code that is elsewhere: a repository, or a file in one's home."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nightdesk as package
import pytest

from .conftest import Result
from .platform_double import Platform

GIT = "https://git.example.org/team/reports.git"
Run = Callable[..., Result]
SCHEDULE = {"id": "k7m2x9qh4tfd", "name": "daily", "url": "x"}


@pytest.mark.parametrize(
    ("more", "source"),
    [
        (["--ref", "main"], {"repository": GIT, "path": "a/n.ipynb", "ref": "main", "folder": None}),
        (["--files", "."], {"repository": GIT, "path": "a/n.ipynb", "ref": "", "folder": ""}),
        (["--files", "./a/b/"], {"repository": GIT, "path": "a/n.ipynb", "ref": "", "folder": "a/b"}),
    ],
)
def test_submit(signed_in: Platform, nightdesk: Run, more: list[str], source: dict[str, Any]) -> None:
    signed_in.answers.append((201, signed_in.add_run("run7")))
    done = nightdesk("submit", "a/n.ipynb", "--git", GIT, *more, "-p", "year=2026", "--json")
    assert (done.code, done.json["id"]) == (0, "run7")
    said = json.loads(signed_in.bodies[-1])
    assert signed_in.requests[-1][:2] == ("POST", "/services/nightdesk/api/v1/runs/from-git")
    assert said["source"] == source
    assert said["parameters"] == {"year": "2026"}
    assert len(said["key"]) == 32


def test_from_python(signed_in: Platform) -> None:
    signed_in.answers.append((201, signed_in.add_run("run7")))
    with package.Client() as client:
        run = client.submit("a/n.ipynb", git="code", ref="v1", files=".", environment="python-data")
    assert run.id == "run7"
    said = json.loads(signed_in.bodies[-1])
    assert said["source"] == {"repository": "code", "path": "a/n.ipynb", "ref": "v1", "folder": ""}
    assert said["environment"] == "python-data"


def test_a_pipeline(signed_in: Platform, nightdesk: Run) -> None:
    signed_in.answers.append((201, {"id": "p1", "name": "monthly"}))
    done = nightdesk("pipeline", "run", "m/pipeline.yaml", "--git", "code", "--skip-unchanged", "--json")
    assert done.code == 0, done
    assert signed_in.requests[-1][1].endswith("/pipelines/from-git")
    said = json.loads(signed_in.bodies[-1])
    assert (said["source"]["path"], said["skip_unchanged"]) == ("m/pipeline.yaml", True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            ["a/n.ipynb", "--git", "code", "--ref", "main", "--on-push"],
            {
                "on_push": True,
                "git": {"repository": "code", "path": "a/n.ipynb", "ref": "main", "folder": None},
            },
        ),
        (["--live", "a/n.ipynb", "--every", "1h"], {"home": {"path": "a/n.ipynb", "folder": None}}),
        (["--live", "n.py", "--files", "lib", "--every", "1h"], {"home": {"path": "n.py", "folder": "lib"}}),
    ],
)
def test_a_schedule(signed_in: Platform, nightdesk: Run, arguments: list[str], named: dict[str, Any]) -> None:
    signed_in.answers.append((201, SCHEDULE))
    done = nightdesk("schedule", "add", *arguments, "--json")
    assert done.code == 0, done
    body = signed_in.bodies[-1]
    said = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    assert {name: said.get(name) for name in named} == named
    assert b'name="source"' not in body


def test_a_hook(signed_in: Platform, nightdesk: Run) -> None:
    signed_in.answers += [(200, SCHEDULE), (201, {"url": "https://desk/x", "secret": "whsec_abc"})]
    done = nightdesk("schedule", "hook", "k7m2x9qh4tfd")
    assert (done.code, "whsec_abc" in done.out, "https://desk/x" in done.out) == (0, True, True)
    signed_in.answers += [(200, SCHEDULE), (200, SCHEDULE)]
    off = nightdesk("schedule", "hook", "k7m2x9qh4tfd", "--off")
    assert (off.code, signed_in.requests[-1][0]) == (0, "DELETE")


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit", "a.ipynb", "--ref", "main"],
        ["pipeline", "run", "p.yaml", "--ref", "main"],
        ["schedule", "add", "a.ipynb", "--ref", "main", "--every", "1h"],
        ["schedule", "add", "--git", "code", "--every", "1h"],
        ["schedule", "add", "--live", "a.py", "--git", "code", "--every", "1h"],
        ["schedule", "add", "a.py", "--live", "a.py", "--every", "1h"],
        ["schedule", "add", "a.py", "--on-push", "--every", "1h"],
    ],
)
def test_what_makes_no_sense(signed_in: Platform, nightdesk: Run, arguments: list[str]) -> None:
    assert nightdesk(*arguments).code == 2
    assert signed_in.bodies == []
