"""The program that fetches, against a real git server: what comes, what stays out, and what is said of what cannot be."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.fetching import git as fetching_git
from nightdesk.fetching.program import main

from tests.support.git_server import USER, GitServer, git_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as server:
        yield server


class Desk:
    """A place to fetch in."""

    def __init__(self, folder: Path, server: GitServer) -> None:
        self.folder = folder
        self.server = server
        self.number = 0

    def fetch(self, name: str, path: str, along: str = "", ref: str = "", **more: Any) -> dict[str, Any]:
        """What is said."""
        self.number += 1
        self.out = self.folder / str(self.number) / "out"
        work, secrets = self.out.parent / "work", self.out.parent / "secrets"
        for each in (work, secrets):
            each.mkdir(parents=True)
        wanted = {
            "kind": "git",
            "address": self.server.url(name),
            "path": path,
            "along": along,
            "ref": ref,
            "most_source": 10_000,
            "most_files": 10_000,
            **more,
        }
        main(wanted, (work, secrets), Path("/nowhere"), self.out, None)
        said: dict[str, Any] = json.loads((self.out / "said.json").read_text())
        return said

    @property
    def login(self) -> dict[str, str]:
        """The right one."""
        return {"username": USER, "password": self.server.password}

    def beside(self) -> dict[str, bytes]:
        """What came along."""
        with tarfile.open(fileobj=io.BytesIO((self.out / "files.tar.gz").read_bytes())) as tar:
            files = {member.name: tar.extractfile(member) for member in tar}
            return {name: file.read() for name, file in files.items() if file is not None}


@pytest.fixture
def desk(tmp_path: Path, server: GitServer) -> Desk:
    return Desk(tmp_path, server)


def test_a_file_comes_with_its_folder_at_branch_tag_and_commit(desk: Desk) -> None:
    files: dict[str, bytes | str | None] = {
        "reports/daily.ipynb": b"one",
        "reports/lib/köln.py": b"x = 1\n",
        "elsewhere.txt": b"no",
    }
    first = desk.server.commit("plain", files, tag="v1")
    second = desk.server.commit("plain", {"reports/daily.ipynb": b"two"})
    said = desk.fetch("plain", "reports/daily.ipynb", "reports")
    assert (said["ok"], said["commit"], said["files"], said["left_out"]) == (True, second, 1, [])
    assert (desk.out / "source").read_bytes() == b"two"
    assert desk.beside() == {"lib/köln.py": b"x = 1\n"}
    for ref in ("v1", first, "refs/tags/v1"):
        assert desk.fetch("plain", "reports/daily.ipynb", "", ref)["commit"] == first, ref
        assert (desk.out / "source").read_bytes() == b"one"
    # Of the whole repository, everything is where it is but the file, which is at the top of the run's folder.
    assert desk.beside() == {"elsewhere.txt": b"no", "reports/lib/köln.py": b"x = 1\n"}


def test_a_private_one_is_for_who_may_read_it(desk: Desk) -> None:
    commit = desk.server.commit("private", {"a.py": b"print(1)"})
    desk.server.asked.clear()
    assert desk.fetch("private", "a.py", login=desk.login)["commit"] == commit
    assert any(shown for _, _, shown in desk.server.asked)
    assert not any(desk.server.password in path for _, path, _ in desk.server.asked)
    left = [path for path in desk.out.parent.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    assert left
    assert not any(desk.server.password.encode() in path.read_bytes() for path in left)
    wrong = desk.fetch("private", "a.py", login={"username": USER, "password": "wrong"})
    assert "does not let in" in wrong["words"]
    nobody = desk.fetch("private", "a.py")
    assert (nobody["kind"], "or it is private" in nobody["words"]) == ("not_found", True)
    assert "connection of kind git" in nobody["hint"]


def test_a_login_is_for_its_own_server(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with git_server(other) as elsewhere:
        elsewhere.commit("private", {"a.py": b""})
        said = desk.fetch("private", "a.py", address=elsewhere.url("private"), login=desk.login)
        assert not said["ok"]
        shown = {shown for _, _, shown in elsewhere.asked if shown}
    assert len(shown) == 1, "it is shown to the server that was named"


def test_links_and_submodules_stay_out(desk: Desk) -> None:
    desk.server.commit("links", {"a.py": b"", "way": "/etc/passwd", "b.txt": b"b", "run.py": "/etc/passwd"})
    said = desk.fetch("links", "a.py")
    assert said["left_out"] == ["run.py: a link", "way: a link"]
    assert desk.beside() == {"b.txt": b"b"}
    assert desk.fetch("links", "run.py")["words"].startswith("'run.py' is no plain file")


@pytest.mark.parametrize(
    ("path", "more", "kind", "words"),
    [
        ("none.py", {}, "not_found", "there is no file 'none.py'"),
        ("a.py", {"ref": "nobranch"}, "not_found", "no branch or tag 'nobranch'"),
        ("a.py", {"ref": "1" * 40}, "not_found", f"no commit '{'1' * 40}'"),
        ("a.py", {"most_source": 3}, "too_large", "the file is larger"),
        ("a.py", {"most_files": 3}, "too_large", "what comes along is larger"),
        ("a.py", {"address": "file:///etc"}, "unavailable", "transport 'file' not allowed"),
        ("a.py", {"address": "ext::sh -c id"}, "unavailable", "transport 'ext' not allowed"),
        ("a.py", {"address": "http://127.0.0.1:9/x.git"}, "unavailable", "could not be fetched"),
        ("a.py", {"address": "--upload-pack=id"}, "unavailable", "could not be fetched"),
    ],
)
def test_what_cannot_be_had_is_said(
    desk: Desk, path: str, more: dict[str, Any], kind: str, words: str
) -> None:
    desk.server.commit("words", {"a.py": b"12345", "b.txt": b"12345"})
    said = desk.fetch("words", path, **more)
    assert (said["ok"], said["kind"]) == (False, kind)
    assert words in said["words"]


def test_there_is_none_at_the_address(desk: Desk) -> None:
    said = desk.fetch("nothing", "a.py")
    assert (said["kind"], said["words"]) == ("not_found", "there is no such repository at this address")


def test_a_server_that_hangs_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(fetching_git, "_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = desk.fetch("x", "a.py", address=f"http://127.0.0.1:{silent.getsockname()[1]}/x.git")
    assert said["words"] == "the repository has not come within 1 s"
