"""nightdesk schedule: what is asked of the platform, and what people read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
ID = "k7m2x9qh4tfd"
TICKS = [
    {"at": f"2026-03-{day}T01:30:00.000Z", "local": f"2026-03-{day}T02:30:00+01:00"} for day in range(25, 30)
]
SCHEDULE: dict[str, Any] = {
    "id": ID,
    "name": "report",
    "owner": "ada",
    "when": "cron 30 2 * * *, Europe/Berlin",
    "cron": "30 2 * * *",
    "every_seconds": None,
    "zone": "Europe/Berlin",
    "next_at": "2026-03-25T01:30:00.000Z",
    "paused": None,
    "file": "report.ipynb",
    "source": {
        "kind": "snapshot",
        "words": "a copy",
        "taken_at": "2026-03-24T12:00:00.000Z",
        "bytes": 4711,
        "sha256": "ab",
        "files": 2,
    },
    "environment": "python-data@stable",
    "version_is": "followed",
    "size": None,
    "parameters": {"region": "north"},
    "time_parameter": "as_of",
    "missed": "all",
    "catch_up": 4,
    "overlap": "queue",
    "pause_after": 5,
    "alert": True,
    "notify": "failure",
    "failures": 0,
    "last": {"at": "2026-03-24T01:30:00.000Z", "state": "timed_out", "run": "h3n8w2pf5kdj"},
    "url": "http://x/schedules/k7m2x9qh4tfd",
    "next_ticks": TICKS,
    "record": {"days": 30, "ticks": {"succeeded": 19, "failed": 1}, "success_rate": 0.95},
}
TICK = {
    "at": "2026-03-24T01:30:00.000Z",
    "state": "failed",
    "words": "Out of memory.",
    "by": None,
    "run": "h3n8w2pf5kdj",
    "decided_at": "2026-03-24T01:31:00.000Z",
    "took_seconds": 61.2,
    "run_url": "http://x/runs/h3n8w2pf5kdj",
}
LISTED = {"schedules": [SCHEDULE], "next": None}


@pytest.fixture
def notebook(tmp_path: Path) -> str:
    path = tmp_path / "report.ipynb"
    path.write_text("{}")
    return str(path)


def asked(admin: Any, number: int = -1) -> tuple[str, str]:
    method, path, _ = admin.requests[number]
    return method, path.partition("?")[0].rpartition("/api/v1")[2]


def test_lists(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, LISTED)] * 2
    out = nightdesk("schedule", "list").out
    assert "report  cron 30 2 * * *, Europe/Berlin" in out
    assert "timed out," in out
    assert nightdesk("schedule", "list", "--json").json == {"schedules": [SCHEDULE]}


def test_adds_and_shows_the_next_times(admin: Any, nightdesk: Run, notebook: str) -> None:
    admin.answers = [(201, SCHEDULE)]
    result = nightdesk(
        "schedule", "add", notebook, "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "-p", "region=north",
        "--time-parameter", "as_of", "--missed", "all", "--catch-up", "4", "--overlap", "queue", "--alert", "off",
        "--notify", "always",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert asked(admin) == ("POST", "/schedules")
    body = admin.bodies[-1].decode()
    sent = json.loads(body[body.index("{") : body.index("}\r\n") + 1])
    assert sent == {
        "file": "report.ipynb", "cron": "30 2 * * *", "every_seconds": None, "zone": "Europe/Berlin",
        "parameters": {"region": "north"}, "parameters_are_text": True, "time_parameter": "as_of", "missed": "all",
        "catch_up": 4, "overlap": "queue", "alert": False, "notify": "always",
    }  # fmt: skip
    assert result.out.count("2026-03-2") >= 5
    assert "  2026-03-29 02:30 +01:00" in result.out
    for words in (
        "with 2 files along",
        "the version that is current when it is due",
        "at most the last 4",
        "95% good",
        "of runs that do not succeed",
    ):
        assert words in result.out, words


def test_a_run_in_place_of_a_file(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(201, SCHEDULE)]
    assert nightdesk("schedule", "add", "--run", "h3n8w2pf5kdj", "--every", "15m", "--zone", "UTC").code == 0
    body = admin.bodies[-1].decode()
    assert '"run": "h3n8w2pf5kdj"' in body
    assert '"every_seconds": 900' in body


def test_a_look_ahead_keeps_nothing(admin: Any, nightdesk: Run) -> None:
    preview = {"when": "cron 30 2 * * *, Europe/Berlin", "zone": "Europe/Berlin", "ticks": TICKS}
    admin.answers = [(200, preview)] * 2
    dry = ("schedule", "add", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--dry-run")
    assert "due next (Europe/Berlin):" in nightdesk(*dry).out
    assert asked(admin) == ("POST", "/schedules/preview")
    assert nightdesk(*dry, "--json").json == preview


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "x.ipynb"], "say when"),
        (["add", "--cron", "@daily"], "say what to run"),
        (["add", "x.ipynb", "--run", "r", "--cron", "@daily"], "say what to run"),
        (["add", "x.ipynb", "--cron", "@daily", "--every", "1h"], "not allowed with"),
        (["set", "report"], "say what to change"),
        (["set", "report", "--files", "."], "--files goes with --file"),
        (["add", "x.ipynb", "--every", "soon"], "no time"),
        (["add", "x.ipynb", "--every", "1h", "--notify", "loudly"], "invalid choice"),
    ],
)
def test_wrong_usage(nightdesk: Run, arguments: list[str], words: str) -> None:
    result = nightdesk("schedule", *arguments)
    assert (result.code, words in result.err) == (2, True), result.err


def test_changes_by_name(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, LISTED), (200, SCHEDULE)]
    assert nightdesk("schedule", "set", "report", "--every", "2h", "--pause-after", "0").code == 0
    assert asked(admin, -2) == ("GET", "/schedules")
    assert asked(admin) == ("PATCH", f"/schedules/{ID}")
    assert json.loads(admin.bodies[-1]) == {"cron": None, "every_seconds": 7200, "pause_after": 0}


@pytest.mark.parametrize(("said", "sent"), [("never", "never"), ("default", None)])
def test_how_its_runs_notify_is_changed_and_left_to_its_owner_again(
    admin: Any, nightdesk: Run, said: str, sent: str | None
) -> None:
    admin.answers = [(200, LISTED), (200, {**SCHEDULE, "notify": sent})]
    result = nightdesk("schedule", "set", "report", "--notify", said)
    assert json.loads(admin.bodies[-1]) == {"notify": sent}
    assert ("of no run's end" if sent else "as its owner said: nightdesk notify") in result.out


def test_another_file(admin: Any, nightdesk: Run, notebook: str) -> None:
    admin.answers = [(200, LISTED), (200, SCHEDULE)]
    assert nightdesk("schedule", "set", "report", "--file", notebook).code == 0
    assert asked(admin) == ("PUT", f"/schedules/{ID}/source")


def test_runs_now(admin: Any, nightdesk: Run) -> None:
    admin.answers = [
        (200, LISTED),
        (201, TICK),
        (200, LISTED),
        (201, {**TICK, "run": None, "state": "waiting"}),
    ]
    assert "run h3n8w2pf5kdj: http://x/runs/" in nightdesk("schedule", "run", "report").out
    assert "waits for the run before it" in nightdesk("schedule", "run", "report").out
    admin.answers = [(200, LISTED), (201, {**TICK, "run": None, "state": "refused", "words": "No."})]
    refused = nightdesk("schedule", "run", "report")
    assert (refused.code, refused.out) == (1, "No.\n")


def test_ticks(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, LISTED), (200, {"ticks": [TICK], "next": None})] * 2
    out = nightdesk("schedule", "ticks", "report").out
    assert "failed" in out
    assert "1m 01s" in out
    assert "Out of memory." in out
    assert nightdesk("schedule", "ticks", "report", "--json").json == {"ticks": [TICK]}


def test_by_id_pause_and_remove(admin: Any, nightdesk: Run) -> None:
    paused = {**SCHEDULE, "paused": {"at": "2026-03-24T12:00:00Z", "by": "ada", "why": "Paused by ada."}}
    admin.answers = [(200, SCHEDULE), (200, paused), (200, SCHEDULE), (200, {"removed": ID})]
    assert nightdesk("schedule", "pause", ID).out == "report is paused\n"
    assert asked(admin) == ("POST", f"/schedules/{ID}/pause")
    assert nightdesk("schedule", "rm", ID, "--yes").code == 0
    assert asked(admin) == ("DELETE", f"/schedules/{ID}")


def test_none_of_that_name(admin: Any, nightdesk: Run) -> None:
    admin.answers = [(200, {"schedules": [], "next": None})]
    result = nightdesk("schedule", "show", "nothing")
    assert (result.code, "no schedule 'nothing' of yours" in result.err) == (1, True)
