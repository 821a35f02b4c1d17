"""`nightdesk report` and `nightdesk metrics` against the real web application."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.cli import main

from .site import Site
from .test_metrics import trained
from .test_outputs import leaving
from .test_reports import executed

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def nightdesk(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A command of somebody's; exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, who: str = "ada") -> tuple[int, str, str]:
        token = tmp_path / f".{who}"
        token.write_text(f"token-{who}")
        code = main(
            [
                *arguments,
                "--url",
                f"http://127.0.0.1:{site.port}/services/nightdesk",
                "--token-file",
                str(token),
            ]
        )
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def document(done: tuple[int, str, str]) -> Any:
    """What a command printed with --json."""
    assert done[0] == 0, done
    return json.loads(done[1])


def test_reports(site: Site, nightdesk: Run, tmp_path: Path) -> None:
    run = leaving(site, {}, executed=executed())
    made = nightdesk(
        "report", "add", "cli-weekly", "--run", run.id, "--no-code", "--for", "bob", "--for", "group:g"
    )
    assert made[0] == 0, made
    assert made[1].endswith("/services/nightdesk/reports/cli-weekly\n")
    listed = {each["name"]: each for each in document(nightdesk("report", "list", "--json"))["reports"]}
    assert listed["cli-weekly"]["readers"] == [
        {"kind": "group", "name": "g"},
        {"kind": "person", "name": "bob"},
    ]
    shown = nightdesk("report", "show", "cli-weekly", who="bob")[1]
    assert run.id in shown
    assert "hidden" in shown
    assert "group:g, bob" in nightdesk("report", "list")[1]
    assert nightdesk("report", "download", "cli-weekly", "--form", "pdf", who="bob")[1] == "cli-weekly.pdf\n"
    assert (tmp_path / "cli-weekly.pdf").read_bytes().startswith(b"%PDF-")
    assert nightdesk("report", "download", "cli-weekly", "-o", "x.html")[0] == 0
    assert "the result" in (tmp_path / "x.html").read_text()
    assert "the_source" not in (tmp_path / "x.html").read_text()
    refused = nightdesk("report", "download", "cli-weekly", "--form", "file", "-o", "y")
    assert refused[0] == 1
    assert not (tmp_path / "y").exists()
    assert nightdesk("report", "set", "cli-weekly", "--title", "x", who="bob")[0] == 1
    assert nightdesk("report", "set", "cli-weekly")[0] == 2
    changed = nightdesk("report", "set", "cli-weekly", "--for", "nobody", "--code")
    assert changed[1] == "cli-weekly is for nobody else, its code shown\n"
    assert nightdesk("report", "show", "cli-weekly", who="bob")[0] == 1
    assert nightdesk("report", "rm", "cli-weekly")[0] == 0
    assert "there is no report" in nightdesk("report", "show", "cli-weekly")[2]


def test_metrics(site: Site, nightdesk: Run) -> None:
    run = trained(site, "measured")
    done = nightdesk("metrics", run.id)
    assert done[0] == 0, done
    lines = done[1].splitlines()
    assert lines[0].split() == ["METRIC", "LAST", "AT", "STEP", "LOWEST", "HIGHEST", "VALUES"]
    assert lines[1].split() == ["loss", "0.8", "2", "0.8", "1", "3"]
    points = nightdesk("metrics", run.id, "--metric", "loss")[1].splitlines()
    assert [line.split() for line in points] == [["STEP", "LOSS"], ["0", "1"], ["1", "0.9"], ["2", "0.8"]]
    over = nightdesk("metrics", "--name", "measured")[1]
    assert run.id in over
    assert "0.81" in over
    assert document(nightdesk("metrics", "--name", "measured", "--json"))["runs"][0]["metrics"]["loss"] == 0.8
    assert "there is no run" in nightdesk("metrics", "--name", "measured", who="bob")[2]
    assert nightdesk("metrics")[0] == 2
    assert nightdesk("metrics", run.id, who="bob")[0] == 1
