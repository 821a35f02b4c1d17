"""A run's inputs: small ones with the run, large ones side by side in the store, and those of before."""

from __future__ import annotations

import io
from typing import IO

import pytest
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.services.inputs import add_with_inputs, inputs_there, open_input

from ..domain.runs import a_run
from ..workbench import Bench

LARGE = b"x" * (256 * 1024)


def kept(bench: Bench, run_id: str, **inputs: bytes | IO[bytes]) -> bool:
    sent = {
        name: io.BytesIO(content) if isinstance(content, bytes) else content
        for name, content in inputs.items()
    }
    return add_with_inputs(bench.records, bench.store, a_run(id=run_id, key="k"), sent)[1]


def read(bench: Bench, run_id: str, name: str) -> bytes:
    with open_input(bench.records, bench.store, run_id, name) as file:
        return file.read()


def test_small_ones_are_put_on_record_with_the_run(bench: Bench) -> None:
    assert kept(bench, "run1", source=b"1", prepared=b"\x00\xff" * 100)
    assert bench.stored() == set()
    assert sorted(inputs_there(bench.records, bench.store, "run1")) == ["prepared", "source"]
    assert (read(bench, "run1", "source"), read(bench, "run1", "prepared")) == (b"1", b"\x00\xff" * 100)
    for run_id, name in (("run1", "files.tar.gz"), ("run10", "source")):
        with pytest.raises(NotFound):
            read(bench, run_id, name)


@pytest.mark.parametrize("second", [b"", b"y"])
def test_what_is_not_small_together_goes_to_the_store(bench: Bench, second: bytes) -> None:
    assert kept(bench, "run1", source=LARGE, prepared=second)
    names = {"inputs/run1.source", "inputs/run1.prepared"} if second else set()
    assert bench.stored() == names
    assert set(inputs_there(bench.records, bench.store, "run1")) == {"source", "prepared"}
    assert (read(bench, "run1", "source"), read(bench, "run1", "prepared")) == (LARGE, second)


@pytest.mark.parametrize("source", [b"2", LARGE + b"2"])
def test_the_same_submit_again_leaves_the_first_and_nothing_else(bench: Bench, source: bytes) -> None:
    assert kept(bench, "run1", source=b"1")
    assert not kept(bench, "run2", source=source)
    assert read(bench, "run1", "source") == b"1"
    assert bench.stored() == set()
    assert inputs_there(bench.records, bench.store, "run2") == []


def test_inputs_of_a_run_from_before_are_found(bench: Bench) -> None:
    bench.store.put("runs/old/input/source", io.BytesIO(b"old"))
    assert inputs_there(bench.records, bench.store, "old") == ["source"]
    assert read(bench, "old", "source") == b"old"
