"""The port ``Messenger`` over SMTP and HTTP.

People name the addresses that the worker posts to, and the worker stands beside services that they must not reach.
So an address is looked up once, refused unless it is one of the internet or allowed by the settings, and connected to
as it was looked up; redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

import urllib3

from nightdesk.notices import Notifications, Smtp
from nightdesk.server.domain.errors import Invalid, NotAllowed, Unavailable
from nightdesk.server.domain.notification import Message

_SECONDS = 10.0
_NEVER = range(500, 600)  # what a mail server answers for good


class OutsideMessenger:
    """Messages to people's own addresses."""

    def __init__(self, settings: Notifications, smtp_password: str = "") -> None:
        self._smtp = settings.smtp
        self._hosts = settings.webhook_hosts
        self._password = smtp_password

    def mail(self, to: str, message: Message) -> None:
        server = self._smtp
        if server is None:
            raise NotAllowed("this platform sends no mail", "Its admin sets notifications.smtp.")
        try:
            with self._opened(server) as smtp:
                smtp.send_message(_mail(server, to, message), server.sender, [to])
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _said(code, words) from error
        except smtplib.SMTPResponseException as error:
            raise _said(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server does not answer: {type(error).__name__}") from error

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._reachable(host, port, parts.scheme)
        timeout = urllib3.Timeout(connect=_SECONDS, read=_SECONDS)
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                address, port, timeout=timeout, retries=False, maxsize=1,
                server_hostname=host, assert_hostname=host,
            )  # fmt: skip
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False, maxsize=1)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        named = f"[{host}]" if ":" in host else host
        sent = {
            "Host": named if parts.port is None else f"{named}:{port}",
            "Content-Type": "application/json",
            "User-Agent": "nightdesk",
            **headers,
        }
        try:
            answer = pool.request(
                "POST", target, body=body, headers=sent, redirect=False, preload_content=False
            )
            status = answer.status
            answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"it does not answer: {type(error).__name__}") from error
        finally:
            pool.close()
        if not 200 <= status < 300:
            words = f"it answered {status}"
            if status >= 500 or status in {408, 429}:
                raise Unavailable(words)
            raise Invalid(words)

    def _opened(self, server: Smtp) -> smtplib.SMTP:
        trusted = ssl.create_default_context()
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.its_port, timeout=_SECONDS, context=trusted
            )
        else:
            smtp = smtplib.SMTP(server.host, server.its_port, timeout=_SECONDS)
        try:
            if server.security == "starttls":
                smtp.starttls(context=trusted)
            if server.user:
                smtp.login(server.user, self._password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _reachable(self, host: str, port: int, scheme: str) -> str:
        try:
            found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the name {host} is not known") from error
        for address in sorted(found, key=lambda each: ":" in each):
            if self._is_allowed(host, ipaddress.ip_address(address.partition("%")[0])):
                return address
            if scheme == "https" and _is_outside(address):
                return address
        raise NotAllowed(
            f"{host} is not an https address of the internet",
            "An admin can allow it: notifications.webhook_hosts.",
        )

    def _is_allowed(self, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        for each in self._hosts:
            try:
                network = ipaddress.ip_network(each)
            except ValueError:
                if each.lower() == host.lower():
                    return True
                continue
            if address.version == network.version and address in network:
                return True
        return False


def _is_outside(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)


def _mail(server: Smtp, to: str, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = server.sender, to
    mail["Subject"] = " ".join(message.subject.split())[:200]
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2].strip("> ") or None)
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office answers: RFC 3834
    mail.set_content(message.text)
    return mail


def _said(code: int, words: bytes | str) -> Exception:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    said = f"the mail server said {code} {' '.join(text.split())[:200]}"
    return Invalid(said) if code in _NEVER else Unavailable(said)
