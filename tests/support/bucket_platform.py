"""A platform that keeps its outputs in a bucket of a real server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nightdesk.server.adapters.s3_uploads import Login, Uploads

from .object_store import ObjectStore, object_store
from .platform import bridge_address

PREFIX = "desk/outputs"


@contextmanager
def a_bucket() -> Iterator[ObjectStore]:
    """A server that speaks S3, in reach of containers."""
    with (
        tempfile.TemporaryDirectory(prefix="nightdesk-objects-") as folder,
        object_store(Path(folder), bridge_address()) as server,
    ):
        yield server


def kept_in(server: ObjectStore) -> dict[str, Any]:
    """What `platform.start` takes, for outputs to be kept there."""
    storage = {"url": f"s3://{server.bucket}/{PREFIX}", "endpoint": server.endpoint, "region": server.region}
    env = {"NIGHTDESK_STORE_KEY": server.access_key, "NIGHTDESK_STORE_SECRET": server.secret_key}
    return {"storage": storage, "env": env}


def begun(server: ObjectStore) -> list[str]:
    """The keys of uploads that were begun and are not completed."""
    login = Login(server.access_key, server.secret_key, server.region)
    return [key for key, _, _ in Uploads(server.endpoint, server.bucket, login).listed(PREFIX)]
