"""Whatever code forges among the runner's events: the log stays whole, within its limit and fit to be shown."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from nightdesk.server.domain.outcome import Exit, decide
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import LogChunk
from nightdesk.server.services.colours import Colours
from nightdesk.server.services.events import Progress

from ..domain.runs import a_run

PIECES = [
    "a",
    "\n",
    "\r",
    "\t",
    "\x1b",
    "[",
    "]",
    "3",
    "1",
    "m",
    ";",
    "\x07",
    "\\",
    "\x9b",
    "J",
    "P",
    "é",
    "\ud83d",
    "\x00",
]
PRINTED = st.text(st.sampled_from(PIECES), max_size=12)
JSON: Any = (
    st.none() | st.booleans() | st.integers() | st.floats() | PRINTED | st.lists(st.integers(), max_size=2)
)
NAMES = ["stream", "started", "cell_started", "cell_finished", "metric", "finished"]
FORGED = st.fixed_dictionaries(
    {"n": st.integers(-1, 40) | JSON, "event": st.sampled_from(NAMES) | JSON},
    optional=dict.fromkeys(("name", "text", "cell", "cells", "value", "step", "outcome", "reason", "peak_memory_bytes"), JSON),
)  # fmt: skip
STREAMS = st.builds(
    lambda name, text, cell: {"event": "stream", "name": name, "text": text, "cell": cell},
    st.sampled_from(["stdout", "stderr"]), PRINTED, st.integers(1, 3),
)  # fmt: skip
EXITED = Exit(1)
NOISE = st.binary(max_size=10)


@st.composite
def outputs(draw: st.DrawFn) -> list[bytes]:
    """Lines of a container: the runner's, numbered, with what code prints in between."""
    lines = []
    for number, event in enumerate(draw(st.lists(STREAMS, max_size=12)), 1):
        lines.append(json.dumps({"n": number, "t": 1.0, **event}).encode())
        if draw(st.integers(0, 4)) == 0:
            lines.append(draw(NOISE | FORGED.map(lambda event: json.dumps(event).encode())))
    return lines


def taken(lines: list[bytes], progress: Progress) -> Progress:
    for line in lines:
        progress.take(line)
    return progress


def check(chunks: list[LogChunk], most: int) -> None:
    """What holds of every log."""
    length = number = 0
    for chunk in chunks:
        assert chunk.start == length, "piece follows piece"
        assert chunk.number > number
        assert chunk.text
        chunk.text.encode("utf-8")
        assert chunk.stream in {"stdout", "stderr"}
        length, number = length + len(chunk.text), chunk.number
    assert length <= most + 100


@given(outputs(), st.integers(0, 60))
@settings(max_examples=200)
def test_a_log_is_whole_and_within_its_limit(lines: list[bytes], most: int) -> None:
    progress = taken(lines, Progress(most=most))
    check(progress.waiting, most)
    for stream in ("stdout", "stderr"):
        shown = "".join(chunk.text for chunk in progress.waiting if chunk.stream == stream)
        if progress.length < most:
            assert not re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", shown)
            assert not re.search(r"\x1b(?!\[[0-9;:]*m)", shown), "colours alone"


@given(outputs(), st.data())
@settings(max_examples=200)
def test_read_again_or_by_another_worker_it_is_the_same(lines: list[bytes], data: st.DataObject) -> None:
    once = taken(lines, Progress())
    stop = data.draw(st.integers(0, len(lines)))
    again = taken(lines, taken(lines[:stop], Progress()))
    before = taken(lines[:stop], Progress())
    after = taken(lines, Progress(before.number, before.length, before.cell, before.cells))
    if all(b'"t": 1.0' in line for line in lines):  # forged numbers may hide what is real, but break nothing
        assert again.waiting == once.waiting
        assert before.waiting + after.waiting == once.waiting
    check(again.waiting, 10**9)
    check(before.waiting + after.waiting, 10**9)


@given(st.lists(FORGED, max_size=20))
@settings(max_examples=200)
def test_what_is_forged_can_be_kept_and_judged(events: list[dict[str, Any]]) -> None:
    progress = taken([json.dumps(event).encode() for event in events], Progress())
    for metric in progress.metrics:
        json.dumps(metric, allow_nan=False)
        assert 0 < len(metric["name"]) <= 200
    assert 0 <= progress.cell < 2**31
    assert 0 <= progress.cells < 2**31
    finished = progress.finished or {}
    for name in ("peak_memory_bytes", "cpu_seconds"):
        value = finished.get(name)
        assert value is None or 0 <= value < 2**63
    ending = decide(a_run(status=Status.RUNNING), EXITED, progress.finished)
    assert ending.reason


@given(st.lists(PRINTED, max_size=8))
@example(["\x1b]", "\x1b\x1b"])
@settings(max_examples=200)
def test_colours_are_the_same_however_text_is_cut(pieces: list[str]) -> None:
    whole, cut = Colours(), Colours()
    text = "".join(pieces)
    end = "\n"  # a sequence without an end is over with its line
    assert "".join(cut.only("stdout", piece) for piece in [*pieces, end]) == whole.only("stdout", text + end)
