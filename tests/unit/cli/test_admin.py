"""nightdesk audit, sessions and announce."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Run = Callable[..., Any]
ENTRY = {
    "id": 7, "at": "2026-11-24T18:00:00.000Z", "by": "root", "action": "session.stopped", "object": "bob",
    "whom": "bob", "address": "192.0.2.7", "means": "page", "words": "", "hash": "0" * 64,
}  # fmt: skip
SESSION = {
    "person": "ada", "name": "second", "environment": {"name": "python-data", "version": "2026.11.1"},
    "size": "small", "ready": True, "started_at": "2026-11-24T18:00:00.000Z", "idle_since": None,
    "cpus": 0.5, "cpu_limit": 2.0, "memory_bytes": None, "memory_limit_bytes": 2**30,
}  # fmt: skip


def asked(admin: Any, number: int = -1) -> dict[str, str]:
    """The query of a request."""
    return dict(parse_qsl(urlsplit(admin.requests[number][1]).query))


def test_the_log_as_a_table_and_as_json(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"entries": [ENTRY], "next": None})] * 2
    out = nightdesk("audit", "--by", "root", "--action", "session", "--since", "2026-11-22").out
    assert "session stopped  bob  192.0.2.7 page" in out
    query = asked(admin)
    assert (query["by"], query["action"], query["since"][:7]) == ("root", "session", "2026-11")
    assert nightdesk("audit", "--json").json == {"entries": [ENTRY]}


def test_the_log_is_fetched_page_by_page_up_to_the_limit(admin: Any, nightdesk: Run) -> None:
    admin.answers = [
        (200, {"entries": [ENTRY] * 100, "next": "x"}),
        (200, {"entries": [ENTRY] * 50, "next": "y"}),
    ]
    assert len(nightdesk("audit", "--limit", "150", "--json").json["entries"]) == 150
    assert (asked(admin, -2)["limit"], asked(admin)["limit"], asked(admin)["before"]) == ("100", "50", "x")


def test_nothing_fits(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"entries": [], "next": None})]
    result = nightdesk("audit")
    assert (result.code, result.out) == (0, "")
    assert "no entry fits" in result.err


def test_verify_says_so_when_the_log_was_changed(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"entries": 3, "head": "abc", "broken": None})]
    good = nightdesk("audit", "verify")
    assert (good.code, good.out) == (0, "3 entries, all as they were written\nnewest hash: abc\n")
    admin.answers = [(200, {"entries": 3, "head": "abc", "broken": 2})]
    bad = nightdesk("audit", "verify")
    assert bad.code == 1
    assert "entry 2 is not as it was written" in bad.out


def test_sessions(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"sessions": [SESSION]}), (200, {"sessions": []})]
    out = nightdesk("sessions", "list").out
    assert "ada/second  python-data:2026.11.1  small" in out
    assert "0.50" in out
    assert "nobody has a session" in nightdesk("sessions", "list").err


def test_announcing_and_taking_down(admin: Any, nightdesk: Run) -> None:
    made = {"id": 4, "text": "Away on Friday"}
    admin.answers = [(201, made), (200, {"cleared": 2})]
    assert nightdesk("announce", "Away on Friday", "--level", "warning").out == "announced as number 4\n"
    sent = json.loads(admin.bodies[-1])
    assert (sent["text"], sent["level"], sent["until"], sent["before_sign_in"]) == (
        "Away on Friday", "warning", None, False,
    )  # fmt: skip
    assert nightdesk("announce", "--clear").out == "2 taken down\n"
    assert admin.requests[-1][0] == "DELETE"
    assert nightdesk("announce").code == 2
    assert nightdesk("announce", "x", "--clear").code == 2
