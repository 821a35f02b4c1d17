"""However a run ended, and whatever its code forged: there is an outcome, and words for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from nightdesk.server.domain.outcome import Exit, decide
from nightdesk.server.domain.run import Ends, Status

from .runs import a_run

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OUTCOMES = [
    "succeeded",
    "code_failed",
    "bad_job",
    "stopped_early",
    "kernel_died",
    "cell_timed_out",
    "storage_full",
    "terminated",
]
ERRORS = st.fixed_dictionaries({}, optional={"type": JSON, "message": JSON, "cell": JSON, "traceback": JSON})
FINISHED = st.none() | st.fixed_dictionaries(
    {"event": st.just("finished")},
    optional={
        "outcome": st.sampled_from(OUTCOMES) | JSON,
        "reason": JSON | st.text(st.characters()),
        "error": ERRORS | JSON,
        "peak_memory_bytes": JSON,
    },
)
EXITS = st.builds(
    Exit, st.integers(0, 255), st.booleans(), st.text(st.characters()), st.none() | st.floats(0, 2e9), st.booleans()
)  # fmt: skip
RUNS = st.builds(
    a_run,
    status=st.just(Status.RUNNING),
    kind=st.sampled_from(["notebook", "script"]),
    cell=st.integers(0, 2**31),
    cells=st.integers(0, 2**31),
    attempt=st.integers(1, 11),
    retries=st.integers(0, 10),
    ending=st.none() | st.sampled_from([str(each) for each in Ends]),
    cancel_requested_at=st.none() | st.floats(0, 2e9),
    cancelled_by=st.none() | st.just("root"),
    started_at=st.none() | st.floats(0, 2e9),
)


@given(RUNS, EXITS, FINISHED)
def test_every_end_has_an_outcome_and_words_that_can_be_kept(
    run: Any, ended: Exit, finished: dict[str, Any] | None
) -> None:
    ending = decide(run, ended, finished)
    assert ending.status.final
    words = [ending.reason] + ([] if ending.error is None else [ending.error.type, ending.error.message])
    for each in words:
        each.encode("utf-8")
        assert "\x00" not in each
        assert len(each) < 10_000
    assert ending.reason.strip()
    assert ending.reason[0] == ending.reason[0].upper()
    assert ending.reason.rstrip()[-1] in ".!?:…\"'`)]}" or finished, "the platform's own words are sentences"
    if ending.status is Status.SUCCEEDED:
        assert (ended.code, ending.error) == (0, None)
    if ending.error is not None:
        cell = asdict(ending.error)["cell"]
        assert cell is None or 0 <= cell <= 2**31


@given(RUNS, EXITS)
def test_nothing_but_the_runners_own_word_makes_a_success(run: Any, ended: Exit) -> None:
    assert decide(run, ended, None).status is not Status.SUCCEEDED
    assert decide(run, Exit(1), {"outcome": "succeeded"}).status is not Status.SUCCEEDED
