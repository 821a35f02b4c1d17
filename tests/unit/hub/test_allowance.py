"""How much somebody may have, and what is said when it is too much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk_hub.allowance import Allowance, Taken, TooMuch, parse_allowance
from nightdesk_hub.offers import Size

SMALL = Size("small", "Small", 1.0, 2**30)
LARGE = Size("large", "Large", 4.0, 8 * 2**30)
SIZES = [LARGE, SMALL]
ONE = Taken(1.0, 2**30)


def refused(allowance: Allowance, size: Size = SMALL, others: list[Taken] | None = None) -> str:
    """The words; empty where it may start."""
    try:
        allowance.check(size, others or [], SIZES)
    except TooMuch as words:
        return str(words)
    return ""


def test_without_limits_everything_may_start() -> None:
    assert refused(Allowance(), LARGE, [ONE] * 9) == ""


def test_sessions() -> None:
    allowance = Allowance(sessions=2)
    assert refused(allowance, others=[ONE]) == ""
    assert "You have 2 sessions, and your limit is 2. End one" in refused(allowance, others=[ONE, ONE])
    assert refused(Allowance(sessions=0)) == "You may have no sessions."


def test_cores_of_sessions_and_runs_together() -> None:
    allowance = Allowance(cpus=6, run_cpus=1.5)
    assert refused(allowance, LARGE) == ""
    words = refused(allowance, LARGE, [ONE])
    assert "Large has 4 cores. Your sessions and runs have 2.5 now, and your limit is 6" in words


def test_memory_of_sessions_and_runs_together() -> None:
    allowance = Allowance(memory_bytes=8 * 2**30, run_memory_bytes=2**29)
    assert "8 GiB of memory. Your sessions and runs have 512 MiB now" in refused(allowance, LARGE)
    assert refused(allowance, SMALL) == ""


def test_a_full_home_leaves_the_smallest_size_to_clean_up() -> None:
    full = Allowance(home_bytes=10, home_holds=11)
    assert refused(full, SMALL) == ""
    assert "Start a session of size Small and delete" in refused(full, LARGE)
    assert refused(replace(full, home_holds=10), LARGE) == ""
    assert refused(replace(full, home_holds=None), LARGE) == "", "not measured yet"


def test_what_is_said_before_somebody_chooses() -> None:
    assert Allowance(home_bytes=100, home_holds=89).notices(SIZES, 0) == []
    assert "nearly full" in Allowance(home_bytes=100, home_holds=90).notices(SIZES, 0)[0]
    assert "size Small" in Allowance(home_bytes=100, home_holds=101).notices(SIZES, 0)[0]
    assert "as many as you may" in Allowance(sessions=1).notices(SIZES, 1)[0]


def test_out_of_the_api_s_answer(answer: dict[str, Any]) -> None:
    assert parse_allowance(answer) == Allowance(), "an older api says nothing of limits"
    said = {
        "limits": {"sessions": 2, "cpus": 4.5, "memory_bytes": 2**33, "home_bytes": 2**34, "runs": 3},
        "in_use": {"run_cpus": 1.0, "run_memory_bytes": 2**30, "home_bytes": 5},
    }
    assert parse_allowance(said) == Allowance(2, 4.5, 2**33, 2**34, 1.0, 2**30, 5)


@pytest.mark.parametrize("limits", [{"cpus": "many"}, {"sessions": []}, []])
def test_nonsense_is_no_answer(limits: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of either kind
        parse_allowance({"limits": limits or [1]})
