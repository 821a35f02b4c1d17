"""Submitting, listing, cancelling over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from nightdesk.server.domain.run import Status

from ....support.waiting import until
from ..workbench import ADA, BOB, ROOT, archive, code, notebook
from .site import API, BASE, NOTEBOOK, Site, multipart


def test_a_submission_is_answered_with_the_run(site: Site) -> None:
    answer = site.submit(parameters={"year": 5}, name="Report", size="small", timeout_seconds=60, retries=1)
    assert answer.status == 201
    run = answer.json
    assert {
        key: run[key] for key in ("name", "owner", "submitted_by", "status", "kind", "file", "kernel", "size")
    } == {
        "name": "Report",
        "owner": "ada",
        "submitted_by": "ada",
        "status": "queued",
        "kind": "notebook",
        "file": "analysis.ipynb",
        "kernel": "python3",
        "size": "small",
    }
    assert run["environment"] == {
        "name": "python-data",
        "version": "2026.11.1",
        "digest": "sha256:" + "1" * 64,
    }
    assert (run["parameters"], run["timeout_seconds"], run["attempt"]) == ({"year": 5}, 60, 1)
    assert (run["reason"], run["error"], run["started_at"], run["finished_at"]) == (None, None, None, None)
    assert (run["progress"], run["outputs"], run["notes"]) == ({"cell": 0, "cells": 3}, [], [])
    assert run["waiting"]
    assert run["url"].endswith(f"{BASE}/runs/{run['id']}")
    assert site.get(f"/runs/{run['id']}", ADA).json == run


def test_a_submission_rings_for_the_workers(site: Site) -> None:
    site.bench.records.beat("one", 1000, 2**50)
    run = site.submit().json
    until(lambda: run["id"] in site.bench.bell.rings, "a ring for the run", every=0.01)


def test_a_bell_out_of_reach_refuses_nothing(site: Site) -> None:
    site.bench.bell.broken = True
    try:
        assert site.submit().status == 201
    finally:
        site.bench.bell.broken = False


def test_the_same_key_is_the_same_run(site: Site) -> None:
    first = site.submit(key="report-1")
    again = site.submit(key="report-1", name="another")
    assert (first.status, again.status) == (201, 200)
    assert again.json == {**first.json, "waiting": again.json["waiting"]}
    assert site.submit(BOB, key="report-1").status == 201
    assert site.submit(key="report-2").json["id"] != first.json["id"]


def test_text_is_read_by_the_notebook_s_types(site: Site) -> None:
    answer = site.submit(parameters={"year": "2025"}, parameters_are_text=True)
    assert answer.json["parameters"] == {"year": 2025}
    answer = site.submit(parameters={"year": "soon"}, parameters_are_text=True)
    assert (answer.status, answer.json["error"]["message"]) == (
        400,
        "parameter 'year' must be int, not \"soon\"",
    )


def test_files_taken_along(site: Site) -> None:
    answer = site.submit(files=archive(("data/a.csv", b"1")).archive.read())
    assert answer.status == 201
    assert site.bench.run(answer.json["id"]).files_count == 1
    answer = site.submit(files=archive(("../a", b"1")).archive.read())
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid")
    answer = site.submit(files=archive(("a", bytes(2**20 + 1))).archive.read())
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("request_part", "status", "message"),
    [
        ("", 422, "request"),
        ("{", 400, "the part 'request' is no JSON: Expecting property name enclosed in double quotes"),
        ("[]", 400, "the request is no object"),
        ("5", 400, "the request is no object"),
        ("null", 400, "the request is no object"),
        ("{}", 400, "the request's 'file': Field required"),
        ('{"file": 5}', 400, "the request's 'file': Input should be a valid string"),
        ('{"file": "a.ipynb", "sise": "small"}', 400, "the request's 'sise': Extra inputs are not permitted"),
        ('{"file": "a.ipynb", "digest": "sha256:1"}', 400, "the request's 'digest': Extra inputs are not permitted"),
        ('{"file": "a.ipynb", "image": "debian"}', 400, "the request's 'image': Extra inputs are not permitted"),
        ('{"file": "a.ipynb", "as_user": "bob"}', 403, "only admins submit for somebody else"),
        ('{"file": "a.ipynb", "parameters": []}', 400, "the request's 'parameters': Input should be a valid dictionary"),
        ('{"file": "a.ipynb", "parameters": {"year": NaN}}', 400, "parameter 'year' must be int, not NaN"),
        ('{"file": "a.py", "parameters": {"x": NaN}}', 400, "parameter 'x' must be a finite number, not nan"),
        ('{"file": "a.py", "parameters": {"x": 1e999}}', 400, "parameter 'x' must be a finite number, not inf"),
        ('{"file": "a.ipynb", "timeout_seconds": NaN}', 400, "the time limit must be a number of seconds"),
        ('{"file": "a.ipynb", "timeout_seconds": "soon"}', 400, "the request's 'timeout_seconds': "),
        ('{"file": "a.ipynb", "retries": 1.5}', 400, "the request's 'retries': "),
        ('{"file": "a.ipynb", "retries": 99999999999999999999}', 400, "retries must be between 0 and 10"),
        ('{"file": "a.ipynb", "parameters": {"year": ' + "9" * 5000 + "}}", 400, "the part 'request' is no JSON: Exceeds"),
        ("[" * 100_000, 400, "the part 'request' is no JSON: maximum recursion depth"),
        ('{"file": "a.ipynb", "name": "' + "x" * 2_000_000 + '"}', 400, ""),
        ('{"file": "\\ud83d.ipynb"}', 400, "the request contains half a character"),
        ('{"file": "a\\u0000.ipynb"}', 400, "'a\x00.ipynb' is no plain file name"),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_requests_that_are_refused(site: Site, request_part: str, status: int, message: str) -> None:
    before = site.bench.stored()
    answer = site.submit_raw(ADA, request_part)
    assert answer.status == status
    assert answer.json["error"]["message"].startswith(message)
    assert site.bench.stored() == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "the notebook is empty: the file has no content"),
        (
            b'{"nbformat": 4,\n "cells": [',
            "the notebook is not valid JSON: line 2, column 12: Expecting value",
        ),
        (notebook(nbformat=99), "the notebook has format version 99; this platform reads versions 1 to 4"),
        (
            notebook(kernel="julia"),
            "the notebook asks for the kernel 'julia', which python-data:2026.11.1 does not have",
        ),
    ],
)
def test_notebooks_that_are_refused(site: Site, source: bytes, message: str) -> None:
    answer = site.submit(source=source)
    assert answer.status == 400
    assert answer.json["error"]["message"] == message
    assert answer.json["error"]["hint"]


def test_a_source_over_the_limit(site: Site) -> None:
    answer = site.submit(source=b"x" * (2**16 + 1))
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")
    assert answer.json["error"]["message"] == "the file is larger than 64 KB"


def test_parts_that_are_missing_or_of_another_kind(site: Site) -> None:
    request = json.dumps({"file": "a.ipynb"}).encode()
    for parts in ({"request": request}, {"source": NOTEBOOK}, {"other": b"x"}):
        body, kind = multipart(**parts)
        answer = site.post("/runs", ADA, body=body, headers={"Content-Type": kind})
        assert answer.status == 422
        assert answer.json["error"]["hint"] == "See the API reference in docs/api.md."
    for body, kind in (
        (b"x", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (request, "application/json"),
    ):
        answer = site.post("/runs", ADA, body=body, headers={"Content-Type": kind})
        assert answer.status in {400, 422}
        assert set(answer.json) == {"error"}


def test_notes_are_shown(site: Site) -> None:
    assert "names no kernel" in site.submit(source=notebook(code("1"), kernel=None)).json["notes"][0]


# lists


def test_pages_of_a_list(site: Site) -> None:
    site.people.tokens["token-lee"] = type(ADA)("lee")
    ids = [site.submit("token-lee").json["id"] for _ in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while query:
        answer = site.get(f"/runs{query}", "token-lee").json
        seen += [run["id"] for run in answer["runs"]]
        query = f"?limit=2&before={answer['next']}" if answer["next"] else ""
    assert seen == ids[::-1]
    answer = site.get("/runs?status=queued", "token-lee").json
    assert len(answer["runs"]) == 5
    assert answer["next"] is None
    assert site.get("/runs?status=failed", "token-lee").json["runs"] == []


@pytest.mark.parametrize("before", ["nan_x", "inf_x", "-inf_", "1e308_%00", "1.5_" + "x" * 5000, "1.5"])
def test_odd_places_in_a_list(site: Site, before: str) -> None:
    assert site.get(f"/runs?before={before}", ADA).status == 200


def test_a_run_that_is_over_has_its_outputs_in_the_list(site: Site) -> None:
    run = site.finished()
    (listed,) = [entry for entry in site.get("/runs?limit=500", ADA).json["runs"] if entry["id"] == run.id]
    assert listed == site.get(f"/runs/{run.id}", ADA).json
    assert {output["name"] for output in listed["outputs"]} == {
        "log.txt", "manifest.json", "notebook.ipynb", "table-1.csv",
    }  # fmt: skip
    assert (listed["status"], listed["reason"], listed["peak_memory_bytes"]) == (
        "succeeded",
        "All 2 cells ran.",
        1000,
    )


def test_why_it_waits(site: Site) -> None:
    site.bench.records.beat("one", 1000, 2**50)
    site.platform.waiting.forget()
    site.people.tokens["token-kim"] = type(ADA)("kim")
    first, second = site.submit("token-kim").json, site.submit("token-kim").json
    assert ahead(first) < ahead(second)
    site.post(f"/runs/{first['id']}/cancel", "token-kim")
    assert ahead(site.get(f"/runs/{second['id']}", "token-kim").json) <= ahead(first)


def ahead(run: dict[str, Any]) -> int:
    """How many stand before it, in the words that people read."""
    if run["waiting"] == "next in line":
        return 0
    words = re.fullmatch(r"waiting for a slot: (\d+) ahead", run["waiting"])
    assert words, run["waiting"]
    return int(words[1])


# cancelling, and the log


def test_cancelling(site: Site) -> None:
    run = site.submit().json
    answer = site.post(f"/runs/{run['id']}/cancel", ADA)
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert answer.json["reason"] == "Cancelled by ada before it started."
    again = site.post(f"/runs/{run['id']}/cancel", ROOT)
    assert again.json == answer.json, "what is over stays as it is"
    assert run["id"] in site.bench.bell.changes
    ended = site.finished()
    assert site.post(f"/runs/{ended.id}/cancel", ADA).json["status"] == "succeeded"


def test_the_log_as_text(site: Site) -> None:
    run = site.finished()
    answer = site.get(f"/runs/{run.id}/log", ADA)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "this is cell 1\nthis is cell 2\n"
    queued = site.bench.submit()
    assert site.get(f"/runs/{queued.id}/log", ADA).body == b""


def test_pages_show_runs(site: Site) -> None:
    run: Any = site.finished(name="Übersicht & mehr")
    text = site.ask("GET", f"{BASE}/", ADA, cookie=True).text
    assert "Übersicht &amp; mehr" in text
    text = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert "All 2 cells ran." in text
    assert f"{API}/runs/{run.id}/outputs/table-1.csv" in text
    failed = site.ask("GET", f"{BASE}/?status=failed", ADA, cookie=True).text
    assert run.id not in failed
    assert site.ask("GET", f"{BASE}/?status=nonsense&owner=%00", ADA, cookie=True).status == 200
    assert site.bench.run(run).status is Status.SUCCEEDED
