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

import pytest
from fsspec.core import url_to_fs
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.adapters.folder_store import FolderStore, store_at
from nightdesk.server.domain.errors import NotFound, TooLarge, Unavailable
from nightdesk.server.domain.run import Output


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of a store."""
    return f"file://{tmp_path}/store" if request.param == "file" else f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def store(url: str) -> FsspecStore:
    return store_at(url)


@pytest.fixture
def everything(url: str) -> Callable[[], set[str]]:
    """The names of all files there are, half-written ones too."""

    def names() -> set[str]:
        system, root = url_to_fs(url)
        return {path.removeprefix(root).lstrip("/") for path in system.find(root)}

    return names


def put(store: FsspecStore, key: str, content: bytes = b"content") -> Output:
    """Store these bytes."""
    return store.put(key, io.BytesIO(content))


def get(store: FsspecStore, key: str) -> bytes:
    """The bytes of an object."""
    with store.open(key) as file:
        return file.read()


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


def test_large_objects_pass_through(store: FsspecStore) -> None:
    content = os.urandom(3 * 2**20 + 5)
    stored = put(store, "large", content)
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert get(store, "large") == content


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


# a folder in particular


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "storage full"),
        (errno.EDQUOT, "storage full"),
        (errno.EROFS, "the output store does not take the file: Read-only file system"),
        (errno.EIO, "the output store does not take the file: Input/output error"),
    ],
)
def test_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    store = store_at(f"file://{tmp_path}")

    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store, "_writing", refuse)
    with pytest.raises(Unavailable) as caught:
        put(store, "x")
    assert caught.value.message == message
    assert caught.value.hint


def test_a_store_that_is_no_folder_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    store = store_at(f"file://{tmp_path}/store")
    with pytest.raises(Unavailable):
        put(store, "x")
    with pytest.raises((Unavailable, NotFound)):
        store.open("x")
    assert not store.exists("x")
    with pytest.raises(Unavailable, match="the output store removes nothing: Not a directory"):
        store.remove("x")


def test_what_was_stored_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is on the disk before it gets its name; the name, and each new folder's, before it counts."""
    steps: list[tuple[str, str]] = []
    sync, replace = os.fsync, os.replace

    def settle(handle: int) -> None:
        steps.append(("settled", str(Path(f"/proc/self/fd/{handle}").readlink().relative_to(tmp_path))))
        sync(handle)

    def place(source: str, target: str) -> None:
        replace(source, target)
        steps.append(("named", target.removeprefix(f"{tmp_path}/")))

    store = store_at(f"file://{tmp_path}/store")
    assert isinstance(store, FolderStore)
    put(store, "warm")
    monkeypatch.setattr(os, "fsync", settle)
    monkeypatch.setattr(os, "replace", place)
    put(store, "runs/a/source")
    assert steps[0][0] == "settled"
    assert steps[0][1].startswith("store/.incoming/")
    assert steps[1:] == [
        ("settled", "store"),
        ("settled", "store/runs"),
        ("named", "store/runs/a/source"),
        ("settled", "store/runs/a"),
    ]


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
