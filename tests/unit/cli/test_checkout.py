"""Which commit something is submitted from, with git on the machine and without."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client.checkout import checkout_of

GIT = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One with a commit of one notebook."""
    folder = tmp_path / "checkout"
    (folder / "deep/er").mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", str(folder))
    (folder / "deep/er/a.ipynb").write_text("{}")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def at(path: Path) -> dict[str, Any]:
    found = checkout_of(str(path))
    assert found is not None
    return found


def test_outside_of_one_there_is_nothing(tmp_path: Path) -> None:
    assert checkout_of(str(tmp_path / "a.ipynb")) is None


def test_commit_branch_and_changes(checkout: Path) -> None:
    file = checkout / "deep/er/a.ipynb"
    commit = git(checkout, "rev-parse", "HEAD")
    assert at(file) == {"commit": commit, "branch": "main", "dirty": False, "remote": None}
    file.write_text('{"x": 1}')
    assert at(file)["dirty"] is True
    git(checkout, "checkout", "--quiet", "--", ".")
    (checkout / "new.py").write_text("")
    assert at(file)["dirty"] is False, "what is not in git beside it says nothing"
    assert at(checkout / "new.py")["dirty"] is True
    git(checkout, "pack-refs", "--all")
    assert at(file)["commit"] == commit
    git(checkout, "checkout", "--quiet", "--detach")
    assert (at(file)["commit"], at(file)["branch"]) == (commit, None)


def test_a_worktree_and_a_checkout_without_a_commit(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    found = at(tmp_path / "tree/deep/er/a.ipynb")
    assert (found["branch"], found["commit"]) == ("other", git(checkout, "rev-parse", "HEAD"))
    git(tmp_path, "init", "--quiet", str(tmp_path / "empty"))
    assert checkout_of(str(tmp_path / "empty/a.ipynb")) is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ada:secret@git.example.org/team/models.git", "https://git.example.org/team/models.git"),
        ("https://token@git.example.org/team/models", "https://git.example.org/team/models"),
        ("git@git.example.org:team/models.git", "git@git.example.org:team/models.git"),
        ("https://git.example.org/a@b", "https://git.example.org/a@b"),
    ],
)
def test_the_remote_without_a_login(checkout: Path, address: str, shown: str) -> None:
    git(checkout, "remote", "add", "zero", "https://other.example.org/x")
    git(checkout, "remote", "add", "origin", address)
    assert at(checkout / "deep/er/a.ipynb")["remote"] == shown


def test_without_git_on_the_machine(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = at(checkout / "deep/er/a.ipynb")
    assert (found["branch"], found["dirty"]) == ("main", None)
