"""What Lab may ask of a session's own server, and what the platform hears of it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from nightdesk.client.errors import LocalProblem, WrongUsage
from nightdesk.lab_server import desk
from nightdesk.lab_server.allowed import is_allowed, is_run

from ..cli.platform_double import Platform

RUN = "k7m2x9qh4tfd"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/runs", True),
        ("GET", "/environments", True),
        ("GET", "/sizes", True),
        ("GET", f"/runs/{RUN}", True),
        ("GET", f"/runs/{RUN}/failure", True),
        ("POST", f"/runs/{RUN}/cancel", True),
        ("POST", f"/runs/{RUN}/retry", True),
        ("GET", "/schedules", True),
        ("POST", "/schedules/preview", True),
        ("POST", f"/schedules/{RUN}/pause", True),
        ("POST", f"/schedules/{RUN}/resume", True),
        ("POST", f"/schedules/{RUN}/run", True),
        ("POST", "/schedules", False),  # so has this
        ("DELETE", f"/schedules/{RUN}", False),
        ("PATCH", f"/schedules/{RUN}", False),
        ("POST", f"/schedules/{RUN}/hook", False),
        ("POST", "/runs", False),  # handing over has a route of its own
        ("GET", f"/runs/{RUN}/log", False),
        ("GET", f"/runs/{RUN}/outputs/../../../user", False),
        ("GET", "/user", False),
        ("GET", "/sessions", False),
        ("GET", "/runs/../sessions", False),
        ("GET", f"/runs/{RUN}\n", False),
        ("GET", "/runs?owner=all", False),
        ("GET", "//evil.example", False),
        ("POST", "/announcements", False),
        ("POST", f"/runs/{RUN}/cancel/", False),
        ("DELETE", f"/runs/{RUN}", False),
    ],
)
def test_only_what_lab_needs_is_passed_on(method: str, path: str, allowed: bool) -> None:
    assert is_allowed(method, path) is allowed


def test_the_id_of_a_run_is_looked_at() -> None:
    assert is_run(RUN)
    assert not any(is_run(text) for text in ("", "..", f"{RUN}/x", RUN.upper(), f"{RUN}\n"))


def test_a_call_goes_with_the_sessions_own_token(signed_in: Platform) -> None:
    signed_in.add_run()
    answer = desk.passed_on("GET", "/runs", {"owner": "me", "limit": "5", "evil": "1"}, None)
    assert [run["id"] for run in answer["runs"]] == ["run1"]
    method, path, headers = signed_in.requests[-1]
    assert (method, headers["authorization"]) == ("GET", "Bearer token-ada")
    assert path.endswith("/runs?owner=me&limit=5")


def test_what_is_not_passed_on_never_leaves(signed_in: Platform) -> None:
    with pytest.raises(WrongUsage, match="not passed on"):
        desk.passed_on("GET", "/user", {}, None)
    assert signed_in.requests == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A notebook with files beside it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    path = folder / "sales.ipynb"
    path.write_text('{"nbformat": 4}')
    (folder / "prices.csv").write_text("1")
    (folder / "large.bin").write_bytes(b"x" * 1000)
    return path


def sent(platform: Platform) -> tuple[dict[str, Any], bytes, list[str]]:
    """The request, the file, and the names of what went along."""
    form = platform.forms[-1]
    names: list[str] = []
    if "files" in form:
        with tarfile.open(fileobj=io.BytesIO(form["files"].content)) as tar:
            names = tar.getnames()
    return json.loads(form["request"].content), form["source"].content, names


def test_a_file_is_handed_over_with_what_the_form_says(signed_in: Platform, source: Path) -> None:
    wanted = {
        "name": "",
        "size": "small",
        "notify": "always",
        "parameters": {"year": "2025"},
        "key": "k",
        "as": "root",
        "priority": "urgent",
    }
    desk.handed_over(source, wanted)
    request, content, names = sent(signed_in)
    assert request == {
        "file": "sales.ipynb",
        "size": "small",
        "notify": "always",
        "parameters": {"year": "2025"},
        "parameters_are_text": True,
        "key": "k",
    }
    assert (content, names) == (source.read_bytes(), [])


def test_the_folder_goes_along_without_what_is_left_out_and_the_list_is_kept(
    signed_in: Platform, source: Path
) -> None:
    seen = desk.looked_through(source, None)
    assert (seen["files"], seen["bytes"], seen["ignore"], seen["whole"]) == (2, 1001, "", True)
    assert desk.looked_through(source, "*.bin")["bytes"] == 1
    assert not (source.parent / ".nightdeskignore").exists()  # looking changes nothing
    desk.handed_over(source, {"files": True, "ignore": "*.bin"})
    assert sent(signed_in)[2] == ["prices.csv"]
    assert desk.looked_through(source, None)["ignore"] == "*.bin\n"


def test_more_than_anybody_counts_is_said_to_be_more(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST_COUNTED", 1)
    seen = desk.looked_through(source, None)
    assert not seen["whole"]
    assert seen["files"] == 1


def test_what_lab_shows_goes_where_it_cannot_be_saved(signed_in: Platform, source: Path) -> None:
    before = source.read_bytes()
    desk.handed_over(source, {"content": '{"nbformat": 4, "new": 1}', "files": True})
    request, content, names = sent(signed_in)
    assert (request["file"], content) == ("sales.ipynb", b'{"nbformat": 4, "new": 1}')
    assert names == ["large.bin", "prices.csv"]
    assert source.read_bytes() == before


def test_a_link_out_of_the_folder_is_refused(signed_in: Platform, source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (source.parent / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(LocalProblem, match="leads out of the folder"):
        desk.handed_over(source, {"files": True})
    assert signed_in.requests == []


WHEN = {"cron": "30 6 * * MON-FRI", "zone": "Europe/Berlin", "time_parameter": "as_of", "alert": False}


def test_a_copy_is_put_on_a_schedule_with_what_goes_along(signed_in: Platform, source: Path) -> None:
    options = {"name": "daily", "parameters": {"year": "2025"}, "notify": "always"}
    beside = {"key": "k", "overlap": "replace", "files": True, "ignore": "*.bin"}
    desk.scheduled(source, options | WHEN | beside)
    request, content, names = sent(signed_in)
    assert request == {"file": "sales.ipynb", "parameters_are_text": True} | options | WHEN
    assert (content, names) == (source.read_bytes(), ["prices.csv"])


@pytest.mark.parametrize("along", [True, False])
def test_a_live_file_is_named_by_its_place_in_the_home_and_not_sent(
    signed_in: Platform, home: Path, along: bool
) -> None:
    source = home / "reports" / "sales.ipynb"
    source.parent.mkdir()
    source.write_text("{}")
    desk.scheduled(source, WHEN | {"live": True, "files": along})
    form = signed_in.forms[-1]
    request = json.loads(form["request"].content)
    folder = {"folder": "reports"} if along else {}
    assert request["home"] == {"path": "reports/sales.ipynb"} | folder
    assert set(form) == {"request"}


def test_no_live_file_is_elsewhere_or_unsaved(signed_in: Platform, home: Path, source: Path) -> None:
    own = home / "sales.ipynb"
    own.write_text("{}")
    for file, more in ((source, {}), (own, {"content": "{}"})):
        with pytest.raises(WrongUsage, match="saved file of your home"):
            desk.scheduled(file, WHEN | {"live": True} | more)
    assert signed_in.requests == []


@pytest.mark.parametrize("wanted", [{"name": 1}, {"parameters": []}, {"timeout_seconds": True}, {"size": {}}])
def test_what_is_of_the_wrong_kind_never_leaves(
    signed_in: Platform, source: Path, wanted: dict[str, Any]
) -> None:
    with pytest.raises(WrongUsage):
        desk.handed_over(source, wanted)
    assert signed_in.requests == []
