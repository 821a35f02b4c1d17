"""A run's inputs in the store: side by side, and those of before."""

from __future__ import annotations

import io
import uuid

import pytest
from nightdesk.server.adapters.file_store import FsspecStore
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.services.inputs import forget_inputs, inputs_there, keep_inputs, open_input


@pytest.fixture
def store() -> FsspecStore:
    return FsspecStore(f"memory://{uuid.uuid4().hex}")


def test_what_is_kept_is_there_until_it_is_forgotten(store: FsspecStore) -> None:
    keep_inputs(store, "run1", {"source": io.BytesIO(b"1"), "files.tar.gz": io.BytesIO(b"2")})
    keep_inputs(store, "run10", {"source": io.BytesIO(b"10")})
    assert inputs_there(store, "run1") == ["source", "files.tar.gz"]
    assert open_input(store, "run1", "source").read() == b"1"
    forget_inputs(store, "run1")
    assert inputs_there(store, "run1") == []
    assert open_input(store, "run10", "source").read() == b"10"
    with pytest.raises(NotFound):
        open_input(store, "run1", "source")


def test_inputs_of_a_run_from_before_are_found(store: FsspecStore) -> None:
    store.put("runs/old/input/source", io.BytesIO(b"old"))
    assert inputs_there(store, "old") == ["source"]
    assert open_input(store, "old", "source").read() == b"old"
