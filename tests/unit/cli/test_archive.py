"""Packing a folder to take along."""

from __future__ import annotations

import os
import socket
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client.archive import Archive, pack
from nightdesk.client.errors import LocalProblem, WrongUsage
from nightdesk.client.ignore import Rules


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def _content(archive: Archive) -> dict[str, bytes | None]:
    archive.file.seek(0)
    with tarfile.open(fileobj=archive.file, mode="r:gz") as tar:
        found = {}
        for member in tar:
            assert member.isreg() or member.isdir()
            file = tar.extractfile(member)
            found[member.name] = file.read() if file else None
    archive.close()
    return found


def _packed(folder: Path, **how: str) -> dict[str, bytes | None]:
    return _content(pack(str(folder), **how))


def test_packs_what_is_there(folder: Path) -> None:
    names = [
        "a.txt",
        "sub/ü 😀.csv",
        "new\nline",
        "x" * 255,
        "A.TXT",
        "sub/deep/empty/.keep",
        'q"uote',
        "-rf",
    ]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    found = _packed(folder)
    assert {name: content for name, content in found.items() if content is not None} == {
        name: name.encode() for name in names
    }


def test_the_same_folder_makes_the_same_archive(folder: Path) -> None:
    (folder / "b").write_text("b")
    (folder / "a").mkdir()
    (folder / "a" / "run.sh").write_text("x")
    (folder / "a" / "run.sh").chmod(0o755)
    one = pack(str(folder))
    os.utime(folder / "b", (time.time() + 1000,) * 2)
    two = pack(str(folder))
    one.file.seek(0)
    two.file.seek(0)
    assert one.file.read() == two.file.read()
    one.file.seek(0)
    with tarfile.open(fileobj=one.file) as tar:
        assert [(member.name, member.mode, member.uid) for member in tar] == [
            ("a", 0o755, 0), ("a/run.sh", 0o755, 0), ("b", 0o644, 0)
        ]  # fmt: skip
    one.close()
    two.close()


def test_leaves_out_what_nobody_wants(folder: Path) -> None:
    for name in (
        ".git/x",
        "__pycache__/x",
        "sub/__pycache__/x",
        ".ipynb_checkpoints/x",
        "node_modules/x",
        ".venv/x",
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("")
    (folder / "kept").write_text("")
    (folder / ".nightdeskignore").write_text("*.csv\n")
    (folder / "data.csv").write_text("")
    assert {name for name, content in _packed(folder).items() if content is not None} == {"kept"}


def test_links_inside_are_packed_as_what_they_point_to(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "x.csv").write_text("1")
    (folder / "link.csv").symlink_to("data/x.csv")
    (folder / "absolute.csv").symlink_to(folder / "data" / "x.csv")
    (folder / "folder").symlink_to("data")
    found = _packed(folder)
    assert found["link.csv"] == found["absolute.csv"] == found["folder/x.csv"] == b"1"


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "/", ".."])
def test_links_that_leave_the_folder_are_refused(folder: Path, target: str) -> None:
    (folder.parent / "secret").write_text("")
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(target)
    with pytest.raises(LocalProblem, match="'link' leads out of the folder"):
        pack(str(folder))
    (folder / ".nightdeskignore").write_text("/link\n")
    assert "link" not in _packed(folder)


def test_a_folder_beside_with_the_same_beginning_is_outside(folder: Path) -> None:
    beside = folder.parent / "project-secrets"
    beside.mkdir()
    (folder / "link").symlink_to(beside)
    with pytest.raises(LocalProblem, match="leads out"):
        pack(str(folder))


def test_what_no_archive_can_carry_is_left_out_and_listed(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "nowhere").symlink_to("gone")
    (folder / "round").symlink_to("round")
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    Path(os.fsdecode(bytes(folder) + b"/caf\xe9")).write_text("")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "sock"))
        archive = pack(str(folder))
    listed = "\n".join(archive.skipped)
    for words in ("'pipe': a named pipe", "'nowhere': a link that leads nowhere", "'round': a link that leads nowhere",
                  "'sub/up': a link that leads back", "not UTF-8", "'sock': a socket"):  # fmt: skip
        assert words in listed
    assert set(_content(archive)) == {"sub"}


def test_the_file_that_travels_by_itself_is_left_out(folder: Path) -> None:
    (folder / "a.ipynb").write_text("{}")
    (folder / "sub").mkdir()
    (folder / "sub" / "a.ipynb").write_text("other")
    assert set(_packed(folder, without=str(folder / "a.ipynb"))) == {"sub", "sub/a.ipynb"}


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text("")
    original = Path.open

    def closed(self: Path, *how: Any, **more: Any) -> object:
        if self.name == "secret":
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, *how, **more)

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(LocalProblem, match=r"Permission denied .*secret"):
        pack(str(folder))


def test_no_folder(folder: Path) -> None:
    with pytest.raises(WrongUsage, match="there is no folder"):
        pack(str(folder / "gone"))


@pytest.mark.parametrize(
    ("lines", "ignored", "kept"),
    [
        (["*.csv"], ["a.csv", "x/y/a.csv"], ["a.csv.gz", "csv"]),
        (["/data"], ["data"], ["x/data"]),
        (["x/*.log"], ["x/a.log"], ["a.log", "x/y/a.log", "z/x/a.log"]),
        (["x/**/z"], ["x/z", "x/y/z", "x/a/b/z"], ["z", "y/z"]),
        (["**/cache"], ["cache", "a/b/cache"], ["caches"]),
        (["logs/**"], ["logs/a", "logs/b/c"], ["logs"]),
        (["a?.txt", "[bc].txt", "[!d]x"], ["ab.txt", "b.txt", "ex"], ["a.txt", "d.txt", "dx"]),
        (["# comment", "", "  ", "*.tmp", "!keep.tmp"], ["a.tmp"], ["keep.tmp", "# comment"]),
        (["a.b", "c+d"], ["a.b", "c+d"], ["axb", "ccd"]),
    ],
)
def test_patterns(lines: list[str], ignored: list[str], kept: list[str]) -> None:
    rules = Rules(lines)
    assert [name for name in ignored if not rules.ignore(name, is_folder=False)] == []
    assert [name for name in kept if rules.ignore(name, is_folder=False)] == []


def test_a_pattern_for_folders_only() -> None:
    rules = Rules(["build/"])
    assert rules.ignore("a/build", is_folder=True)
    assert not rules.ignore("build", is_folder=False)


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(LocalProblem, match="is no pattern"):
        Rules(["[z-a]"])
