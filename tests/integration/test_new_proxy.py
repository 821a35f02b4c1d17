"""A proxy that was started anew, before the hub has told it anything: it is starting, and says so."""

from __future__ import annotations

import json
import re
import secrets
import socket
from collections.abc import Callable, Iterator

import pytest
import requests
from nightdesk.client.address import Address
from nightdesk.client.errors import Unreachable
from nightdesk.client.login import Login
from nightdesk.client.transport import Transport

from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
PAGE = "text/html,application/xhtml+xml"
Routes = Callable[[str, str], str]


@pytest.fixture(scope="module")
def alone(platform: Platform) -> Iterator[tuple[str, Routes]]:
    """A proxy by itself: its address, and what changes its routes."""
    name, token = f"{platform.project}-new-{secrets.token_hex(3)}", secrets.token_hex(16)
    image = platform.inspect(platform.service("proxy"))["Image"]

    def routes(method: str, path: str) -> str:
        body = json.dumps(json.dumps({"target": "http://proxy-api:8001"}))
        asked = f"{{method: '{method}', headers: {{Authorization: 'token {token}'}}, body: {body}}}"
        program = f"fetch('http://proxy-api:8001/api/routes{path}', {asked}).then(r => console.log(r.status))"
        return docker("exec", name, "node", "-e", program).strip()

    docker("network", "create", "--label", f"org.nightdesk.project={platform.project}", name)
    try:
        docker(
            "run", "-d", "--name", name, f"--network={name}", "--network-alias=proxy-api", "--read-only",
            "--env", f"CONFIGPROXY_AUTH_TOKEN={token}", "-p", "127.0.0.1::8000", image,
        )  # fmt: skip
        address = f"http://{docker('port', name, '8000').split()[0]}"
        until(lambda: _well(address), "the proxy answers")
        yield address, routes
    finally:
        docker("rm", "--force", "--volumes", name)
        docker("network", "rm", name)


def _well(address: str) -> bool:
    try:
        return requests.get(f"{address}/_chp_healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def test_until_it_knows_its_ways_it_says_that_it_is_starting(alone: tuple[str, Routes]) -> None:
    address, routes = alone
    for path in ("/", "/hub/home", "/services/nightdesk/runs", "/user/ada/lab"):
        answer = requests.get(address + path, headers={"Accept": PAGE}, timeout=30)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "<h1>Nightdesk is starting</h1>" in answer.text
        assert '<meta http-equiv="refresh" content="2">' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search("<(script|style|link|img)| style=| on[a-z]+=", answer.text)
    sent = requests.post(
        f"{address}/services/nightdesk/runs", data={"a": "b"}, headers={"Accept": PAGE}, timeout=30
    )
    assert sent.status_code == 503
    assert "refresh" not in sent.text, "a form is not sent again as a question"
    # With the hub's own way, which it is told last, each address has one.
    assert routes("POST", "/") == "201"
    assert requests.get(f"{address}/services/nightdesk/runs", timeout=30).status_code == 404
    assert routes("DELETE", "/") == "204"
    assert requests.get(f"{address}/services/nightdesk/runs", timeout=30).status_code == 503


def test_programs_are_told_to_try_again(alone: tuple[str, Routes]) -> None:
    address, _ = alone
    client = Transport(Login(Address.parse(f"{address}/services/nightdesk"), "token", "a test"))
    with pytest.raises(Unreachable, match=r"^Nightdesk is starting$") as caught:
        client.json("GET", "/runs")
    client.close()
    assert caught.value.hint == "Try again in a few seconds."
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(
            b"GET /user/ada/api/kernels/x/channels HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        said = b"".join(iter(lambda: line.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 503 "), said
