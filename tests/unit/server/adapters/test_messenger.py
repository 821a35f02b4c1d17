"""Messages that leave the platform: through a real mail server, and to a real web server."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.notices import Notifications
from nightdesk.server.adapters.messenger import OutsideMessenger
from nightdesk.server.domain.errors import Invalid, NotAllowed, Refused, Unavailable
from nightdesk.server.domain.notification import Message

from ....support.mailbox import Mailbox, served

FROM = "Nightdesk <nightdesk@example.org>"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with served(mailbox, "127.0.0.1", port):
        yield port


def to_mail(port: int, **more: Any) -> OutsideMessenger:
    section = {"host": "127.0.0.1", "port": port, "security": "off", "from": FROM, **more}
    return OutsideMessenger(Notifications.model_validate({"smtp": section}), "the password")


def test_a_mail_arrives_whole(smtp: int, mailbox: Mailbox) -> None:
    words = "Größe: 3 €\n" + "x" * 2000 + "\n.\nthe end"
    to_mail(smtp).mail("ada@example.org", Message("Prüfung:\r\nBcc: eve@example.org failed", words))
    ((to, mail),) = mailbox.arrived
    assert (to, mail["To"], mail["From"]) == (["ada@example.org"], "ada@example.org", FROM)
    assert mail["Subject"] == "Prüfung: Bcc: eve@example.org failed"
    assert mail["Bcc"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n").strip() == words


@pytest.mark.parametrize(
    ("to", "kind", "words"),
    [
        ("nobody@example.org", Invalid, "550 5.1.1 there is no such mailbox"),
        ("later@example.org", Unavailable, "451"),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(
    smtp: int, to: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        to_mail(smtp).mail(to, Message("a", "b"))


def test_no_password_crosses_the_network_readably(smtp: int, mailbox: Mailbox) -> None:
    with pytest.raises(ValueError, match="readably"):
        to_mail(smtp, user="nightdesk")
    with pytest.raises(Unavailable, match="does not answer"):
        to_mail(smtp, security="starttls", user="nightdesk").mail("ada@example.org", Message("a", "b"))
    assert mailbox.arrived == []


def test_a_server_that_is_away() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="does not answer"):
            to_mail(nobody.getsockname()[1]).mail("ada@example.org", Message("a", "b"))


@pytest.fixture
def web() -> Iterator[Any]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append((self.path, dict(self.headers), body))
            status = int(self.path.strip("/").split("?")[0] or 200)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/200")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def to_web(*hosts: str) -> OutsideMessenger:
    return OutsideMessenger(Notifications(webhook_hosts=hosts))


@pytest.mark.parametrize("hosts", [("127.0.0.0/8",), ("127.0.0.1",), ("localhost",)])
def test_an_address_that_is_allowed_gets_it(web: Any, hosts: tuple[str, ...]) -> None:
    host = "localhost" if hosts == ("localhost",) else "127.0.0.1"
    to_web(*hosts).post(f"http://{host}:{web.server_port}/200?to=me", b"{}", {"X-Own": "1"})
    ((path, headers, body),) = web.asked
    assert (path, headers["Host"], headers["X-Own"], body) == (
        "/200?to=me", f"{host}:{web.server_port}", "1", b"{}",
    )  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0.0.0.0:{port}/",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://[fd00::1]/",
        "https://224.0.0.1/",
        "http://192.0.2.1/",
    ],
)
def test_what_stands_beside_the_worker_is_not_reached(web: Any, url: str) -> None:
    with pytest.raises((NotAllowed, Unavailable)) as refused:
        to_web("10.9.0.0/16").post(url.format(port=web.server_port), b"{}", {})
    assert web.asked == []
    assert "webhook_hosts" in str(getattr(refused.value, "hint", "")) or "not known" in str(refused.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(302, Refused), (404, Refused), (429, Unavailable), (500, Unavailable)]
)
def test_only_a_yes_is_one_and_nothing_is_followed(web: Any, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"it answered {status}"):
        to_web("127.0.0.1").post(f"http://127.0.0.1:{web.server_port}/{status}", b"{}", {})
    assert len(web.asked) == 1
