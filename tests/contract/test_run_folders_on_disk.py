"""What code can leave in a real folder to get at what is not its own, and how a real one is laid out."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.adapters.run_folders import SharedRunFolders
from nightdesk.server.domain.errors import Invalid, Unavailable

from .folder_hands import PLENTY, RUN, SOURCE, OnDisk, archive, needs_root, notebook, prepare, results
from .on_record import at_once
from .runs import a_run


@pytest.fixture
def disk(tmp_path: Path) -> OnDisk:
    if os.geteuid() != 0:
        pytest.skip("gives folders to the user that runs execute as: needs root")
    made = OnDisk(tmp_path / "scratch")
    prepare(made.folders)
    return made


def top(disk: OnDisk) -> Path:
    """The attempt's folder."""
    return disk.root / RUN.id / "1"


def test_the_runner_travels_with_the_run(disk: OnDisk) -> None:
    runner = top(disk) / "in" / "runner"
    sources = {path.name: path.read_bytes() for path in SOURCE.glob("*.py")}
    assert {path.name: path.read_bytes() for path in runner.glob("*.py")} == sources
    compiled = {path.name for path in (runner / "__pycache__").iterdir()}
    assert compiled == {f"{name[:-3]}.{sys.implementation.cache_tag}.pyc" for name in sources}
    assert json.loads((top(disk) / "in" / "job.json").read_text()) == {"contract": 1, "run": RUN.id}


def test_the_runner_starts_from_its_bytecode(disk: OnDisk) -> None:
    runner = top(disk) / "in" / "runner"
    (runner / "__main__.py").unlink()
    (runner / "__main__.py").write_text("raise SystemExit('compiled anew')")
    done = subprocess.run([sys.executable, runner], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, ""), "the job lacks nearly everything"
    assert json.loads(done.stdout)["outcome"] == "bad_job"


def test_runs_share_the_runner_s_files_and_cannot_spoil_them_for_each_other(disk: OnDisk) -> None:
    other = a_run(id="other")
    prepare(disk.folders, other)
    names = ("__main__.py", "main.py")
    here, there = top(disk) / "in/runner", disk.root / "other/1/in/runner"
    assert all((here / name).samefile(there / name) for name in names)
    assert not any((here / name).stat().st_mode & 0o022 for name in names)
    disk.folders.remove(RUN.id, 1)
    assert all((there / name).is_file() for name in names)
    assert disk.folders.attempts() == [("other", 1)], "what they share is nobody's attempt"


def test_two_workers_that_make_the_first_run_s_folder_at_once(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives folders to the user that runs execute as: needs root")
    workers = [SharedRunFolders(tmp_path / "scratch", max_files=10) for _ in range(6)]
    at_once(6, lambda number: prepare(workers[number], a_run(id=f"run-{number}")))
    assert len(list((tmp_path / "scratch" / ".runner").iterdir())) == 1
    for number in range(6):
        assert (tmp_path / f"scratch/run-{number}/1/in/runner/main.py").is_file()


def test_a_volume_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives folders to the user that runs execute as: needs root")

    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    made = OnDisk(tmp_path / "scratch")
    prepare(made.folders)
    assert (top(made) / "in/runner/main.py").read_bytes() == (SOURCE / "main.py").read_bytes()


def test_who_may_write_where(disk: OnDisk) -> None:
    prepare(disk.folders, files=archive(data__a=b"1"))
    for path in [top(disk), *(top(disk) / "in").rglob("*"), top(disk) / "in"]:
        assert path.stat().st_uid == 0, f"{path} is not the run's to change"
        assert not path.stat().st_mode & 0o022
    for path in [*(top(disk) / "work").rglob("*"), *(top(disk) / name for name in ("work", "out", "result"))]:
        assert (path.stat().st_uid, path.stat().st_gid) == (1000, 1000)


def test_what_is_taken_along_cannot_leave_the_folder(disk: OnDisk, tmp_path: Path) -> None:
    """It was checked when it was submitted; here is the second lock on the same door."""
    for entry in (_entry("../../../escaped"), _entry(f"{tmp_path}/absolute"), _entry("link", tarfile.SYMTYPE, "/etc/passwd"),
                  _entry("device", tarfile.CHRTYPE)):  # fmt: skip
        files = io.BytesIO()
        with tarfile.open(fileobj=files, mode="w:gz") as tar:
            tar.addfile(entry)
        files.seek(0)
        with contextlib.suppress(Invalid):
            prepare(disk.folders, files=files)
        assert not (tmp_path / "escaped").exists()
        assert not (tmp_path / "absolute").exists()
        assert not (top(disk) / "work" / "link").is_symlink()
        assert not (top(disk) / "work" / "device").exists()


def test_only_what_is_really_there_counts(disk: OnDisk, tmp_path: Path) -> None:
    """Links, holes, second names of a file: none of them takes room; and none hides any."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "large").write_bytes(b"x" * 5_000_000)
    work = top(disk) / "work"
    before = disk.folders.used(RUN, PLENTY)
    (work / "folder").symlink_to(elsewhere)
    (work / "link").symlink_to(elsewhere / "large")
    with (work / "holes").open("wb") as file:
        file.truncate(2**40)
    os.mkfifo(work / "pipe")
    assert disk.folders.used(RUN, PLENTY).bytes - before.bytes < 100_000
    (work / "once").write_bytes(b"x" * 1_000_000)
    for number in range(10):
        (work / f"again {number}").hardlink_to(work / "once")
    taken = disk.folders.used(RUN, PLENTY)
    assert 1_000_000 <= taken.bytes - before.bytes < 1_200_000
    assert taken.files - before.files == 15


def test_no_depth_and_no_name_hides_anything(disk: OnDisk) -> None:
    work = top(disk) / "work"
    (work / "a\nname").write_bytes(b"x" * 500_000)
    (work / os.fsdecode(b"no utf-8 \xff")).write_bytes(b"x" * 500_000)
    (work / "-delete").write_bytes(b"x" * 500_000)
    handle = os.open(work, os.O_RDONLY)
    for _ in range(3000):  # far deeper than any path may be long
        os.mkdir("deeper", dir_fd=handle)
        below = os.open("deeper", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    written = os.open("heap", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(written, b"x" * 1_000_000)
    os.close(written)
    os.close(handle)
    taken = disk.folders.used(RUN, PLENTY)
    assert taken.files > 3000
    assert taken.bytes > 2_500_000
    disk.folders.remove(RUN.id, 1)


def _entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def test_files_that_cannot_be_laid_out_are_told_in_words(disk: OnDisk) -> None:
    with pytest.raises(Invalid, match="its files cannot be laid out: File name too long"):
        prepare(disk.folders, files=archive(**{"x" * 300: b""}))
    with pytest.raises(Invalid, match="its files cannot be laid out: Not a directory"):
        prepare(disk.folders, files=archive(**{"analysis.ipynb__x": b""}))
    with pytest.raises(Invalid, match="the files taken along cannot be unpacked"):
        prepare(disk.folders, files=io.BytesIO(b"broken"))


def test_a_full_disk_is_waited_for(disk: OnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(Unavailable, match="the disk of the run folders is full"):
        prepare(disk.folders)


def test_links_are_left_out_and_listed(disk: OnDisk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not the run's")
    out = top(disk) / "out"
    (out / "to-file").symlink_to(secret)
    (out / "to-folder").symlink_to(tmp_path)
    (out / "to-nothing").symlink_to("nowhere")
    (out / "to-itself").symlink_to("to-itself")
    (out / "inside").symlink_to("good")
    (out / "good").write_bytes(b"good")
    assert results(disk.folders) == {"good": b"good"}
    assert sorted(disk.folders.skipped(RUN)) == [
        "inside: a link, pipe, socket or device is not kept",
        "to-file: a link, pipe, socket or device is not kept",
        "to-folder: a link is not kept",
        "to-itself: a link, pipe, socket or device is not kept",
        "to-nothing: a link, pipe, socket or device is not kept",
    ]


def test_a_notebook_that_is_a_link_is_none(disk: OnDisk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not the run's")
    (top(disk) / "result" / "notebook.ipynb").symlink_to(secret)
    assert notebook(disk.folders) is None
    (top(disk) / "result" / "notebook.ipynb").unlink()
    os.mkfifo(top(disk) / "result" / "notebook.ipynb")
    assert notebook(disk.folders) is None


def test_pipes_and_sockets_block_nobody(disk: OnDisk) -> None:
    out = top(disk) / "out"
    os.mkfifo(out / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(out / "socket"))
    with contextlib.suppress(PermissionError):
        os.mknod(out / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    assert results(disk.folders) == {}
    listed = disk.folders.skipped(RUN)
    assert "pipe: a link, pipe, socket or device is not kept" in listed
    assert "socket: a link, pipe, socket or device is not kept" in listed


@pytest.fixture
def forbidden(disk: OnDisk) -> Iterator[Path]:
    """A folder and a file with no rights at all."""
    folder = top(disk) / "out" / "closed"
    folder.mkdir()
    (folder / "file").write_bytes(b"content")
    (folder / "file").chmod(0)
    folder.chmod(0)
    yield folder
    if folder.exists():
        folder.chmod(0o700)


def test_folders_without_any_right_are_read_and_removed(disk: OnDisk, forbidden: Path) -> None:
    assert results(disk.folders) == {"closed/file": b"content"}
    disk.folders.remove(RUN.id, 1)
    assert not forbidden.exists()
    assert disk.folders.attempts() == []


def test_names_that_are_no_text_are_left_out_and_listed(disk: OnDisk) -> None:
    out = os.fsencode(top(disk) / "out")
    with open(os.path.join(out, b"bad\xff"), "wb"):  # noqa: PTH118, PTH123 - a name in bytes
        pass
    assert results(disk.folders) == {}
    (listed,) = disk.folders.skipped(RUN)
    assert listed == "bad\\xff: a name that is no UTF-8 is not kept"


def test_the_longest_names(disk: OnDisk) -> None:
    disk.leave("out", "x" * 255, b"1")
    disk.leave("out", "é" * 127, b"2")
    folders = [f"{number}" + "folder" * 20 for number in range(9)]
    disk.leave("out", "/".join([*folders, "f"]), b"3")
    disk.leave("out", "/".join([*folders[:8], "x" * 200]), b"4")
    assert results(disk.folders) == {"x" * 255: b"1", "é" * 127: b"2"}
    assert disk.folders.skipped(RUN) == [
        f"{'/'.join(folders)[:200]}…: what is this deep is not kept",
        f"{'/'.join(folders)[:200]}…: a name this long is not kept",
    ]


def test_the_longest_names_are_counted_in_bytes(disk: OnDisk) -> None:
    """What is over the store's own limit would never find its way there."""
    part = "😀" * 60
    disk.leave("out", f"{part}/{part}/{part}/{part}/{'x' * 36}", b"1")
    disk.leave("out", f"{part}/{part}/{part}/{part}/{'y' * 37}", b"2")
    assert list(results(disk.folders).values()) == [b"1"]
    assert len(disk.folders.skipped(RUN)) == 1


def test_what_is_left_out_is_listed_without_an_end_of_its_own(disk: OnDisk) -> None:
    out = top(disk) / "out"
    os.mkfifo(out / "a\n[nightdesk] left out: nothing \x1b]0;title\x07")
    for number in range(500):
        os.mkfifo(out / f"pipe-{number}")
    told = disk.folders.skipped(RUN)
    assert told[0].startswith("a\\n[nightdesk] left out: nothing \\x1b]0;title\\x07: a link, pipe")
    assert len(told) == 101
    assert told[-1] == "401 more of their kind"


def test_a_deep_tree_is_read_and_removed(disk: OnDisk) -> None:
    """Deeper than one path can be named: made as code would make it, step by step."""
    handle = os.open(top(disk) / "out", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=handle)
        below = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    found = results(disk.folders)
    disk.folders.remove(RUN.id, 1)
    assert disk.folders.attempts() == []
    assert found == {}


def test_what_else_lies_in_the_root_is_no_attempt(disk: OnDisk) -> None:
    (disk.root / "uploads" / "part-1").mkdir(parents=True)
    (disk.root / "uploads" / "7up").mkdir()
    (disk.root / "file").write_text("")
    assert disk.folders.attempts() == [(RUN.id, 1)]


def test_hard_links_are_files_like_others(disk: OnDisk) -> None:
    disk.leave("out", "a", b"1")
    (top(disk) / "out" / "b").hardlink_to(top(disk) / "out" / "a")
    assert results(disk.folders) == {"a": b"1", "b": b"1"}


def test_a_sparse_file_is_read_in_pieces(disk: OnDisk) -> None:
    with (top(disk) / "out" / "sparse").open("wb") as file:
        file.truncate(2**40)
    for name, file_read in disk.folders.results(RUN):
        with file_read:
            assert name == "sparse"
            assert file_read.read(10) == b"\0" * 10


def test_jobs_hold_whatever_parameters_hold(disk: OnDisk) -> None:
    job: dict[str, Any] = {"parameters": {"x": ["ü", None, 1e300, {"שלום": "\u202e"}]}}
    disk.folders.prepare(RUN, job, io.BytesIO(b""), None)
    assert json.loads((top(disk) / "in" / "job.json").read_text()) == job


@needs_root
def test_an_input_can_be_read_and_not_written(tmp_path: Path) -> None:
    folders = SharedRunFolders(tmp_path, max_files=10)
    folders.prepare(RUN, {}, io.BytesIO(b"{}"), None)
    work = tmp_path / RUN.id / str(RUN.attempt) / "work"
    (work / "data.bin").symlink_to("/etc/passwd")
    folders.add_input(RUN, "data.bin", io.BytesIO(b"content"))
    state = (work / "data.bin").lstat()
    assert (stat.S_ISREG(state.st_mode), stat.S_IMODE(state.st_mode), state.st_uid) == (True, 0o444, 0)
    assert Path("/etc/passwd").read_bytes() != b"content"
    (work / "folder").mkdir()
    with pytest.raises(Invalid, match="in the place of a folder"):
        folders.add_input(RUN, "folder", io.BytesIO(b""))
