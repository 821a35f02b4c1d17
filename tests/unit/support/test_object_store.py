"""The S3 server of the tests lets in whom it should, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import s3fs

from ...support.object_store import ObjectStore


def signed_in(store: ObjectStore, key: str, secret: str) -> Any:
    options = {"endpoint_url": store.endpoint, "region_name": store.region}
    return s3fs.S3FileSystem(key=key, secret=secret, client_kwargs=options, skip_instance_cache=True)


def test_who_writes_who_reads_and_who_may_neither(object_store: ObjectStore) -> None:
    store = object_store
    writer = signed_in(store, store.access_key, store.secret_key)
    reader = signed_in(store, store.reader_access_key, store.reader_secret_key)
    stranger = signed_in(store, store.access_key, "not-the-secret")
    writer.pipe("lake/a/b.txt", b"twelve bytes")
    assert reader.cat("lake/a/b.txt") == b"twelve bytes"
    with pytest.raises(PermissionError):
        reader.pipe("lake/a/c.txt", b"never")
    with pytest.raises(PermissionError):
        stranger.cat("lake/a/b.txt")
    assert writer.ls("lake/a", refresh=True) == ["lake/a/b.txt"]
