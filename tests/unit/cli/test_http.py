"""The connection: what a server may send, and what it may not."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

import pytest
from nightdesk.client import Client, ConnectionLost, Unreachable
from nightdesk.client import http as module
from nightdesk.client.address import Address
from nightdesk.client.errors import BadAnswer, Refused
from nightdesk.client.http import Connection
from nightdesk.client.login import Login
from nightdesk.client.response import Response
from nightdesk.client.transport import Transport

from .line_double import OK, Serve


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (OK + b"content-length:5|\r\n\r|\nhe|llo", b"hello"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n2\r|\nh|e\r|\n3\r\nl|lo\r\n0\r\nTrailer: x\r\n\r\n",
            b"hello",
        ),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (OK + b"\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204\r\n\r\n", b""),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
    ],
)
def test_reads_every_kind_of_body(serve: Serve, answer: bytes, body: bytes) -> None:
    _, connection = serve([answer])
    assert connection.request("GET", "/", {}).read() == body


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: 5x\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"x" * 200_000,
    ],
)
def test_what_is_no_http(serve: Serve, answer: bytes) -> None:
    _, connection = serve([answer])
    with pytest.raises(BadAnswer, match="is not Nightdesk"):
        connection.request("GET", "/", {}).read()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_an_answer_that_breaks_off(serve: Serve, answer: bytes) -> None:
    _, connection = serve([answer])
    with pytest.raises(ConnectionLost, match="broke"):
        connection.request("GET", "/", {}).read()


def test_one_line_serves_several_requests(serve: Serve) -> None:
    answer = OK + b"Content-Length: 2\r\n\r\nok"
    server, connection = serve([answer, answer, answer])
    for _ in range(3):
        assert connection.request("POST", "/x", {}, b"body").read() == b"ok"
    assert len(server.requests) == 3
    assert server.requests[0].startswith(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b"Content-Length: 4\r\n\r\nbody")


def test_a_line_that_was_closed_meanwhile_is_opened_again(serve: Serve) -> None:
    answer = OK + b"Content-Length: 2\r\n\r\nok"
    _, connection = serve([answer], [answer])
    assert connection.request("GET", "/", {}).read() == b"ok"
    assert connection._socket is not None
    assert select.select([connection._socket], [], [], 5)[0], "the server closes the line"
    assert connection.request("POST", "/", {}, b"x", repeatable=False).read() == b"ok"


def test_an_answer_that_was_not_read_to_its_end_disturbs_nothing(serve: Serve) -> None:
    _, connection = serve([OK + b"Content-Length: 9\r\n\r\nfirst"], [OK + b"Content-Length: 6\r\n\r\nsecond"])
    connection.request("GET", "/", {})
    assert connection.request("GET", "/", {}).read() == b"second"


def test_reading_goes_on_after_a_timeout(serve: Serve) -> None:
    server, connection = serve([OK + b"Transfer-Encoding: chunked\r\n\r\n"])
    response = connection.request("GET", "/", {})
    ours, theirs = socket.socketpair()
    connection._socket, closed = ours, connection._socket
    assert closed is not None
    closed.close()
    with theirs:
        assert _some(response) is None
        for piece in (b"5\r", b"\nhe", b"llo", b"\r", b"\n1"):
            theirs.sendall(piece)
            seen = _some(response)
            assert seen in (None, b"he", b"llo")
        theirs.sendall(b"\r\n!\r\n0\r\n\r\n")
        assert _some(response) == b"!"
        assert response.some(0.01) == b""
    assert server.requests


def _some(response: Response) -> bytes | None:
    try:
        return response.some(0.01)
    except TimeoutError:
        return None


def test_a_server_that_does_not_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> bytes:
        raise TimeoutError

    monkeypatch.setattr(Connection, "until", silent)
    _, connection = serve([b""])
    with pytest.raises(ConnectionLost, match="nothing came for 60 s"):
        connection.request("GET", "/", {})


def test_a_name_that_there_is_not() -> None:
    connection = Connection(Address.parse("http://nowhere.invalid/services/nightdesk"))
    with pytest.raises(Unreachable, match="out of reach"):
        connection.request("GET", "/", {})


def test_every_wait_has_an_end() -> None:
    assert 0 < module.CONNECT_SECONDS <= 30
    assert 0 < module.ANSWER_SECONDS <= 120


def test_a_certificate_that_nobody_vouches_for(tmp_path: object) -> None:
    import ssl

    certificate = _self_signed(str(tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            line, _ = server.accept()
            with line, contextlib.suppress(OSError):
                context.wrap_socket(line, server_side=True).close()

        thread = threading.Thread(target=accept)
        thread.start()
        connection = Connection(
            Address.parse(f"https://127.0.0.1:{server.getsockname()[1]}/services/nightdesk")
        )
        with pytest.raises(Unreachable, match=r"certificate of 127\.0\.0\.1 cannot be verified") as caught:
            connection.request("GET", "/", {})
        thread.join()
    assert "SSL_CERT_FILE" in (caught.value.hint or "")


def test_over_tls(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    certificate = _self_signed(str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with context.wrap_socket(line, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(OK + b"Content-Length: 2\r\n\r\nok")
                secured.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        connection = Connection(
            Address.parse(f"https://127.0.0.1:{server.getsockname()[1]}/services/nightdesk")
        )
        assert connection.request("GET", "/", {}).read() == b"ok"
        connection.close()
        thread.join()


def _self_signed(folder: str) -> str:
    import subprocess

    path = f"{folder}/certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path + ".crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    from pathlib import Path

    Path(path).write_text(Path(path).read_text() + Path(path + ".crt").read_text())
    return path


def test_the_client_is_a_context(client: Client) -> None:
    with client as same:
        assert same.health()["status"] == "ok"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (
            b'{"error": {"code": "invalid", "message": "no", "hint": null, "field": "parameters.year"}}',
            "parameters.year",
        ),
        (b'{"error": {"code": "invalid", "message": "no", "hint": null}}', None),
        (b'{"status": 400, "message": "no"}', None),
        (b"no", None),
    ],
)
def test_a_refusal_has_the_field_that_it_is_about(serve: Serve, said: bytes, field: str | None) -> None:
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(said)}\r\n\r\n"
    _, connection = serve([head.encode() + said])
    client = Transport(Login(connection.address, "token", "a test"))
    with pytest.raises(Refused) as caught:
        client.json("GET", "/runs")
    client.close()
    assert caught.value.field == field
