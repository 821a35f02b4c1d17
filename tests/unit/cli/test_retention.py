"""`nightdesk retention show`: for whom outputs stay how long, and which would go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]

NOTHING = {"age_seconds": None, "count": None, "bytes": None}
GOING = {
    "run": "k7m2x9qh4tfd",
    "name": "report",
    "owner": "ada",
    "finished_at": "2026-05-01T06:30:00Z",
    "bytes": 3 * 2**20,
    "why": "older than 180 days",
}
FOUND = {
    "rules": {**NOTHING, "age_seconds": 180 * 86400, "count": 500},
    "particular": [
        {"kind": "group", "name": "research", "limits": {"output_days": "unlimited"}},
        {"kind": "person", "name": "eve", "limits": {"output_days": 1, "output_bytes": 2**30}},
    ],
    "bytes": 3 * 2**20,
    "runs": [GOING],
}


def test_for_whom_and_which_would_go(signed_in: Any, nightdesk: Run) -> None:
    signed_in.answers = [(200, FOUND)]
    out = nightdesk("retention", "show").out
    for words in (
        "180 days, of 500 runs",
        "group research",
        "unlimited days",
        "person eve",
        "1 day, 1 GB in all",
        "older than 180 days",
        "outputs of 1 run would go, 3.1 MB",
    ):
        assert words in out


def test_nothing_is_said(signed_in: Any, nightdesk: Run) -> None:
    signed_in.answers = [(200, {"rules": NOTHING, "particular": [], "bytes": 0, "runs": []})]
    assert nightdesk("retention", "show").out.startswith("outputs stay: nothing is said")
