"""SFTP over paramiko, with the server's key pinned. Imported where paramiko and fsspec are there."""

from __future__ import annotations

import base64
import io
import logging
import socket
from typing import TYPE_CHECKING, Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem
from paramiko.pkey import UnknownKeyType

from nightdesk.connecting.problem import ConnectionProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from nightdesk.connecting.opening import Given

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
KEEPALIVE_SECONDS = 30
_LOG = "nightdesk.connecting.ssh"
# paramiko tells of each failure in a log as well, where notebooks would print it in red beside the error.
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False


class WrongKey(ConnectionProblem):
    """Who answers is not the server on record."""


class LoginRefused(ConnectionProblem):
    """The server does not let us in."""


class PinnedFiles(SFTPFileSystem):  # type: ignore[misc]
    """fsspec's, which would trust whoever answers first. It holds how to log in as a function, so that nothing shows it."""

    cachable = False

    def __init__(self, host: str, log_in: Callable[[], Any]) -> None:
        self._log_in = log_in
        super().__init__(host)

    def _connect(self) -> None:
        self.client = self._log_in()
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(ANSWER_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether the line is open yet."""
        transport = self.client.get_transport()
        return transport is not None and transport.is_active()


def file_system(given: Given) -> PinnedFiles:
    """Logged in. Raises ConnectionProblem, one of its kinds where a person can tell them apart."""
    return PinnedFiles(str(given.settings["host"]), lambda: logged_in(given))


def logged_in(given: Given) -> Any:
    """An SSH client that is in. Raises WrongKey, LoginRefused, ConnectionProblem."""
    settings, secrets = given.settings, given.secrets
    host, port = str(settings["host"]), int(settings.get("port") or 22)
    client = paramiko.SSHClient()
    client.set_log_channel(_LOG)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    kind, key = host_key(given)
    client.get_host_keys().add(host if port == 22 else f"[{host}]:{port}", kind, key)
    where = f"the SFTP server at {host}, port {port},"
    try:
        client.connect(
            host,
            port,
            username=settings["user"],
            password=secrets.get("password"),
            pkey=_private_key(given),
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            allow_agent=False,
            look_for_keys=False,
        )
    except paramiko.BadHostKeyException:
        client.close()
        raise WrongKey(
            f"{where} has another key than the one on record: it was set up anew, or somebody else answers",
            "An admin compares it with what `ssh-keyscan` prints, and changes the connection's host_key.",
        ) from None
    except paramiko.AuthenticationException:
        client.close()
        raise LoginRefused(
            f"{where} does not let '{settings['user']}' in",
            "The user, the password or the key is wrong, or the server takes no logins of that sort.",
        ) from None
    except (paramiko.SSHException, OSError, EOFError) as error:
        client.close()
        raise ConnectionProblem(f"{where} cannot be reached: {_why(error)}") from None
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(KEEPALIVE_SECONDS)
    return client


def host_key(given: Given) -> tuple[str, Any]:
    """Its type and the key. Raises ConnectionProblem where what is on record is none."""
    words = [word for word in str(given.settings["host_key"]).split() if word]
    while words and not words[0].startswith(("ssh-", "ecdsa-", "sk-")):
        words.pop(0)  # a line of known_hosts or of ssh-keyscan begins with the host
    try:
        return words[0], paramiko.PKey.from_type_string(words[0], base64.b64decode(words[1], validate=True))
    except (IndexError, ValueError, paramiko.SSHException, UnknownKeyType):
        raise WrongKey(
            f"the host_key of the connection '{given.name}' is no key",
            "An admin changes it: 'ssh-ed25519 AAAA…', as `ssh-keyscan -t ed25519 HOST` prints it.",
        ) from None


def _private_key(given: Given) -> Any:
    text = given.secrets.get("private_key")
    if not text:
        return None
    passphrase = given.secrets.get("passphrase") or None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(str(text).strip() + "\n"), passphrase)
        except paramiko.PasswordRequiredException:
            raise LoginRefused(
                f"the private key of the connection '{given.name}' needs its passphrase",
                "An admin adds the secret 'passphrase'.",
            ) from None
        except (paramiko.SSHException, ValueError):
            continue
    raise LoginRefused(
        f"the private key of the connection '{given.name}' cannot be read",
        "It is Ed25519, ECDSA or RSA in OpenSSH's or PEM format; is the passphrase right?",
    )


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS} s"
    if isinstance(error, socket.gaierror):
        return "no machine of that name is known"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).strip().lower() or type(error).__name__
