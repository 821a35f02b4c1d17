"""What an environment.yaml must say, and what the platform writes itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.domain.build_failure import explain
from nightdesk.server.domain.recipe import problems, smoke_notebook

GOOD: dict[str, Any] = {
    "name": "stats",
    "version": "2026.1",
    "kernels": [{"name": "python3", "language": "python"}],
    "smoke": "smoke.ipynb",
}


def test_a_good_one_has_no_problem() -> None:
    assert list(problems(GOOD, {"smoke.ipynb"})) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "hub"}, "none of the platform's own"),
        ({"name": "held"}, "none of the platform's own"),
        ({"name": "Stats"}, "lower-case"),
        ({"version": 2026.1}, "in quotes"),
        ({"channel": "beta"}, "no channel 'beta'"),
        ({"kernels": []}, "lists no kernel"),
        ({"kernels": [{"name": "python3"}]}, "a name and a language"),
        ({"smoke": "other.ipynb"}, "not in the folder"),
        ({"smoke": 1}, "not in the folder"),
        ({"extra": 1}, "unknown key 'extra'"),
    ],
)
def test_each_problem_in_words(changes: dict[str, Any], words: str) -> None:
    found = list(problems({**GOOD, **changes}, {"smoke.ipynb"}))
    assert len(found) == 1
    assert words in found[0]


def test_the_smoke_notebook_imports_what_was_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Under the name that it is imported by, and it fails where that does not work."""

    def run(*names: str) -> None:
        exec(json.loads(smoke_notebook(names))["cells"][0]["source"], {})  # noqa: S102

    run("pyyaml", "not-on-this-platform")
    assert re.fullmatch(r"pyyaml [0-9.]+ as yaml\n", capsys.readouterr().out)
    (tmp_path / "broken.py").write_text("raise ImportError('libsomething.so.1: no such file')")
    (tmp_path / "broken-1.dist-info").mkdir()
    (tmp_path / "broken-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: Broken\nVersion: 1\n")
    (tmp_path / "broken-1.dist-info/top_level.txt").write_text("broken\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="libsomething"):
        run("broken")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ERROR: No matching distribution found for tabulate==99", "The index has no such package"),
        ("ERROR: ResolutionImpossible: for help", "do not fit each other"),
        ("ssl.SSLCertVerificationError: certificate verify failed", "NIGHTDESK_CA"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that was locked"),
        ("write /var/lib: no space left on device", "The disk is full"),
        ("failed to resolve source metadata for docker.io/library/nothing:1", "its FROM lines"),
    ],
)
def test_known_causes(log: str, words: str) -> None:
    assert words in (explain(f"#7 1.2 {log}\n") or "")


def test_an_unknown_cause_is_not_guessed() -> None:
    assert explain("error: process did not complete successfully: exit code: 1") is None
