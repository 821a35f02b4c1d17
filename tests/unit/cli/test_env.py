"""nightdesk env: looking at environments, and what admins do with the versions that are there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def there(signed_in: Any) -> Any:
    """python-data in three versions, of which 2 is stable and 0 is deprecated."""
    for label, channels, offer in (
        ("python-data:2", ("stable",), "offered"),
        ("python-data:1", (), "offered"),
        ("python-data:0", (), "deprecated"),
    ):
        signed_in.catalogue.add(label, *channels, offer=offer)
    signed_in.catalogue.events["python-data"] = [
        event("promoted", "2", channel="stable", before="1"),
        event("rolled back", "1", channel="stable", before="2"),
        event("removed", "0", words="clean-up"),
        event("groups changed", words="stats"),
        event("registered", "2", words="sha256:11"),
    ]
    return signed_in


def event(
    action: str, version: str = "", channel: str = "", before: str = "", words: str = ""
) -> dict[str, Any]:
    return {
        "at": "2026-11-22T16:12:00Z", "by": "ada", "action": action, "version": version, "channel": channel,
        "before": before, "words": words,
    }  # fmt: skip


def sent(platform: Any) -> tuple[str, str, Any]:
    """The last request: method, path below the interface, body."""
    method, path, _ = platform.requests[-1]
    body = platform.bodies[-1]
    return method, path.partition("/api/v1")[2], json.loads(body) if body else None


# --- looking ------------------------------------------------------------------------------------


def test_lists_what_is_offered(there: Any, nightdesk: Run) -> None:
    out = nightdesk("env", "list").out
    assert "python-data:2 *  stable    Python 3" in out
    assert "python-data:1" in out
    assert "python-data:0" not in out
    assert sent(there)[1] == "/environments"
    assert [
        each["version"] for each in nightdesk("env", "list", "--json").json["environments"][0]["versions"]
    ] == [
        "2",
        "1",
    ]


def test_lists_all_with_what_they_are(there: Any, nightdesk: Run) -> None:
    out = nightdesk("env", "list", "--all").out
    assert "python-data:0    -         deprecated  Python 3" in out
    assert sent(there)[1] == "/environments?all=true"


@pytest.mark.usefixtures("signed_in")
def test_nothing_there(nightdesk: Run) -> None:
    result = nightdesk("env", "list")
    assert (result.code, result.out) == (0, "")
    assert "ask your admin" in result.err


def test_shows_an_environment(there: Any, nightdesk: Run) -> None:
    there.catalogue.groups["python-data"] = ["stats", "research"]
    out = nightdesk("env", "show", "python-data").out
    assert "python-data: Data in Python\n" in out
    assert "for    stats, research" in out
    assert "python-data:0" in out
    assert "ada  2 promoted to stable, which was 1" in out
    assert "ada  1 rolled back (stable), which was 2" in out
    assert "ada  0 removed: clean-up" in out
    assert "ada  groups changed: stats" in out
    assert "sha256:11" not in out
    shown = nightdesk("env", "show", "python-data", "--json").json
    assert (shown["name"], len(shown["versions"]), len(shown["events"])) == ("python-data", 3, 5)
    missing = nightdesk("env", "show", "julia")
    assert missing.code == 1
    assert "there is no environment 'julia'" in missing.err


def test_shows_a_version(there: Any, nightdesk: Run) -> None:
    out = nightdesk("env", "show", "python-data:2").out
    for line in (
        "python-data:2: Data in Python",
        "state    offered · stable",
        "for      everybody",
        "from     git https://git.example.org/env.git at 4f2a",
        "digest   sha256:1111",
        "used by  1 session (ben) · 12 runs, 2 not ended, the last ",
        "stays    it is stable",
        "numpy    2.3.1    python",
        "2 promoted to stable",
    ):
        assert line in out
    assert " by ada (build b-k7m2x9qh4t)" in out
    assert "1 rolled back" not in out, "that is another version's history"
    assert (
        nightdesk("env", "show", "python-data:2", "--json").json == there.catalogue.versions["python-data:2"]
    )
    missing = nightdesk("env", "show", "python-data:9")
    assert (missing.code, missing.out) == (1, "")
    for wrong in ("python-data:", ":1"):
        assert nightdesk("env", "show", wrong).code == 2


def test_the_system_s_packages_come_last(there: Any, nightdesk: Run) -> None:
    kinds = ["debian", "python", "debian", "r"]
    there.catalogue.versions["python-data:2"]["packages"] = [
        {"name": f"package-{number}", "version": "1", "kind": kind} for number, kind in enumerate(kinds)
    ]
    out = nightdesk("env", "show", "python-data:2").out
    assert [line.split()[0][-1] for line in out.splitlines() if line.startswith("package-")] == list("1302")


def test_a_version_that_nobody_uses(there: Any, nightdesk: Run) -> None:
    use = there.catalogue.versions["python-data:1"]["use"]
    use.update(sessions=[], sessions_total=0, runs_total=0, runs_alive=0, last_run_at=None, held_by=[])
    out = nightdesk("env", "show", "python-data:1").out
    assert "used by  nobody and nothing" in out
    assert "stays" not in out


def test_what_comes_from_elsewhere_moves_no_cursor(there: Any, nightdesk: Run) -> None:
    there.catalogue.versions["python-data:2"].update(title="x\x1b[2J", description="y\x1b]0;z\x07")
    assert "\x1b" not in nightdesk("env", "show", "python-data:2").out
    assert "\x1b" not in nightdesk("env", "list").out


def test_compares(there: Any, nightdesk: Run) -> None:
    there.catalogue.changes = [
        {"name": "numpy", "kind": "python", "before": "2.2", "after": "2.3"},
        {"name": "polars", "kind": "python", "before": None, "after": "1.35"},
        {"name": "dplyr", "kind": "r", "before": "1.1", "after": None},
    ]
    out = nightdesk("env", "compare", "python-data:1", "python-data:2").out
    assert out.splitlines()[0].split() == ["PACKAGE", "KIND", "python-data:1", "python-data:2"]
    assert ["polars", "python", "-", "1.35"] in [line.split() for line in out.splitlines()]
    assert out.endswith("1 added, 1 removed, 1 changed\n")
    assert sent(there)[1] == "/environments/compare?before=python-data%3A1&after=python-data%3A2"
    there.catalogue.changes = []
    assert nightdesk("env", "compare", "a:1", "a:2").out == "0 added, 0 removed, 0 changed\n"
    assert nightdesk("env", "compare", "a:1", "a:2", "--json").json == {
        "before": "a:1",
        "after": "a:2",
        "changes": [],
    }


# --- channels, offer, groups --------------------------------------------------------------------


def test_promotes(there: Any, nightdesk: Run) -> None:
    result = nightdesk("env", "promote", "python-data:1")
    assert result.out == "stable of python-data is 1 (it was 2)\n"
    assert sent(there) == ("POST", "/environments/python-data/channels/stable", {"version": "1"})
    assert nightdesk("env", "promote", "python-data:1").out == "stable of python-data is already 1\n"
    assert (
        nightdesk("env", "promote", "python-data:1", "--channel", "next").out == "next of python-data is 1\n"
    )
    assert nightdesk("env", "promote", "python-data:2", "--json").json == {
        "environment": "python-data",
        "channel": "stable",
        "before": "1",
        "version": "2",
    }
    assert nightdesk("env", "promote", "python-data").code == 2
    assert nightdesk("env", "promote", "python-data:1", "--channel", "latest").code == 2


def test_rolls_back(there: Any, nightdesk: Run) -> None:
    assert nightdesk("env", "rollback", "python-data").out == "stable of python-data is 1 (it was 2)\n"
    assert sent(there) == ("POST", "/environments/python-data/channels/stable/rollback", None)


@pytest.mark.parametrize(
    ("command", "offer", "words"),
    [
        ("deprecate", "deprecated", "is deprecated: no new session starts in it, runs can still name it"),
        ("offer", "offered", "is offered"),
        ("remove", "removed", "is removed; its image goes within a minute"),
    ],
)
def test_changes_what_a_version_is(there: Any, nightdesk: Run, command: str, offer: str, words: str) -> None:
    assert nightdesk("env", command, "python-data:1").out == f"python-data:1 {words}\n"
    assert there.catalogue.versions["python-data:1"]["offer"] == offer
    assert nightdesk("env", command, "python-data:1", "--json").json["offer"] == offer
    assert nightdesk("env", command, "python-data:9").code == 1


def test_what_is_refused_says_why(there: Any, nightdesk: Run) -> None:
    words = {"code": "conflict", "message": "python-data:2 stays: it is stable", "hint": "Promote another."}
    there.answers.append((409, {"error": words}))
    result = nightdesk("env", "remove", "python-data:2")
    assert result.code == 1
    assert result.err == "nightdesk: python-data:2 stays: it is stable\n  Promote another.\n"


def test_removing_asks_on_a_terminal(there: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    result = nightdesk("env", "remove", "python-data:1")
    assert result.code == 1
    assert "Remove python-data:1? Type yes:" in result.err
    assert there.catalogue.versions["python-data:1"]["offer"] == "offered"
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert nightdesk("env", "remove", "python-data:1").code == 0
    assert there.catalogue.versions["python-data:1"]["offer"] == "removed"
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert nightdesk("env", "remove", "python-data:2", "--yes").code == 0


def test_says_and_sets_who_it_is_for(there: Any, nightdesk: Run) -> None:
    assert nightdesk("env", "groups", "python-data").out == "python-data is for everybody\n"
    assert there.requests[-1][0] == "GET", "to look changes nothing"
    out = nightdesk("env", "groups", "python-data", "stats", "research").out
    assert out == "python-data is for stats, research\n"
    assert sent(there) == ("POST", "/environments/python-data/groups", {"groups": ["stats", "research"]})
    assert nightdesk("env", "groups", "python-data", "--json").json == {
        "name": "python-data",
        "groups": ["stats", "research"],
    }
    assert nightdesk("env", "groups", "python-data", "--everybody").out == "python-data is for everybody\n"
    assert nightdesk("env", "groups", "python-data", "stats", "--everybody").code == 2
    assert nightdesk("env", "groups", "julia").code == 1


# --- clean-up -----------------------------------------------------------------------------------


def test_a_clean_up_is_only_shown_where_nobody_can_be_asked(there: Any, nightdesk: Run) -> None:
    result = nightdesk("env", "gc")
    assert result.code == 0
    assert "WOULD GO" in result.out
    assert "python-data:0  1.2 GB" in result.out
    assert "that would free 600 MB" in result.out
    assert "python-data:2  it is on offer" in result.out
    assert "nightdesk env gc --yes" in result.err
    assert [method for method, *_ in there.requests] == ["GET"]
    assert nightdesk("env", "gc", "--json").json["done"] is False
    assert there.catalogue.versions["python-data:0"]["offer"] == "deprecated"


def test_a_clean_up_is_done_with_yes(there: Any, nightdesk: Run) -> None:
    out = nightdesk("env", "gc", "--yes").out
    assert "REMOVED" in out
    assert "frees 600 MB" in out
    assert [method for method, *_ in there.requests] == ["POST"]
    assert there.catalogue.versions["python-data:0"]["offer"] == "removed"
    assert nightdesk("env", "gc", "--yes", "--json").json["remove"] == []
    assert "there is nothing to remove" in nightdesk("env", "gc").out


@pytest.mark.parametrize(("answer", "code", "offer"), [("y\n", 0, "removed"), ("n\n", 1, "deprecated")])
def test_a_clean_up_asks_on_a_terminal(
    there: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, offer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    result = nightdesk("env", "gc")
    assert result.code == code
    assert "Remove them? Type yes:" in result.err
    assert there.catalogue.versions["python-data:0"]["offer"] == offer
