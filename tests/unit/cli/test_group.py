"""nightdesk group, nightdesk user limit and nightdesk usage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
POLICY: dict[str, Any] = {
    "kind": "group",
    "name": "lab",
    "read": "group",
    "cancel": "own",
    "sizes": ["small", "medium"],
    "limits": {"runs": 4, "memory_bytes": 32 * 2**30, "home_bytes": "unlimited"},
    "together": 9,
}
GROUP = {"name": "lab", "members": ["ada", "ben"], "provider": None, "policy": POLICY}
ROW = {
    "name": "python-data",
    "runs": 3,
    "sessions": 1,
    "run_hours": 1.5,
    "session_hours": 2.25,
    "cpu_hours": 6.0,
    "gb_hours": 12.0,
}
MINE = {
    "person": "ada",
    "month": "2026-11",
    "resets_at": "2026-12-01T00:00:00Z",
    "sessions": {"count": 1, "cpus": 2.0, "memory_bytes": 2**32},
    "runs": {"count": 2, "cpus": 2.0, "memory_bytes": 2**32},
    "home": {"bytes": 3 * 2**30, "measured_at": "2026-11-24T18:00:00Z"},
    "limits": {"run_hours": 100.0, "memory_bytes": 2**34, "runs": 4},
    "run_hours": 1.5,
    "environments": [ROW],
    "months": [],
}


def asked(admin: Any) -> tuple[str, str, Any]:
    """Method, path and body of the last request."""
    method, path, _ = admin.requests[-1]
    body = admin.bodies[-1] if admin.bodies else b""
    return method, path.partition("?")[0].rpartition("/api/v1")[2], json.loads(body) if body else None


def test_lists(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"groups": [GROUP]})] * 2
    out = nightdesk("group", "list").out
    assert "lab    2        group  own     small,medium  runs, memory, home" in out
    assert nightdesk("group", "list", "--json").json == {"groups": [GROUP]}


def test_shows_what_a_group_decides(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, GROUP)]
    out = nightdesk("group", "show", "lab").out
    for words in (
        "lab: ada, ben",
        "runs of the group",
        "32 GB",
        "unlimited what the home",
        "9 runs of all members",
    ):
        assert words in out


@pytest.mark.parametrize(
    ("command", "method", "path", "body"),
    [
        (["add", "lab"], "POST", "/groups", {"name": "lab"}),
        (["join", "lab", "ada", "ben"], "POST", "/groups/lab/members", {"people": ["ada", "ben"]}),
        (["leave", "lab", "ben"], "DELETE", "/groups/lab/members", {"people": ["ben"]}),
        (["rm", "a/b", "--yes"], "DELETE", "/groups/a%2Fb", None),
        (["set", "everybody", "--runs", "4"], "PATCH", "/policies/everybody/all", {"limits": {"runs": 4}}),
    ],
)
def test_what_is_asked(
    admin: Any, nightdesk: Run, command: list[str], method: str, path: str, body: Any
) -> None:
    admin.answers = [(200, POLICY if command[0] == "set" else GROUP)]
    assert nightdesk("group", *command).code == 0
    found = asked(admin)
    assert found[:2] == (method, path)
    assert body is None or found[2] == body


def test_says_only_what_was_named(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, GROUP), (200, POLICY)]
    options = ["--read", "group", "--sizes", "small,medium", "--memory", "1.5G", "--home", "unlimited"]
    more = ["--runs", "inherit", "--run-hours", "2.5h", "--together", "unlimited"]
    more += ["--output-days", "365d", "--output-runs", "500", "--output-size", "200G"]
    assert nightdesk("group", "set", "lab", *options, *more).code == 0
    assert asked(admin)[2] == {
        "read": "group",
        "sizes": ["small", "medium"],
        "together": None,
        "limits": {
            "runs": None,
            "memory_bytes": 3 * 2**29,
            "home_bytes": "unlimited",
            "run_hours": 2.5,
            "output_days": 365,
            "output_runs": 500,
            "output_bytes": 200 * 2**30,
        },
    }


@pytest.mark.parametrize(
    "wrong", [[], ["--runs", "many"], ["--runs", "1.5"], ["--memory", "lots"], ["--read", "some"]]
)
def test_wrong_usage(admin: Any, nightdesk: Run, wrong: list[str]) -> None:
    assert nightdesk("group", "set", "lab", *wrong).code == 2
    assert not admin.requests


def test_limits_of_one_person(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {**POLICY, "kind": "person"})] * 2
    assert "4 · runs at a time" in nightdesk("user", "limit", "ada").out
    assert asked(admin)[:2] == ("GET", "/policies/person/ada")
    nightdesk("user", "limit", "ada", "--sessions", "2")
    assert asked(admin) == ("PATCH", "/policies/person/ada", {"limits": {"sessions": 2}})


def test_one_s_own_usage(signed_in: Any, nightdesk: Run) -> None:
    signed_in.answers = [(200, MINE)] * 2
    out = nightdesk("usage").out
    for words in ("2 of 4", "8 GB of 16 GB", "1.5 of 100, new ones from 2026-12-01", "python-data"):
        assert words in out
    assert nightdesk("usage", "--json").json == MINE


def test_everybody_s_usage(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"month": "2026-11", "by": "group", "rows": [{**ROW, "name": "lab"}]})]
    assert "lab" in nightdesk("usage", "--by", "group", "--month", "2026-11").out
    assert asked(admin)[1] == "/usage/people"
    assert nightdesk("usage", "--csv", "--json").code == 2
