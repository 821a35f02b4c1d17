"""Bodies of requests: nobody's is read, and nobody's fills the memory."""

from __future__ import annotations

import http.client
import json
import time

import pytest

from ..workbench import ADA
from .site import API, BASE, TOKENS, Site, session_cookie


def unsent(site: Site, path: str, *headers: str) -> tuple[int, str]:
    """The answer to a request whose body never comes: whoever waits for it waits for ever."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.connect()
    head = "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""])
    connection.sock.sendall(head.encode("latin-1"))
    response = http.client.HTTPResponse(connection.sock, method="POST")
    response.begin()
    body = response.read()
    connection.close()
    return response.status, str(json.loads(body)["error"]["code"])


def test_a_body_that_breaks_off_is_no_fault_of_ours(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.putrequest("POST", f"{API}/runs")
    for name, value in (
        ("Authorization", f"Bearer {TOKENS['ada']}"),
        ("Content-Type", "multipart/form-data; boundary=b"),
        ("Content-Length", "10000"),
    ):
        connection.putheader(name, value)
    connection.endheaders(b"--b\r\n")
    time.sleep(0.2)  # until it is being read
    connection.close()
    time.sleep(0.3)
    assert site.get("/health").status == 200
    assert "failed" not in caplog.text


@pytest.mark.parametrize("length", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    "who", ["X: nobody", "Authorization: Bearer wrong", "Cookie: nightdesk-session=wrong"]
)
def test_a_strangers_body_is_not_read(site: Site, length: str, who: str) -> None:
    head = (length, who, "Content-Type: multipart/form-data; boundary=b")
    assert unsent(site, f"{API}/runs", *head) == (401, "sign_in_needed")


def test_the_cookie_alone_lets_no_body_in(site: Site) -> None:
    cookie = f"Cookie: nightdesk-session={session_cookie('token-ada')}"
    assert unsent(site, f"{API}/runs", "Content-Length: 1000", cookie) == (403, "not_allowed")


def test_a_pages_form_is_small(site: Site) -> None:
    path = f"{BASE}/runs/anything/cancel"
    assert unsent(site, path, f"Content-Length: {2**16 + 1}") == (413, "too_large")


def test_a_form_of_many_fields_is_refused(site: Site) -> None:
    fields = "".join(f'--b\r\nContent-Disposition: form-data; name="x{n}"\r\n\r\ny\r\n' for n in range(20))
    how = {
        "body": f"{fields}--b--\r\n".encode(),
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    }
    answer = site.ask("POST", f"{API}/runs", ADA, **how)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith("Too many fields")
