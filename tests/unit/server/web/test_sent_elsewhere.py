"""What is large is sent by the proxy, or fetched from a bucket by whoever asks."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from fastapi import Request
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.streaming import file_response

from ..workbench import BOB
from .site import Site
from .test_outputs import left, output

LARGE = bytes(range(256)) * 5000
APART = {"X-Nightdesk-Body": "apart"}


@pytest.fixture
def addressed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is one whose files others can read."""
    monkeypatch.setattr(site.bench.store, "address", lambda key: f"file:///store/{quote(key)}")


@pytest.mark.usefixtures("addressed")
@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [("", 200, slice(0, 1_280_000)), ("bytes=100000-", 206, slice(100_000, 1_280_000))],
)
def test_what_is_large_the_proxy_is_told_to_send(site: Site, wanted: str, status: int, part: slice) -> None:
    run = left(site, sub__large=LARGE)
    answer = output(site, run, "sub/large", headers={**APART, **({"Range": wanted} if wanted else {})})
    assert (answer.status, answer.body, answer.headers["content-length"]) == (status, b"", "0")
    place, _, span = answer.headers["x-nightdesk-body"].partition("#")
    assert span == f"{part.start}-{part.stop}"
    assert place == f"file:///store/{output_key(run, 'sub/large')}"
    itself = output(site, run, "sub/large", headers={"Range": wanted} if wanted else {})
    assert (itself.status, itself.body) == (status, LARGE[part])
    assert {
        name: value for name, value in itself.headers.items() if name not in {"content-length", "date"}
    } == {
        name: value
        for name, value in answer.headers.items()
        if name not in {"content-length", "date", "x-nightdesk-body"}
    }


@pytest.mark.usefixtures("addressed")
@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("small", APART),
        ("large", {}),
        ("large", {"X-Nightdesk-Body": "yes"}),
        ("large", {**APART, "Range": "bytes=0-9"}),
    ],
)
def test_the_rest_is_sent_from_here(site: Site, name: str, headers: dict[str, str]) -> None:
    answer = output(site, left(site, small=b"content", large=LARGE), name, headers=headers)
    assert answer.body
    assert "x-nightdesk-body" not in answer.headers


@pytest.mark.usefixtures("addressed")
def test_code_of_a_run_is_told_no_address(site: Site) -> None:
    run = left(site, large=LARGE)
    at_gate = SimpleNamespace(state=SimpleNamespace(gate=True))
    request = Request({"type": "http", "app": at_gate, "headers": [(b"x-nightdesk-body", b"apart")]})
    key = output_key(run, "large")
    answer = file_response(request, site.platform.store, key, len(LARGE), {"ETag": "x"}, "text/plain")
    assert "x-nightdesk-body" not in answer.headers
    assert answer.headers["content-length"] == str(len(LARGE))


DIRECT = {"X-Nightdesk-Direct": "yes"}


@pytest.fixture
def in_a_bucket(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        site.bench.store, "address", lambda key: f"https://s3.example.org/lake/{quote(key)}?sig=a%2Fb"
    )


@pytest.mark.usefixtures("in_a_bucket")
def test_who_can_fetch_from_a_bucket_is_sent_there(site: Site) -> None:
    run = left(site, large=LARGE)
    etag = f'"{hashlib.sha256(LARGE).hexdigest()}"'
    for part in ({}, {"Range": "bytes=100000-", "If-Range": etag}):
        answer = output(site, run, "large", headers={**DIRECT, **APART, **part})
        assert (answer.status, answer.body) == (307, b"")
        assert (
            answer.headers["location"] == f"https://s3.example.org/lake/{output_key(run, 'large')}?sig=a%2Fb"
        )
        assert answer.headers["cache-control"] == "no-store"
        assert "x-nightdesk-body" not in answer.headers


@pytest.mark.usefixtures("in_a_bucket")
@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("small", DIRECT),
        ("large", {}),
        ("large", {"X-Nightdesk-Direct": "no"}),
        (
            "large",
            {**DIRECT, "Range": "bytes=0-", "If-Range": '"another"'},
        ),  # a part of what is not there any more
        ("large", {**DIRECT, "Range": "bytes=0-9"}),
    ],
)
def test_nobody_else_is(site: Site, name: str, headers: dict[str, str]) -> None:
    answer = output(site, left(site, small=b"content", large=LARGE), name, headers=headers)
    assert answer.status in {200, 206}
    assert answer.body


@pytest.mark.usefixtures("in_a_bucket")
def test_another_person_is_not_told_where_it_is(site: Site) -> None:
    run = left(site, large=LARGE)
    assert site.get(f"/runs/{run.id}/outputs/large", BOB, headers=DIRECT).status == 404


@pytest.mark.usefixtures("addressed")
def test_a_folder_sends_nobody_away(site: Site) -> None:
    assert output(site, left(site, large=LARGE), "large", headers=DIRECT).body == LARGE


@pytest.mark.usefixtures("in_a_bucket")
def test_code_of_a_run_is_not_sent_to_a_bucket(site: Site) -> None:
    run = left(site, large=LARGE)
    at_gate = SimpleNamespace(state=SimpleNamespace(gate=True))
    request = Request({"type": "http", "app": at_gate, "headers": [(b"x-nightdesk-direct", b"yes")]})
    answer = file_response(
        request, site.platform.store, output_key(run, "large"), len(LARGE), {"ETag": "x"}, "text/plain"
    )
    assert answer.status_code == 200
