"""nightdesk notify."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
LAST = {
    "at": "2026-11-24T18:00:00.000Z", "way": "slack", "run_id": "k7m2x9qh4tfd", "state": "waiting",
    "words": "it answered 500", "tries": 2,
}  # fmt: skip
WISHES = {
    "when": "failure", "email": "ada@example.org", "email_confirmed": False, "webhook": "",
    "slack": "https://example.org/slack", "secret": "s", "mail": True, "last": [LAST],
}  # fmt: skip


def test_what_is_set_and_what_was_sent(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, WISHES)] * 2
    out = nightdesk("notify").out
    assert "you are told when a run fails" in out
    assert "ada@example.org  (not confirmed" in out
    assert "run k7m2x9qh4tfd on its way  it answered 500" in out
    assert nightdesk("notify", "--json").json == WISHES


def test_setting_says_only_what_was_named(admin: Any, nightdesk: Run, tmp_path: Path) -> None:
    admin.answers = [(200, WISHES)] * 3
    file = tmp_path / "slack"
    file.write_text("https://hooks.example.org/abc\n")
    nightdesk("notify", "--slack-file", str(file), "--when", "always")
    assert admin.requests[-1][0] == "PATCH"
    assert json.loads(admin.bodies[-1]) == {"when": "always", "slack": "https://hooks.example.org/abc"}
    nightdesk("notify", "--email", "")
    assert json.loads(admin.bodies[-1]) == {"email": ""}
    nightdesk("notify", "--code", "123456")
    assert json.loads(admin.bodies[-1]) == {"code": "123456"}


def test_a_try_and_wrong_usage(admin: Any, nightdesk: Run, tmp_path: Path) -> None:
    admin.answers = [(200, {"sent": ["email", "slack"]})]
    assert nightdesk("notify", "--test").out.startswith("on its way by email, slack")
    assert nightdesk("notify", "--test", "--code", "1").code == 2
    assert nightdesk("notify", "--slack-file", str(tmp_path / "none")).code == 2
