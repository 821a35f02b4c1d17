"""Stores for the contract suites, and a hand that puts and gets."""

from __future__ import annotations

import io

from nightdesk.server.adapters.bucket import Bucket
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.domain.run import Output

from ..support.object_store import ObjectStore


def store_in(server: ObjectStore, prefix: str) -> FsspecStore:
    """One in a bucket of a real server."""
    url = f"s3://{server.bucket}/{prefix}"
    bucket = Bucket(url, server.access_key, server.secret_key, server.endpoint, server.region)
    return store_at(url, bucket)


def put(store: FsspecStore, key: str, content: bytes = b"content") -> Output:
    """Store these bytes."""
    return store.put(key, io.BytesIO(content))


def get(store: FsspecStore, key: str) -> bytes:
    """The bytes of an object."""
    with store.open(key) as file:
        return file.read()
