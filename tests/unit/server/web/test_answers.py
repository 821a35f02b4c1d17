"""The shape of answers: errors in one form and in words, safe headers on everything, documents that build."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import re
from typing import Any

import pytest
from nightdesk.server.domain import errors
from nightdesk.server.domain.person import Person
from nightdesk.server.web.errors import STATUS

from ..workbench import ADA, ROOT, Bench
from .ruled import EXPECTED
from .site import API, BASE, Answer, Site


def told(answer: Answer) -> dict[str, Any]:
    """The error of an answer, which has the one shape there is."""
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"error"}
    error: dict[str, Any] = answer.json["error"]
    assert set(error) - {"field"} == {"code", "message", "hint"}
    assert error["message"]
    assert "Traceback" not in answer.text
    return error


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{API}/nothing", 404, "refused"),
        ("GET", "/", 404, "refused"),
        ("GET", "/hub/home", 404, "refused"),
        ("DELETE", f"{API}/runs", 405, "refused"),
        ("PUT", f"{API}/user", 405, "refused"),
        ("GET", f"{API}/runs/none", 404, "not_found"),
        ("GET", f"{API}/runs?limit=0", 422, "misshapen"),
        ("GET", f"{API}/runs?limit=501", 422, "misshapen"),
        ("GET", f"{API}/runs?limit=x", 422, "misshapen"),
        ("GET", f"{API}/runs?status=done", 422, "misshapen"),
        ("GET", f"{API}/runs?before=x", 400, "invalid"),
        ("GET", f"{API}/runs?before=", 400, "invalid"),
        ("POST", f"{API}/runs", 422, "misshapen"),
        ("GET", f"{BASE}/static/none.js", 404, "refused"),
        ("GET", f"{BASE}/static/../app.py", 404, "refused"),
        ("GET", f"{BASE}/static/%2e%2e/app.py", 404, "refused"),
        ("GET", f"{BASE}/static/..%2fapp.py", 404, "refused"),
    ],
)
def test_errors_have_one_shape(site: Site, method: str, path: str, status: int, code: str) -> None:
    answer = site.ask(method, path, ADA)
    assert answer.status == status
    assert told(answer)["code"] == code


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/runs?limit=0", None, "limit"),
        ("/runs?before=x", None, "before"),
        ("/runs?since=x", None, "since"),
        ("/runs/none", None, None),
        ("/schedules/preview", {"cron": "0 0 31 2 *"}, "cron"),
        ("/schedules/preview", {"cron": "0 6 * *"}, "cron"),
        ("/schedules/preview", {"cron": "61 6 * * *"}, "cron"),
        ("/schedules/preview", {"cron": "0 6 * * *", "zone": "Mars/Base"}, "zone"),
        ("/schedules/preview", {"every_seconds": 1}, "every_seconds"),
        ("/schedules/preview", {"cron": 6}, "cron"),
        ("/schedules/preview", {}, None),
        ("/schedules/preview", "no JSON {", None),
        ("/schedules/preview", None, None),
    ],
)
def test_the_field_that_is_meant_is_named(site: Site, path: str, body: Any, field: str | None) -> None:
    sent = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
    method = "POST" if "preview" in path else "GET"
    headers = {"Content-Type": "application/json"}
    answer = site.ask(method, f"{API}{path}", ADA, body=sent or None, headers=headers)
    assert 400 <= answer.status < 500
    assert told(answer).get("field") == field


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"parameters": {"nothing": 1}}, "parameters.nothing"),
        ({"parameters": {"1x": 1}}, "parameters.1x"),
        ({"environment": "nothing"}, "environment"),
        ({"environment": "a b"}, "environment"),
        ({"size": "nothing"}, "size"),
        ({"name": ""}, "name"),
        ({"key": ""}, "key"),
        ({"retries": 1000}, "retries"),
        ({"timeout_seconds": 1e9}, "timeout_seconds"),
        ({"cell_timeout_seconds": 1e9}, "cell_timeout_seconds"),
        ({"retry_wait_seconds": -1}, "retry_wait_seconds"),
        ({"priority": "urgent"}, "priority"),
        ({"file": "a.txt"}, "file"),
        ({"inputs": [{"run": "x"}]}, "inputs.0.output"),
        ({"sizes": "small"}, "sizes"),
    ],
)
def test_the_field_of_a_run_that_is_meant_is_named(site: Site, wanted: dict[str, Any], field: str) -> None:
    answer = site.submit(ADA, **wanted)
    assert 400 <= answer.status < 500
    assert told(answer)["field"] == field


def test_every_error_of_ours_has_a_status() -> None:
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.NightdeskError)
    }
    for kind in kinds:
        status, code = next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)
        assert 400 <= status < 600
        assert code
        if issubclass(kind, errors.Refused):
            assert status < 500, "a person's mistake is a 4xx"


def test_half_a_character_in_what_was_asked_can_be_answered(site: Site) -> None:
    for part in (
        {"file": "\ud800.ipynb"},
        {"size": "\ud800"},
        {"parameters": {"\udc00": 1}},
        {"name": "\ud800"},
    ):
        answer = site.submit_raw(ADA, json.dumps({"file": "a.ipynb", **part}))
        assert answer.status == 400
        assert told(answer)["message"] == "the request contains half a character (a lone surrogate)"


class Broken(Exception):
    """Says something that is nobody's business."""


def test_what_nobody_expected_is_told_without_a_trace(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: Any) -> Any:
        raise Broken("the password is hunter2")

    monkeypatch.setattr(site.bench.records, "versions", broken)
    with caplog.at_level(logging.ERROR):
        answer = site.get("/environments", ADA)
        page = site.get("/environments", ADA, headers={"Accept": "text/html"})
    assert answer.status == page.status == 500
    assert told(answer) == {
        "code": "bug",
        "message": "something went wrong inside the platform",
        "hint": "It is in the platform's log; please tell an admin when it happened.",
    }
    assert "hunter2" not in answer.text + page.text
    assert "hunter2" in caplog.text, "whoever runs the platform finds it"
    safe(answer)


def test_pages_are_told_errors_as_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = site.ask("GET", f"{BASE}/runs/none", ADA, cookie=True, headers={"Accept": "text/html"})
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no run &#39;none&#39;" in answer.text
    safe(answer)
    hostile = site.ask(
        "GET",
        f"{BASE}/runs/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        ADA,
        cookie=True,
        headers={"Accept": "text/html"},
    )
    assert "<script>alert" not in hostile.text

    def broken(*_arguments: Any) -> Any:
        raise Broken("the password is hunter2")

    monkeypatch.setattr(site.bench.records, "run", broken)
    answer = site.ask("GET", f"{BASE}/runs/none", ADA, cookie=True, headers={"Accept": "text/html"})
    assert answer.status == 500
    assert "Something went wrong inside the platform" in answer.text
    assert "hunter2" not in answer.text
    safe(answer)


def test_a_database_that_does_not_answer_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any) -> Any:
        raise errors.Unavailable(
            "the database does not answer", "Nothing was changed; try again in a moment."
        )

    monkeypatch.setattr(site.bench.records, "run", away)
    answer = site.get("/runs/none", ADA)
    assert answer.status == 503
    assert told(answer)["hint"] == "Nothing was changed; try again in a moment."


def safe(answer: Answer) -> None:
    """The headers that every answer carries."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy or "frame-ancestors 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]


@pytest.mark.parametrize(
    ("method", "path", "person"),
    [
        ("GET", f"{API}/health", None),
        ("GET", f"{API}/user", None),
        ("GET", f"{API}/user", ADA),
        ("GET", f"{API}/nothing", ADA),
        ("GET", f"{API}/doctor", ADA),
        ("GET", f"{API}/runs?limit=0", ADA),
        ("GET", f"{BASE}/", None),
        ("GET", f"{BASE}/", ADA),
        ("GET", f"{BASE}/login", None),
        ("GET", f"{BASE}/static/style.css", None),
        ("GET", f"{API}/openapi.json", None),
    ],
)
def test_safe_headers_are_on_everything(site: Site, method: str, path: str, person: Person | None) -> None:
    safe(site.ask(method, path, person, cookie=path.startswith(f"{BASE}/") and not path.startswith(API)))


# requests that are too large


def raw(site: Site, head: str) -> tuple[int, bytes]:
    """The answer to a request whose body never comes."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.connect()
    connection.sock.sendall(head.replace("\n", "\r\n").encode("latin-1"))
    response = http.client.HTTPResponse(connection.sock, method="POST")
    response.begin()
    body = response.read()
    connection.close()
    return response.status, body


def test_what_is_too_large_is_refused_before_it_is_read(site: Site) -> None:
    limit = 2**16 + 2**20 + 2**20
    status, body = raw(site, f"POST {API}/runs HTTP/1.1\nHost: x\nContent-Length: {limit + 1}\n\n")
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"


def chunks(site: Site, path: str, content: bytes) -> tuple[int, bytes]:
    """The answer to a request that comes in pieces and does not say how large it is."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    pieces = (content[start : start + 2**16] for start in range(0, len(content), 2**16))
    headers = {"Authorization": "Bearer token-ada", "Content-Type": "multipart/form-data; boundary=b"}
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
        connection.request("POST", path, body=pieces, headers=headers, encode_chunked=True)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_a_body_of_unknown_length_is_read_as_far_as_the_limit(site: Site) -> None:
    """Proxies send a POST without a body that way."""
    run = site.bench.submit()
    status, body = chunks(site, f"{API}/runs/{run.id}/cancel", b"")
    assert (status, json.loads(body)["status"]) == (200, "cancelled")
    head = b'--b\r\nContent-Disposition: form-data; name="source"; filename="x"\r\n\r\n'
    status, body = chunks(site, f"{API}/runs", head + b"x" * (2**16 + 2**20 + 2**20))
    assert status == 413
    assert json.loads(body)["error"] == {
        "code": "too_large",
        "message": "the request is too large",
        "hint": "Take fewer files along.",
    }


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "9" * 40, "²"])
def test_odd_lengths_do_no_harm(site: Site, length: str) -> None:
    status, _ = raw(site, f"POST {API}/runs HTTP/1.1\nHost: x\nContent-Length: {length}\n\n")
    assert status in {400, 413}


# documents


def test_the_openapi_document_builds_and_knows_every_route_of_the_api(site: Site) -> None:
    document = site.get("/openapi.json").json
    assert document["openapi"].startswith("3.")
    # Each has a row in the table of who may do what, which is held against the application.
    assert set(document["paths"]) == {
        re.sub(r":\w+}", "}", path)
        for _, path in EXPECTED
        if path.startswith(API) and not path.endswith("/openapi.json")
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], f"{path} does not say what it is for"
    text = json.dumps(document)
    assert "http://" not in text
    assert "https://" not in text


def test_health(site: Site) -> None:
    answer = site.get("/health").json
    assert answer["status"] == "ok"
    assert answer["version"].count(".") == 2


def test_environments_and_sizes(site: Site) -> None:
    (environment,) = site.get("/environments", ADA).json["environments"]
    assert (environment["name"], environment["title"]) == ("python-data", "Data science in Python")
    (version,) = environment["versions"]
    assert version == {
        "version": "2026.11.1",
        "digest": "sha256:" + "1" * 64,
        "channels": ["stable"],
        "kernels": [
            {"name": "python3", "display_name": "Python 3", "language": "python"},
            {"name": "ir", "display_name": "R", "language": "R"},
        ],
        "default": True,
        "created_at": "2026-09-21T14:13:20.000Z",
        "offer": "offered",
        "size_bytes": 0,
    }
    sizes = site.get("/sizes", ADA).json["sizes"]
    assert [(size["name"], size["default"]) for size in sizes] == [("small", False), ("medium", True)]
    assert sizes[0]["memory_bytes"] == 2 * 2**30


def test_the_doctor(site: Site) -> None:
    checks = site.get("/doctor", ROOT).json["checks"]
    assert {check["name"] for check in checks} == {
        "connections",
        "database",
        "workers",
        "redis",
        "output store",
        "environments",
        "egress filter",
    }
    assert all(set(check) == {"name", "ok", "message", "hint"} for check in checks)


def test_pages_have_nothing_from_elsewhere(site: Site, bench: Bench) -> None:
    assert bench
    run = site.finished()
    for path in ("/", f"/runs/{run.id}"):
        text = site.ask("GET", f"{BASE}{path}", ADA, cookie=True).text
        assert "//cdn" not in text
        for attribute in ("src=", "href="):
            for piece in text.split(attribute)[1:]:
                assert piece.startswith(('"/', '"#')), piece[:60]
        assert "<style" not in text
        assert " onclick" not in text
        assert "<script>" not in text


def test_pages_of_hostile_names(site: Site) -> None:
    run = site.bench.submit(name='"><script>alert(1)</script>', parameters={})
    for path in ("/", f"/runs/{run.id}"):
        text = site.ask("GET", f"{BASE}{path}", ADA, cookie=True).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
