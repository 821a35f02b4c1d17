"""Putting built versions on record, as the setup does it at each start."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server import register

Register = Callable[[Any], tuple[int, str, str]]


@pytest.fixture
def registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Register:
    """Register a list (or a text); exit code, stdout and stderr."""
    config = tmp_path / "nightdesk.yaml"
    config.write_text(
        f"database: {{url: 'sqlite:////{tmp_path}/desk.db'}}\nstorage: {{url: 'file://{tmp_path}/store'}}\n"
    )
    monkeypatch.setenv("NIGHTDESK_CONFIG", str(config))
    monkeypatch.setenv("NIGHTDESK_SOURCES", str(tmp_path))

    def run(entries: Any) -> tuple[int, str, str]:
        text = entries if isinstance(entries, str) else json.dumps(entries)
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code = register.main()
        out, err = capsys.readouterr()
        return code, out, err

    return run


def entry(version: str = "1", digest: str = "1", **spec: Any) -> dict[str, Any]:
    """What an image build wrote down."""
    kernels = [{"name": "python3", "language": "python"}]
    return {
        "image": f"nightdesk/data:{version}",
        "digest": f"sha256:{digest * 64}",
        "spec": {"name": "data", "version": version, "kernels": kernels, **spec},
        "packages": [],
    }


def test_new_known_and_rebuilt(registered: Register) -> None:
    assert registered([entry("1"), entry("2", "2")]) == (
        0,
        f"registered: data:1 sha256:{'1' * 12}\nregistered: data:2 sha256:{'2' * 12}\n",
        "",
    )
    assert registered([entry("1")])[:2] == (0, f"known: data:1 sha256:{'1' * 12}\n")
    code, out, err = registered([entry("1", "3")])
    assert (code, err) == (0, "")
    assert out.startswith(f"kept: data:1 stays the image on record (sha256:{'1' * 12})")


def test_the_folder_is_kept_so_that_it_can_be_built_again(registered: Register, tmp_path: Path) -> None:
    folder = tmp_path / "images/data/1"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("ARG BASE\n")
    whole = {
        **entry("1"),
        "from": "folder images/data/1",
        "lock": "six==1\n",
        "size_bytes": 5,
        "built_by": "setup",
    }
    assert registered([whole, {**entry("2", "2"), "from": "folder images/data/2"}])[0] == 0
    kept = tmp_path / "store/environments/data/1/recipe.tar.gz"
    with tarfile.open(kept) as tar:
        assert tar.getnames() == ["Dockerfile"]
    before = kept.stat().st_mtime_ns
    (folder / "Dockerfile").write_text("changed")
    assert registered([whole])[0] == 0
    assert kept.stat().st_mtime_ns == before, "what a version was made of never changes"
    assert not (tmp_path / "store/environments/data/2").exists()


def test_what_is_wrong_is_told_and_the_rest_registered(registered: Register) -> None:
    code, out, err = registered([entry("../1"), entry("2"), entry("3", kernels=[{"name": "x"}]), {}])
    assert code == 1
    assert out == f"registered: data:2 sha256:{'1' * 12}\n"
    assert [line.split(". ")[0] for line in err.splitlines()] == [
        "refused: '../1' is no version of 'data'",
        "refused: data:3 has a misshapen kernel, package or layer: KeyError: 'language'",
        "refused: the entry has no 'spec'.",
    ]


def test_no_json(registered: Register) -> None:
    code, out, err = registered("[")
    assert (code, out) == (1, "")
    assert err.startswith("the list of environments is no JSON: ")


def test_wrong_settings(registered: Register, tmp_path: Path) -> None:
    (tmp_path / "nightdesk.yaml").write_text("databse: {}\n")
    code, _, err = registered([])
    assert code == 1
    assert "nightdesk.yaml:1: databse: is not a setting" in err
