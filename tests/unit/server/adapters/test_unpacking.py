"""What is let in as an archive can be unpacked, and stays in its folder."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from nightdesk.server.adapters.run_folders import _unpack
from nightdesk.server.domain.errors import Refused
from nightdesk.server.services.archive import check_archive

PARTS = st.sampled_from(
    ["a", "b", "A", ".", "..", "", "main.ipynb", "x" * 255, "x" * 256, "é" * 127, "\n", "\udcff", " "]
)
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from(
    [tarfile.REGTYPE] * 6 + [tarfile.DIRTYPE] * 2 + [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
FORMATS = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])


@st.composite
def entries(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    """One entry with its content."""
    entry = tarfile.TarInfo(draw(NAMES))
    entry.type, entry.mode = draw(KINDS), draw(st.integers(0, 0o7777))
    entry.linkname = draw(st.sampled_from(["a", "../a", "/etc/passwd"])) if entry.type in (b"1", b"2") else ""
    content = draw(st.binary(max_size=5)) if entry.isreg() else b""
    entry.size = len(content)
    return entry, content


def packed(made: list[tuple[tarfile.TarInfo, bytes]], kind: int) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packer:
        for entry, content in made:
            packer.write(entry.tobuf(kind, errors="surrogateescape"))
            packer.write(content.ljust(-len(content) % 512 + len(content), b"\0"))
        packer.write(bytes(1024))
    return file.getvalue()


@given(st.lists(entries(), max_size=6), FORMATS)
@settings(max_examples=150)
def test_what_is_let_in_can_be_unpacked(made: list[tuple[tarfile.TarInfo, bytes]], kind: int) -> None:
    archive = packed(made, kind)
    try:
        count = check_archive(io.BytesIO(archive), len(archive), 2**20, beside="main.ipynb")
    except Refused:
        return
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top, "work")
        folder.mkdir()
        _unpack(io.BytesIO(archive), folder)
        found = {Path(path, name) for path, _, names in os.walk(folder) for name in names}
        assert all(path.is_file() and not path.is_symlink() for path in found)
        assert {path.name for path in Path(top).iterdir()} == {"work"}
        files = {os.path.normpath(entry.name) for entry, _ in made if entry.isreg()}
        assert {str(path.relative_to(folder)) for path in found} == files
        assert count >= len(files)
        assert not (folder / "main.ipynb").is_dir()
        for entry, content in made:
            last = [
                body for other, body in made if os.path.normpath(other.name) == os.path.normpath(entry.name)
            ][-1]
            if entry.isreg() and content is last:
                assert (folder / entry.name).read_bytes() == content
