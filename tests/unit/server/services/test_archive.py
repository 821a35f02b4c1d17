"""The files taken along: what leaves the folder, is no plain file or unpacks to too much is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.errors import Invalid, NightdeskError, TooLarge
from nightdesk.server.services import archive as subject
from nightdesk.server.services.archive import check_archive

from ..workbench import archive

MB = 2**20


def check(packed: bytes, max_bytes: int = 10 * MB) -> int:
    """How many files are in an archive, if it is let in."""
    return check_archive(io.BytesIO(packed), len(packed), max_bytes)


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    """An entry of any kind, without content."""
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, target
    return made


def packed(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """An archive as it is sent."""
    return archive(*members).archive.read()


def test_plain_files_and_folders() -> None:
    folder = entry("data", tarfile.DIRTYPE)
    assert check(packed(folder, ("data/a.csv", b"1"), ("b", b""), ("./c", b"3"), ("Ünï 😀\n", b""))) == 4
    assert check(packed()) == 0


def test_an_upload_as_the_web_framework_gives_it() -> None:
    """A temporary file that was opened for writing."""
    with tempfile.SpooledTemporaryFile(max_size=10) as upload:
        upload.write(packed(("a", b"1")))
        size = upload.tell()
        upload.seek(0)
        assert check_archive(upload, size, MB) == 1


@pytest.mark.parametrize(
    "members",
    [
        [("a", b""), ("a/b", b"")],
        [("a/b", b""), ("a", b"")],
        [("a", b""), entry("a", tarfile.DIRTYPE)],
        [("./a/b/c", b""), ("a//b", b"")],
        [("a/b", b""), ("a/b/c/d/e", b"")],
        [(".", b"")],
        [("main.ipynb/x", b"")],
        [entry("./main.ipynb/", tarfile.DIRTYPE)],
    ],
    ids=str,
)
def test_a_place_is_a_file_or_a_folder(members: list[tuple[str, bytes] | tarfile.TarInfo]) -> None:
    content = packed(*members)
    with pytest.raises(Invalid, match="is both a file and a folder"):
        check_archive(io.BytesIO(content), len(content), MB, beside="main.ipynb")


def test_the_same_place_twice_is_the_later_one() -> None:
    members = [
        ("a", b"1"),
        ("./a", b"2"),
        entry("d", tarfile.DIRTYPE),
        ("d/x", b""),
        entry("d", tarfile.DIRTYPE),
    ]
    content = packed(*members, ("main.ipynb", b""))
    assert check_archive(io.BytesIO(content), len(content), MB, beside="main.ipynb") == 4


@pytest.mark.parametrize(
    "name", ["x" * 256, "😀" * 64, "a/" + "é" * 128 + "/b", "/".join(["ab"] * 400)], ids=len
)
def test_names_that_no_file_system_takes(name: str) -> None:
    with pytest.raises(Invalid, match="too long a name"):
        check(packed((name, b"")))


def test_names_differing_in_case_and_very_long_ones() -> None:
    assert (
        check(packed(("a", b"1"), ("A", b"2"), ("x" * 255, b"3"), ("/".join("folder" * 20) + "/f", b""))) == 4
    )


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../x", "a/..", "..", "//x", "a/b/../../../x", "/", "data/../secret"]
)
def test_a_name_that_leaves_the_folder(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(packed(("ok", b""), entry(name)))
    assert caught.value.message == f"'{name.rstrip('/') or '/'}' among the files leaves the folder"


@pytest.mark.parametrize("name", ["..a", "a..b", "a/..b/c", "...", "{x}", "C:\\x", "a\\..\\b"])
def test_names_are_compared_by_their_parts(name: str) -> None:
    assert check(packed((name, b""))) == 1


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
    ids=["symbolic link", "hard link", "pipe", "character device", "block device"],
)
def test_what_is_no_plain_file(kind: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        check(packed(("ok", b""), entry("odd", kind, target="ok")))
    assert caught.value.message == "'odd' among the files is a link, pipe or device"
    assert caught.value.hint == "Take only plain files along."


def test_a_name_that_is_no_text_can_be_told() -> None:
    with pytest.raises(Invalid) as caught:
        check(packed(entry("../\udcff")))
    assert caught.value.message == "'../\\xff' among the files leaves the folder"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive at all",
        gzip.compress(b""),
        gzip.compress(b"no tar" * 200),
        b"\x1f\x8b" + b"\x00" * 100,
    ],
    ids=["empty", "text", "empty gzip", "gzip of text", "broken gzip"],
)
def test_no_archive(content: bytes) -> None:
    with pytest.raises(Invalid, match="the files taken along are no readable archive: "):
        check(content)


def test_every_truncation_is_refused() -> None:
    whole = packed(("a", bytes(range(256)) * 8), ("b", b"2" * 5000))
    assert check(whole) == 2
    for length in range(len(whole)):
        with pytest.raises(Invalid, match="no readable archive"):
            check(whole[:length])


def test_too_much() -> None:
    assert check(packed(("a", b"x" * MB)), max_bytes=MB) == 1
    with pytest.raises(TooLarge) as caught:
        check(packed(("a", b"x" * MB), ("b", b"y")), max_bytes=MB)
    assert caught.value.message == "the files taken along are larger than 1 MB unpacked"
    assert "nightdeskignore" in (caught.value.hint or "")


def test_an_entry_that_only_says_it_is_large() -> None:
    raw = entry("a", size=2**60).tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(TooLarge):
        check(gzip.compress(raw))


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_MAX_ENTRIES", 5)
    assert check(packed(*[(f"f{n}", b"") for n in range(5)])) == 5
    with pytest.raises(TooLarge, match="more than 5 files were taken along"):
        check(packed(*[(f"f{n}", b"") for n in range(6)]))


def test_a_compression_bomb() -> None:
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 150 * MB
    body = gzip.compress(zeros.tobuf() + bytes(zeros.size))
    assert len(body) < MB
    with pytest.raises(TooLarge, match="unpack to far more than they should"):
        check(body, max_bytes=2**40)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_bomb_in_the_names_is_not_read_into_memory(kind: bytes) -> None:
    size = 64 * MB
    body = gzip.compress(entry("x", kind, size=size).tobuf(tarfile.GNU_FORMAT) + bytes(size), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(NightdeskError):
            check(body)
        assert tracemalloc.get_traced_memory()[1] < 16 * MB
    finally:
        tracemalloc.stop()


def test_headers_without_end() -> None:
    one = (
        entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=2).tobuf(tarfile.GNU_FORMAT)
        + b"a\0"
        + bytes(510)
    )
    with pytest.raises(NightdeskError):
        check(gzip.compress(one * 5000))


def test_an_archive_in_several_parts_is_read_to_its_end() -> None:
    """When it is unpacked all parts are read: what is checked has to be the same."""
    first = gzip.compress(entry("a").tobuf())
    second = gzip.compress(entry("../b").tobuf() + bytes(1024))
    with pytest.raises(Invalid, match="leaves the folder"):
        check(first + second)


def test_a_global_header_changes_nothing_for_the_worse() -> None:
    raw = io.BytesIO()
    with tarfile.open(
        fileobj=raw, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"path": "../x"}
    ) as tar:
        tar.addfile(tarfile.TarInfo("innocent"))
    with pytest.raises(Invalid, match="leaves the folder"):
        check(raw.getvalue())


@given(st.data())
def test_whatever_comes_is_let_in_or_refused_in_words(data: st.DataObject) -> None:
    raw = bytearray(entry("name", size=10).tobuf(tarfile.PAX_FORMAT) + b"0123456789" + bytes(1526))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # with a checksum that fits, so that what follows it is reached
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw[:512])
    try:
        check(gzip.compress(bytes(raw), compresslevel=0))
    except NightdeskError as error:
        error.message.encode("utf-8")


@pytest.mark.parametrize("damage", [0, 100, 124, 148, 257])
def test_a_damaged_entry_is_not_the_archives_end(damage: int) -> None:
    """tarfile stops there without a word, and what comes behind it would be missing in the run."""
    raw = bytearray(gzip.decompress(packed(("a", b"1"), ("b", b"2"), ("c", b"3"))))
    raw[1024 + damage : 1024 + damage + 3] = b"\xfe\xfe\xfe"
    with pytest.raises(Invalid, match="an entry's header is damaged"):
        check(gzip.compress(bytes(raw)))


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_less_than_nothing_is_refused(kind: int) -> None:
    with pytest.raises(Invalid):
        check(gzip.compress(entry("x", size=-1).tobuf(kind) + bytes(10_000)))
