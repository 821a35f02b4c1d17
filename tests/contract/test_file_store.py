"""What every FileStore does: an object is there whole or not at all, whatever its name."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import obstore
import pytest
from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.adapters.folder_store import FolderStore, store_at
from nightdesk.server.adapters.object_store import BucketStore
from nightdesk.server.domain.errors import NotFound, TooLarge, Unavailable
from nightdesk.server.domain.run import Output

from ..support.object_store import ObjectStore


@pytest.fixture(params=["file", "memory", "s3"])
def kind(request: pytest.FixtureRequest) -> str:
    """Where it keeps things."""
    return str(request.param)


@pytest.fixture
def store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> FsspecStore:
    if kind == "s3":
        return store_in(request.getfixturevalue("object_store"), uuid.uuid4().hex)
    return store_at(f"file://{tmp_path}/store" if kind == "file" else f"memory://{uuid.uuid4().hex}")


def store_in(server: ObjectStore, prefix: str) -> FsspecStore:
    """One in a bucket of a real server."""
    url = f"s3://{server.bucket}/{prefix}"
    bucket = Bucket(url, server.access_key, server.secret_key, server.endpoint, server.region)
    return store_at(url, bucket)


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


@pytest.mark.parametrize("size", [0, 3 * 2**20 + 5, 8 * 2**20, 20 * 2**20 + 1])
def test_large_objects_pass_through(
    store: FsspecStore, everything: Callable[[], set[str]], size: int
) -> None:
    content = os.urandom(size)
    stored = put(store, "large", content)
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert get(store, "large") == content
    assert everything() == {"large"}


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


# a bucket in particular


def test_what_a_killed_process_began_is_aborted_when_it_is_old(object_store: ObjectStore) -> None:
    ours, theirs = (store_in(object_store, uuid.uuid4().hex) for _ in range(2))
    for store in (ours, theirs):
        assert isinstance(store, BucketStore)
        writer = obstore.open_writer(
            store._objects, store._path("runs/a/big file.bin"), buffer_size=5 * 2**20
        )
        for _ in range(3):
            writer.write(bytes(5 * 2**20))
        del writer  # as if the process was killed
        assert [key for key, _, _ in store._uploads.listed(store._prefix)] == [
            f"{store._prefix}runs/a/big file.bin"
        ]
    assert ours.tidy(3600) == 0
    assert ours.tidy(-60) == 1
    assert ours.tidy(-60) == 0
    assert isinstance(theirs, BucketStore)
    assert len(theirs._uploads.listed(theirs._prefix)) == 1  # it is below another prefix


def test_a_name_that_is_too_long_for_a_bucket_is_shortened(object_store: ObjectStore) -> None:
    store = store_in(object_store, uuid.uuid4().hex)
    names = [f"runs/a/{'%/' * 450}{end}" for end in "ab"]
    for name in names:
        put(store, name, name.encode())
    assert [get(store, name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"secret": "not-the-secret"}, "the secret key is wrong"),
        ({"key": "nobody"}, "it does not know the access key"),
        (
            {"url": "s3://not-there/x"},
            "there is no bucket of that name|the access key has no right to do this",
        ),
        ({"endpoint": "http://127.0.0.1:9"}, "http://127.0.0.1:9 is out of reach or does not answer"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_bucket_that_does_not_let_us_in(
    object_store: ObjectStore, wrong: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightdesk.server.adapters.object_store.TRIES", 0)
    right = {
        "url": f"s3://{object_store.bucket}/x", "key": object_store.access_key, "secret": object_store.secret_key,
        "endpoint": object_store.endpoint,
    }  # fmt: skip
    store = store_at(right["url"], Bucket(**(right | wrong)))
    large: Any = io.BytesIO(bytes(9 * 2**20))
    for action in (
        lambda: put(store, "x"),
        lambda: store.put("x", large),
        lambda: store.open("x"),
    ):
        with pytest.raises(Unavailable) as caught:
            action()
        assert re.search(words, caught.value.message)
        assert object_store.secret_key not in str(caught.value)
        assert caught.value.hint
    if "url" not in wrong:  # of a bucket that is not there a HEAD says no more than of an object
        with pytest.raises(Unavailable, match=r"it does not let us in|out of reach"):
            store.exists("x")


def test_a_bucket_that_one_may_only_read(object_store: ObjectStore) -> None:
    put(store_in(object_store, "shared"), "there", b"content")
    url = f"s3://{object_store.bucket}/shared"
    login = (object_store.reader_access_key, object_store.reader_secret_key)
    store = store_at(url, Bucket(url, *login, object_store.endpoint, object_store.region))
    assert get(store, "there") == b"content"
    with pytest.raises(Unavailable, match="the access key has no right to do this"):
        put(store, "new")


def test_the_login_is_in_no_words_of_ours() -> None:
    bucket = Bucket("s3://lake", "the-key", "the-secret")
    assert "the-secret" not in repr(bucket)
    assert "the-secret" not in repr(vars(store_at("s3://lake", bucket)))


# a folder in particular


def test_what_a_killed_process_left_half_written_goes_when_it_is_old(tmp_path: Path) -> None:
    store = store_at(f"file://{tmp_path}/store")
    assert store.tidy(0) == 0
    put(store, "there")
    left = tmp_path / "store/.incoming/0123456789abcdef.part"
    left.write_bytes(b"half of")
    assert store.tidy(3600) == 0
    os.utime(left, (1, 1))
    assert store.tidy(3600) == 1
    assert not left.exists()
    assert get(store, "there") == b"content"


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
