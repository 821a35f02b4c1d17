"""The S3 server of the tests lets in whom it should, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from ...support.object_store import ObjectStore


def signed_in(store: ObjectStore, key: str, secret: str) -> Any:
    return S3FileSystem(
        access_key=key,
        secret_key=secret,
        endpoint_override=store.endpoint,
        region=store.region,
        request_timeout=10,
    )


def put(store: Any, path: str, content: bytes) -> None:
    with store.open_output_stream(path) as stream:
        stream.write(content)


def test_who_writes_who_reads_and_who_may_neither(object_store: ObjectStore) -> None:
    store = object_store
    writer = signed_in(store, store.access_key, store.secret_key)
    reader = signed_in(store, store.reader_access_key, store.reader_secret_key)
    stranger = signed_in(store, store.access_key, "not-the-secret")
    put(writer, "lake/a/b.txt", b"twelve bytes")
    with reader.open_input_stream("lake/a/b.txt") as stream:
        assert stream.read() == b"twelve bytes"
    with pytest.raises(OSError, match="Access Denied"):
        put(reader, "lake/a/c.txt", b"never")
    with pytest.raises(OSError, match="SIGNATURE_DOES_NOT_MATCH"):
        stranger.get_file_info(FileSelector("lake/a"))
    assert [each.path for each in writer.get_file_info(FileSelector("lake/a"))] == ["lake/a/b.txt"]
