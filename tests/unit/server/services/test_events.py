"""Reading the runner's events: once or again from the start gives the same, and nothing in them is trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.services.events import Progress


def line(number: int, event: str, **fields: Any) -> bytes:
    """One line as the runner prints it."""
    return json.dumps({"n": number, "t": 1.0, "event": event, **fields}).encode()


LINES = [
    line(1, "started", contract=1, cells=3, kernel="python3"),
    line(2, "cell_started", cell=1, index=0),
    line(3, "stream", cell=1, name="stdout", text="one\n"),
    line(4, "metric", name="auc", value=0.5, step=1),
    line(5, "stream", cell=1, name="stderr", text="two\n"),
    line(6, "cell_started", cell=2, index=1),
    line(7, "stream", cell=2, name="stdout", text="ünï 😀\n"),
    line(8, "metric", name="auc", value=0.6, step=2),
    line(9, "finished", outcome="succeeded"),
]


def taken(lines: list[bytes], progress: Progress | None = None) -> Progress:
    """Progress after these lines."""
    progress = progress or Progress()
    for each in lines:
        progress.take(each)
    return progress


def test_everything_is_there() -> None:
    progress = taken(LINES)
    assert (progress.cell, progress.cells) == (2, 3)
    assert [
        (chunk.number, chunk.start, chunk.stream, chunk.cell, chunk.text) for chunk in progress.waiting
    ] == [
        (3, 0, "stdout", 1, "one\n"),
        (5, 4, "stderr", 1, "two\n"),
        (7, 8, "stdout", 2, "ünï 😀\n"),
    ]
    assert (progress.number, progress.length) == (7, 14)
    assert [metric["value"] for metric in progress.metrics] == [0.5, 0.6]
    assert progress.finished is not None
    assert progress.finished["outcome"] == "succeeded"


def test_the_log_says_that_secrets_were_masked_and_says_it_once() -> None:
    lines = [*LINES[:-1], line(9, "finished", outcome="succeeded", masked=True)]
    progress = taken(lines, taken(lines))
    said = [chunk for chunk in progress.waiting if chunk.stream == "system"]
    assert [chunk.number for chunk in said] == [9]
    assert "masked" in said[0].text
    assert taken([line(1, "finished", outcome="succeeded", masked="yes")]).waiting == []


@pytest.mark.parametrize("stop", range(len(LINES) + 1))
def test_reading_again_after_the_connection_broke_adds_nothing(stop: int) -> None:
    progress = taken(LINES, taken(LINES[:stop]))
    once = taken(LINES)
    assert progress.waiting == once.waiting
    assert progress.metrics == once.metrics
    assert (progress.cell, progress.cells, progress.length) == (once.cell, once.cells, once.length)


@pytest.mark.parametrize("stop", range(len(LINES) + 1))
def test_whoever_adopts_writes_what_is_not_on_record_yet(stop: int) -> None:
    before = taken(LINES[:stop])
    after = taken(
        LINES, Progress(number=before.number, length=before.length, cell=before.cell, cells=before.cells)
    )
    assert before.waiting + after.waiting == taken(LINES).waiting
    assert after.metrics == taken(LINES).metrics, "metrics are not on record: they are read from the start"


def test_progress_never_goes_back() -> None:
    progress = Progress(cell=2, cells=3)
    progress.take(LINES[0])
    progress.take(LINES[1])
    assert (progress.cell, progress.cells) == (2, 3)


@pytest.mark.parametrize(
    "noise",
    [
        b"", b"hello", b"\xff\xfe", b"null", b"[]", b"5", b'"started"', b"{}", b'{"n": 1}', b'{"event": "started"}',
        b'{"n": null, "event": "stream"}', b'{"n": "x", "event": "stream"}', b'{"n": 1e999, "event": "stream", "text": "x"}',
        b'{"n": -1, "event": "stream", "text": "x"}', b'{"n": true, "event": "stream", "text": "x"}',
        b'{"n": 1, "event": ["stream"], "text": "x"}', b"[" * 100_000, b'{"n":' + b"9" * 5000 + b"}",
        line(10**30, "stream", text="x"),
        b'{"n": 1, "event": "unknown"}',
    ],
    ids=lambda noise: repr(noise[:40]),
)  # fmt: skip
def test_noise_is_passed_over(noise: bytes) -> None:
    assert taken([noise]) == Progress()
    assert taken([noise, *LINES]).waiting == taken(LINES).waiting


@pytest.mark.parametrize("count", ["x", None, -5, 1e999, 10**30, [1], True, 1.5])
def test_odd_counts_are_nothing(count: Any) -> None:
    progress = taken([line(1, "started", cells=count), line(2, "cell_started", cell=count)])
    assert (progress.cell, progress.cells) == (0, 0)


def test_odd_streams() -> None:
    progress = taken(
        [
            line(1, "stream", name="stdout", text=""),  # nothing to put on record
            line(2, "stream", name="system", text="a", cell="x"),  # only the platform speaks as the platform
            line(3, "stream", text="b", cell=10**30),
            line(4, "stream", name="stderr", text="half \ud83d"),
            line(5, "stream", name="stderr", text=5),
        ]
    )
    assert [
        (chunk.number, chunk.start, chunk.stream, chunk.cell, chunk.text) for chunk in progress.waiting
    ] == [
        (2, 0, "stdout", None, "a"),
        (3, 1, "stdout", None, "b"),
        (4, 2, "stderr", None, "half ?"),
        (5, 8, "stderr", None, "5"),
    ]


@given(st.binary())
def test_any_bytes(noise: bytes) -> None:
    taken([noise])


@given(st.dictionaries(st.sampled_from(["n", "event", "text", "name", "cell", "cells"]), st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]),
    st.sampled_from(["stream", "started", "cell_started", "metric", "finished"]),
)))  # fmt: skip
def test_any_event(event: dict[str, Any]) -> None:
    taken([json.dumps(event).encode()])
