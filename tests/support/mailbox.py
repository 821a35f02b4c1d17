"""A real mail server, and the mail that it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Mailbox:
    """What the mail server was given; it refuses `nobody@…`, and is busy for `later@…`."""

    def __init__(self) -> None:
        self.arrived: list[Any] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 there is no such mailbox"
        if address.startswith("later@"):
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.arrived.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@contextmanager
def served(mailbox: Mailbox, host: str, port: int) -> Iterator[None]:
    """The server, until the block ends. It takes nobody's password."""
    server = Controller(
        mailbox,
        hostname=host,
        port=port,
        authenticator=lambda *_: AuthResult(success=False),
        auth_require_tls=False,
    )
    server.start()
    try:
        yield
    finally:
        server.stop()
