"""What a store in a bucket and one in a folder do each: what is left half-way, who lets nobody in, a power cut."""

from __future__ import annotations

import errno
import io
import os
import re
import uuid
from pathlib import Path
from typing import Any

import obstore
import pytest
from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.folder_store import FolderStore, store_at
from nightdesk.server.adapters.object_store import BucketStore
from nightdesk.server.domain.errors import NotFound, Unavailable

from ..support.object_store import ObjectStore
from .stores import get, put, store_in

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
