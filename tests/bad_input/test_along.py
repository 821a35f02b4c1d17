"""Files taken along: links that leave the folder, what is no file, archives made to do harm."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.notebooks import notebook
from ..support.people import Person

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
LIST = b"import os\nprint('GOT', sorted(os.listdir('.')))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "list.py").write_bytes(LIST)
    return made


@pytest.mark.case(17)
@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../work-of-others", "../work-of-others/secret.txt"])
def test_a_link_out_of_the_folder_is_refused(clara: Person, folder: Path, target: str) -> None:
    """``work-of-others`` begins like ``work``: paths are compared part by part."""
    others = folder.parent / "work-of-others"
    others.mkdir()
    (others / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(target)
    done = clara.command("submit", "list.py", "--files", ".", cwd=folder)
    assert done.returncode == 1, done
    assert "the link 'link' leads out of the folder" in done.stderr


@pytest.mark.case(17)
def test_pipes_and_sockets_are_skipped_and_listed(eve: Person, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    (folder / "to-nothing").symlink_to("nothing")
    (folder / "to-itself").symlink_to(".")
    (folder / "inside").symlink_to("list.py")
    done = eve.command("submit", "list.py", "--files", ".", "--size", "tiny", "--watch", cwd=folder)
    assert done.returncode == 0, done.stderr
    for words in ("'pipe': a named pipe", "'socket': a socket", "'to-nothing': a link that leads nowhere"):
        assert words in done.stderr
    assert "GOT ['inside', 'list.py']" in done.stderr


def archive(*entries: tarfile.TarInfo) -> bytes:
    """A gzip tar of these entries, whose content is zeros."""
    made = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=made, mode="wb", compresslevel=9) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for entry in entries:
            tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    return made.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, target
    return made


def claims(name: str, size: int) -> bytes:
    """An archive that says it holds so much, and does not."""
    return gzip.compress(entry(name, size=size).tobuf() + bytes(10_000))


ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "up and out": (lambda: archive(entry("../../etc/cron.d/x")), "leaves the folder"),
    "absolute": (lambda: archive(entry("/etc/cron.d/x")), "leaves the folder"),
    "up in its middle": (lambda: archive(entry("a/../../x")), "leaves the folder"),
    "a symbolic link": (lambda: archive(entry("x", tarfile.SYMTYPE, target="/etc/passwd")), "link, pipe or device"),
    "a hard link": (lambda: archive(entry("x", tarfile.LNKTYPE, target="/etc/passwd")), "link, pipe or device"),
    "a pipe": (lambda: archive(entry("x", tarfile.FIFOTYPE)), "link, pipe or device"),
    "a device": (lambda: archive(entry("x", tarfile.BLKTYPE)), "link, pipe or device"),
    "zeros": (lambda: archive(entry("x", size=150 * 2**20)), "unpack to far more than they should"),
    "more than fits": (lambda: claims("x", 2 * 2**30), "larger than 1 GB unpacked"),
    "less than nothing": (lambda: claims("x", -1), "the files taken along are no readable archive"),
    "too many": (lambda: archive(*[entry(f"{n}") for n in range(20_001)]), "more than 20000 files"),
    "cut off": (lambda: archive(entry("x", size=10_000))[:-40], "no readable archive"),
    "a zip": (lambda: b"PK\x03\x04" + bytes(200), "no readable archive"),
    "nothing": (lambda: b"", "no readable archive"),
    "an endless header": (lambda: archive(entry("x" * 2_000_000)), "has more around its files"),
    "a name no disk takes": (lambda: archive(entry("x" * 300)), "too long a name"),
    "file and folder": (lambda: archive(entry("a"), entry("a/b")), "both a file and a folder"),
    "in the place of the notebook": (lambda: archive(entry("test.ipynb/x")), "both a file and a folder"),
}  # fmt: skip


@pytest.mark.case(20)
@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_that_would_do_harm_is_refused(clara: Person, got: Say, case: str) -> None:
    make, words = ARCHIVES[case]
    parts = {
        "request": (None, json.dumps({"file": "test.ipynb"})),
        "source": ("test.ipynb", notebook("1 + 1")),
        "files": ("files.tar.gz", make()),
    }
    answer = clara.runs.call("POST", "/runs", files=parts)
    assert answer.status_code in {400, 413}, answer.text
    assert words in answer.json()["error"]["message"]
    got(f"{answer.status_code}: {answer.json()['error']['message']}")
