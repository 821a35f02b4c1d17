"""The routes of builds: asking for one, its log, following it over broken connections, cancelling it."""

from __future__ import annotations

import json
import tarfile
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_type_hints

import pytest
from nightdesk.client import catalogue_answers
from nightdesk.server.bootstrap import CHANGED_CHANNEL
from nightdesk.server.domain.build import Build, BuildKind, BuildStatus, new_build_id
from nightdesk.server.services.request_build import build_key
from nightdesk.server.web import live

from ..workbench import ADA, ROOT, archive
from .site import API, Answer, Site, multipart, parse

IMAGE = {"kind": "image", "environment": "gpu", "source": "registry.example.org/gpu:12"}


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 0.01)


@pytest.fixture
def build(site: Site) -> Build:
    """A build in a worker's hands."""
    made = Build(new_build_id(), BuildKind.IMAGE, "root", site.bench.records.now(), source="gpu:12")
    for other in site.bench.records.builds(limit=200):
        site.bench.records.request_build_cancel(other.id, "root")
        if other.status is BuildStatus.BUILDING:
            site.bench.records.change_build(other, status=BuildStatus.FAILED, reason="another test's")
    site.bench.records.add_build(made)
    claimed = site.bench.records.claim_build("worker-1", [])
    assert claimed is not None
    assert claimed.id == made.id
    return claimed


def ask(site: Site, request: Any, files: bytes | None = None, person: Any = ROOT) -> Answer:
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    body, kind = multipart(request=text, files=files)
    return site.post("/builds", person, body=body, headers={"Content-Type": kind})


def events(site: Site, build: Build, after: int | None = None) -> Iterator[tuple[str | None, str, Any]]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    connection, response = site.open("GET", f"{API}/builds/{build.id}/events", ROOT, headers=headers)
    try:
        assert response.status == 200
        assert response.getheader("content-type", "").startswith("text/event-stream")
        assert response.getheader("cache-control") == "no-cache"
        yield from parse(response)
    finally:
        response.close()
        connection.close()


def log_of(found: list[tuple[str | None, str, Any]]) -> list[tuple[str | None, str]]:
    return [(identity, data["text"]) for identity, name, data in found if name == "log"]


# --- asking -------------------------------------------------------------------------------------


def test_asked_for_with_files(site: Site) -> None:
    files = archive(("requirements.txt", b"tabulate\n")).archive.read()
    answer = ask(site, {"kind": "requirements", "environment": "tables", "title": "Tables"}, files)
    assert answer.status == 201
    assert set(answer.json) == set(get_type_hints(catalogue_answers.Build))
    assert (answer.json["status"], answer.json["requested_by"]) == ("queued", "root")
    assert (answer.json["environment"], answer.json["title"]) == ("tables", "Tables")
    kept = site.bench.records.build(answer.json["id"])
    assert kept is not None
    with site.bench.store.open(build_key(kept)) as sent, tarfile.open(fileobj=sent, mode="r:gz") as tar:
        assert tar.getnames() == ["requirements.txt"]
    assert site.get(f"/builds/{kept.id}", ROOT).json == answer.json
    assert answer.json["url"].endswith(f"/environments/builds/{kept.id}")


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (b"{", 400, "the part 'request' is no JSON"),
        (b"[]", 400, "the request is no object"),
        (b'"\\ud800"', 400, "half a character"),
        ({}, 400, "the request's 'kind'"),
        ({**IMAGE, "kind": "magic"}, 400, "the request's 'kind'"),
        ({**IMAGE, "files": True}, 400, "the request's 'files'"),
        ({**IMAGE, "requested_by": "ada"}, 400, "the request's 'requested_by'"),
        ({**IMAGE, "environment": "GPU"}, 400, "'GPU' cannot be the name of an environment"),
        ({**IMAGE, "environment": "python-data", "version": "2026.11.1"}, 409, "versions never change"),
        ({"kind": "again", "source": "none:1"}, 404, "there is no version 'none:1'"),
        ({"kind": "git", "source": "https://ada:pw@host/x.git"}, 400, "holds a user or a password"),
    ],
)
def test_asked_for_in_vain(site: Site, request_: Any, status: int, words: str) -> None:
    before = len(site.bench.records.builds(limit=200))
    answer = ask(site, request_)
    assert answer.status == status
    assert words in answer.json["error"]["message"]
    assert "pw" not in answer.text
    assert len(site.bench.records.builds(limit=200)) == before


def test_files_may_be_larger_than_those_of_a_run_but_not_past_the_cap(site: Site) -> None:
    """The bench takes 1 MB along with a run; a build has a limit of its own."""
    large = archive(("requirements.txt", bytes(2 * 2**20)), mode="w:gz").archive.read()
    padded = large + bytes(3 * 2**20)
    request = {"kind": "requirements", "environment": "tables"}
    assert ask(site, request, padded).status in {201, 400}, "it was read, whatever is thought of it"
    connection, response = site.open(
        "POST", f"{API}/builds", ROOT, headers={"Content-Length": str(52 * 2**20)}, body=b""
    )
    assert response.status == 413
    response.close()
    connection.close()


# --- looking ------------------------------------------------------------------------------------


def test_lists_newest_first_page_by_page(site: Site) -> None:
    made = [ask(site, {**IMAGE, "environment": "pages"}).json["id"] for _ in range(5)]
    found: list[str] = []
    query = "?limit=2"
    while True:
        page = site.get(f"/builds{query}", ROOT).json
        found += [build["id"] for build in page["builds"]]
        if page["next"] is None or len(found) > 500:
            break
        query = f"?limit=2&before={page['next']}"
    assert found[:5] == made[::-1]
    assert len(set(found)) == len(found) == len(site.bench.records.builds(limit=200))
    assert site.get("/builds?before=x", ROOT).status == 400
    assert site.get("/builds?limit=0", ROOT).status == 422


def test_a_build_that_there_is_not(site: Site) -> None:
    for path in ("", "/log", "/events"):
        answer = site.get(f"/builds/b-none{path}", ROOT)
        assert (answer.status, answer.json["error"]["message"]) == (404, "there is no build 'b-none'")
    assert site.post("/builds/b-none/cancel", ROOT).status == 404


def test_the_log_is_text_however_long_it_is(site: Site, build: Build) -> None:
    for number in range(450):
        site.bench.records.add_build_log(build, f"line {number} ü\n")
    answer = site.get(f"/builds/{build.id}/log", ROOT)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "".join(f"line {number} ü\n" for number in range(450))


def test_members_are_told_nothing(site: Site, build: Build) -> None:
    for path in ("", f"/{build.id}", f"/{build.id}/log", f"/{build.id}/events", "/b-none"):
        assert site.get(f"/builds{path}", ADA).status == 403
    assert site.post(f"/builds/{build.id}/cancel", ADA).status == 403
    assert ask(site, IMAGE, person=ADA).status == 403


# --- following ----------------------------------------------------------------------------------


def test_followed_to_its_end(site: Site, build: Build) -> None:
    site.bench.records.add_build_log(build, "one\n")
    found: list[tuple[str | None, str, Any]] = []
    for entry in events(site, build):
        found.append(entry)
        if entry[1] == "log" and entry[2]["text"] == "one\n":
            testing = site.bench.records.change_build(build, status=BuildStatus.TESTING)
        if entry[1] == "build" and entry[2]["status"] == "testing":
            site.bench.records.add_build_log(testing, "two\n")
            site.bench.records.change_build(testing, status=BuildStatus.FAILED, reason="no kernel")
    assert log_of(found) == [("1", "one\n"), ("2", "two\n")]
    said = [(name, data["status"]) for _, name, data in found if name in {"build", "end"}]
    assert [status for name, status in said if name == "build"][:2] == ["building", "testing"]
    assert said[-1] == ("end", "failed")
    assert found[-1][2]["reason"] == "no kernel"


def test_after_a_break_nothing_is_lost_or_told_twice(site: Site, build: Build) -> None:
    for number in range(500):
        site.bench.records.add_build_log(build, f"{number}\n")
    seen: list[tuple[str | None, str]] = []
    for many in (1, 199, 201, 1, 50):
        stream = events(site, build, after=int(seen[-1][0] or 0) if seen else None)
        logs = (entry for entry in stream if entry[1] == "log")
        seen += log_of(list(islice(logs, many)))
        stream.close()  # type: ignore[attr-defined]
    site.bench.records.change_build(build, status=BuildStatus.FAILED, reason="it failed")
    seen += log_of(list(events(site, build, after=int(seen[-1][0] or 0))))
    assert seen == [(str(number + 1), f"{number}\n") for number in range(500)]


def test_the_whole_log_of_a_build_that_is_over(site: Site, build: Build) -> None:
    for number in range(450):
        site.bench.records.add_build_log(build, f"{number}\n")
    site.bench.records.change_build(build, status=BuildStatus.FAILED, reason="it failed")
    found = list(events(site, build))
    assert [text for _, text in log_of(found)] == [f"{number}\n" for number in range(450)]
    assert [name for _, name, _ in found if name != "log"] == ["build", "end"]


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 30, "²"])
def test_odd_places_begin_at_the_beginning(site: Site, build: Build, place: str) -> None:
    site.bench.records.add_build_log(build, "one\n")
    site.bench.records.change_build(build, status=BuildStatus.FAILED, reason="it failed")
    headers = {"Last-Event-ID": place.encode("utf-8").decode("latin-1")}
    connection, response = site.open("GET", f"{API}/builds/{build.id}/events", ROOT, headers=headers)
    assert log_of(list(parse(response))) == [("1", "one\n")]
    response.close()
    connection.close()


def test_a_sign_of_life_when_there_is_nothing_to_say(
    site: Site, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_PING_SECONDS", 0.03)
    names = []
    for _, name, _data in events(site, build):
        names.append(name)
        if names[-2:] == ["ping", "ping"]:
            break
    assert names == ["build", "ping", "ping"]


def test_a_ring_is_heard_at_once(site: Site, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are an hour apart here: what comes at once came because somebody rang."""
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 3600.0)

    def ring() -> None:
        site.bench.records.add_build_log(build, "one\n")
        site.bench.records.change_build(build, status=BuildStatus.FAILED, reason="it failed")
        news = site.app.state.news
        [watcher] = news._watchers[build.id]
        watcher._loop.call_soon_threadsafe(news._tell, CHANGED_CHANNEL, build.id)

    stream = events(site, build)
    first = next(stream)
    threading.Timer(0.05, ring).start()
    found = [first, *stream]
    assert [name for _, name, _ in found] == ["build", "build", "log", "end"]


# --- cancelling ---------------------------------------------------------------------------------


def test_a_queued_build_is_cancelled_at_once(site: Site) -> None:
    build_id = ask(site, {**IMAGE, "environment": "cancelled"}).json["id"]
    answer = site.post(f"/builds/{build_id}/cancel", ROOT)
    assert (answer.json["status"], answer.json["cancelled_by"]) == ("cancelled", "root")
    assert answer.json["reason"] == "Cancelled by root before it began."
    assert site.post(f"/builds/{build_id}/cancel", ROOT).json == answer.json


def test_one_that_goes_on_is_asked(site: Site, build: Build) -> None:
    answer = site.post(f"/builds/{build.id}/cancel", ROOT)
    assert (answer.status, answer.json["status"], answer.json["cancelled_by"]) == (200, "building", "root")
    kept = site.bench.records.build(build.id)
    assert kept is not None
    assert kept.cancel_requested_at is not None
