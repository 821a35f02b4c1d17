"""What every FileStore does: an object is there whole or not at all, whatever its name."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.adapters.object_store import BucketStore
from nightdesk.server.domain.errors import NotFound, TooLarge, Unavailable

from .stores import get, put, store_in


@pytest.fixture(params=["file", "memory", "s3"])
def kind(request: pytest.FixtureRequest) -> str:
    """Where it keeps things."""
    return str(request.param)


@pytest.fixture
def store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> FsspecStore:
    if kind == "s3":
        return store_in(request.getfixturevalue("object_store"), uuid.uuid4().hex)
    return store_at(f"file://{tmp_path}/store" if kind == "file" else f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def everything(store: FsspecStore) -> Callable[[], set[str]]:
    """The names of all files there are, half-written ones too."""

    def names() -> set[str]:
        found = {path.removeprefix(store._root).lstrip("/") for path in store._fs.find(store._root)}
        if not isinstance(store, BucketStore):
            return found
        begun = {f"begun: {key}" for key, _, _ in store._uploads.listed(store._prefix)}
        # The server of the tests lists a folder in which something was, too.
        there = {path for path in found if store._fs.info(f"{store._root}/{path}")["type"] == "file"}
        return {unquote(path) for path in there} | begun

    return names


NAMES = [
    "plain.csv", "with space", " leading", "trailing ", "ünï", "e\u0301", "😀.png", "new\nline", "tab\t", "a'b\"c", "x" * 255,
    "é" * 127, "-rf", "$HOME", "~", "~root", "%2e%2e", "a\\b", "..a", "...", "{x}", "[1]", "a[1].png", "*", "?", "a*b", "#",
    "a#b", "a?b=c", "a::b", "file:", "CON", ".hidden", "\u202egnp.exe", "\x01\x1f", "&<script>", "a|b", ";", "`id`",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("key", ["{}", "folder/{}", "{}/below"])
def test_any_name_works(store: FsspecStore, everything: Callable[[], set[str]], key: str, name: str) -> None:
    key = key.replace("{}", name)
    other = "folder/other"
    put(store, other, b"other")
    stored = put(store, key, b"first")
    assert (stored.name, stored.size) == (key.rsplit("/", 1)[-1], 5)
    assert stored.sha256 == hashlib.sha256(b"first").hexdigest()
    assert get(store, key) == b"first"
    assert store.exists(key)
    put(store, key, b"second")
    assert get(store, key) == b"second"
    assert everything() == {key, other}
    store.remove(key)
    assert not store.exists(key)
    assert get(store, other) == b"other"


def test_names_differing_in_case_are_two(store: FsspecStore) -> None:
    put(store, "x/Report", b"1")
    put(store, "x/report", b"2")
    assert (get(store, "x/Report"), get(store, "x/report")) == (b"1", b"2")


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../x", "a/../b", "a//b", "/etc/passwd", "a/", "a/./b", "a\x00b", "/"]
)
def test_a_name_that_leaves_the_store_is_no_name(store: FsspecStore, tmp_path: Path, key: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    for action in (
        lambda: put(store, key),
        lambda: store.open(key),
        lambda: store.exists(key),
        lambda: store.remove(key),
    ):
        with pytest.raises(NotFound):
            action()
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_not_there(store: FsspecStore) -> None:
    put(store, "there", b"")
    with pytest.raises(NotFound, match="there is no such file"):
        store.open("nowhere/at/all")
    assert not store.exists("nowhere")
    store.remove("nowhere")
    store.remove("nowhere/at/all")
    assert get(store, "there") == b""


def test_a_folder_goes_with_everything_below_it(
    store: FsspecStore, everything: Callable[[], set[str]]
) -> None:
    for key in ("runs/a/1", "runs/a/deep/er/2", "runs/ab/3"):
        put(store, key)
    store.remove("runs/a")
    assert everything() == {"runs/ab/3"}


@pytest.mark.parametrize("size", [0, 3 * 2**20 + 5, 8 * 2**20, 20 * 2**20 + 1])
def test_large_objects_pass_through(
    store: FsspecStore, everything: Callable[[], set[str]], size: int
) -> None:
    content = os.urandom(size)
    stored = put(store, "large", content)
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert get(store, "large") == content
    assert everything() == {"large"}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_what_stands_beside_the_store_reads_at_the_address(store: FsspecStore, kind: str, name: str) -> None:
    put(store, f"folder/{name}", b"content")
    address = store.address(f"folder/{name}")
    if kind == "memory":
        assert address is None
        return
    assert address is not None
    assert address.isascii()
    assert "#" not in address
    parts = urlsplit(address)
    if kind == "file":
        assert Path(unquote(parts.path)).read_bytes() == b"content"
        return
    part = requests.get(address, headers={"Range": "bytes=2-4"}, timeout=30)
    assert (part.status_code, part.content) == (206, b"nte")
    assert requests.put(address, data=b"other", timeout=30).status_code == 403, "to read, and that alone"
    assert get(store, f"folder/{name}") == b"content"


def test_no_address_leads_out_of_the_store(store: FsspecStore) -> None:
    for key in ("../secret", "a/../../secret", "/etc/passwd"):
        if type(store) is FsspecStore:
            assert store.address(key) is None
        else:
            with pytest.raises(NotFound):
                store.address(key)


def test_reading_goes_on_from_any_place(store: FsspecStore) -> None:
    content = os.urandom(9 * 2**20)
    put(store, "large", content)
    with store.open("large") as file:
        assert file.read(10) == content[:10]
        assert file.seek(5 * 2**20) == 5 * 2**20
        assert file.read(100) == content[5 * 2**20 :][:100]
        assert file.seek(-7, io.SEEK_END) == len(content) - 7
        assert file.read() == content[-7:]
        assert file.read(1) == b""


class Breaking:
    """A source that breaks in the middle."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._given = False

    def read(self, _size: int = -1) -> bytes:
        if self._given:
            raise self._error
        self._given = True
        return b"half of it"


@pytest.mark.parametrize(
    "error", [TooLarge("over the limit"), OSError(errno.EIO, "input/output error"), KeyboardInterrupt(), KeyError("x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_half_an_object_is_never_there(
    store: FsspecStore, everything: Callable[[], set[str]], error: BaseException
) -> None:
    put(store, "folder/good", b"the last good one")
    source: Any = Breaking(error)
    with pytest.raises(Unavailable if isinstance(error, OSError) else type(error)):
        store.put("folder/good", source)
    source = Breaking(error)
    with pytest.raises(Unavailable if isinstance(error, OSError) else type(error)):
        store.put("folder/new", source)
    assert get(store, "folder/good") == b"the last good one"
    assert everything() == {"folder/good"}


def test_nor_half_a_large_one(store: FsspecStore, everything: Callable[[], set[str]]) -> None:
    class Large(Breaking):
        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return bytes(2**20) if self.left > 0 else super().read(size) if self.left < 0 else b"x"

        left = 40

    source: Any = Large(TooLarge("over the limit"))
    with pytest.raises(TooLarge):
        store.put("large", source)
    assert everything() == set()


def test_readers_see_the_old_or_the_new_one_and_nothing_between(store: FsspecStore) -> None:
    old, new = b"o" * 200_000, b"n" * 200_000
    put(store, "report", old)
    over = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not over.is_set():
            seen.add(get(store, "report"))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(20):
        put(store, "report", new if turn % 2 else old)
    over.set()
    reader.join(10)
    assert seen <= {old, new}


def test_several_at_once(store: FsspecStore, everything: Callable[[], set[str]]) -> None:
    stored = store.put_all({"inputs/a.source": io.BytesIO(b"1"), "inputs/a.prepared": io.BytesIO(b"22")})
    assert [(output.name, output.size) for output in stored] == [("a.source", 1), ("a.prepared", 2)]
    assert (get(store, "inputs/a.source"), get(store, "inputs/a.prepared")) == (b"1", b"22")
    assert everything() == {"inputs/a.source", "inputs/a.prepared"}


def test_of_several_nothing_is_there_when_one_cannot_be_read(
    store: FsspecStore, everything: Callable[[], set[str]]
) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise TooLarge("over the limit")

    with pytest.raises(TooLarge):
        store.put_all({"inputs/a.source": io.BytesIO(b"1"), "inputs/a.files": Broken()})
    assert everything() == set()
