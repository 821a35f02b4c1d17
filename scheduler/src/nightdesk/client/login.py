"""Where the platform is and with which token: found, kept and removed.

In this order: what the command line says; in a run the socket NIGHTDESK_API_SOCKET with the run's own token in
NIGHTDESK_TOKEN_FILE; NIGHTDESK_URL with NIGHTDESK_TOKEN; NIGHTDESK_URL with
JUPYTERHUB_API_TOKEN (inside a session); the login of the installation (`make up` writes it for the
admin); the login of the person (`nightdesk login` writes it). A token that is kept for one address is
never sent to another.
"""
# Without pathlib, which would be a tenth of the time that `nightdesk submit` takes to start.
# ruff: noqa: PTH103, PTH105, PTH107, PTH111, PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
import sys

from nightdesk.client.address import Address
from nightdesk.client.errors import LocalProblem, NoLogin, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Login:
    """An address, the token for it, and where they came from (for messages)."""

    __slots__ = ("address", "source", "token")

    def __init__(self, address: Address, token: str, source: str) -> None:
        self.address = address
        self.token = token
        self.source = source


def installation_file() -> str:
    """Written by `make up`: whoever uses this installation of the command is the admin."""
    return os.path.join(sys.prefix, "etc", "nightdesk", "login.json")


def personal_file() -> str:
    """Written by `nightdesk login`."""
    return os.path.join(os.path.expanduser("~"), ".config", "nightdesk", "login.json")


def find_login(
    url: str | None = None, token_file: str | None = None, environ: Mapping[str, str] = os.environ
) -> Login:
    """The login that counts. Raises NoLogin where there is none, WrongUsage where one is unreadable."""
    if url is None and environ.get("NIGHTDESK_API_SOCKET"):
        own = read_token(token_file or environ.get("NIGHTDESK_TOKEN_FILE") or "")
        return Login(Address.by_socket(environ["NIGHTDESK_API_SOCKET"]), own, "the run itself")
    token = read_token(token_file) if token_file is not None else None
    environ_url = environ.get("NIGHTDESK_URL")
    if url is None and environ_url is None:
        kept = next(iter(kept_logins()), None)
        if kept is None:
            raise NoLogin("no platform is known here", "Sign in with: nightdesk login URL")
        return Login(kept.address, token, "--token-file") if token else kept
    wanted = Address.parse(url or environ_url or "")
    source = "--url" if url else "NIGHTDESK_URL"
    if token is not None:
        return Login(wanted, token, "--token-file")
    if environ_url is None or Address.parse(environ_url) == wanted:
        for name in ("NIGHTDESK_TOKEN", "JUPYTERHUB_API_TOKEN"):
            # The hub's token is for the hub's own address only, which is what NIGHTDESK_URL names.
            if environ.get(name) and (name == "NIGHTDESK_TOKEN" or environ_url is not None):
                return Login(wanted, checked_token(environ[name], name), name)
    for kept in kept_logins():
        if kept.address == wanted:
            return kept
    raise NoLogin(
        f"no token is known for {wanted} (the address is from {source})",
        f"Sign in with: nightdesk login {wanted}",
    )


def kept_logins() -> list[Login]:
    """The logins in files, the one that counts first. Raises WrongUsage where a file is spoilt."""
    found = []
    for path in (installation_file(), personal_file()):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # the admin's login is closed to others who share the installation
        except (OSError, UnicodeDecodeError) as error:
            raise _spoilt(path, str(error)) from error
        try:
            data = json.loads(text)
            found.append(Login(Address.parse(data["url"]), checked_token(data["token"], path), path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _spoilt(path, "it has no `url` and `token`") from error
    return found


def _spoilt(path: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"the login in {path} cannot be used: {why}", f"Remove it (rm {path}) and sign in again."
    )


def save_login(address: Address, token: str) -> str:
    """Keep a login for this person, readable by nobody else; returns the file's path."""
    path = personal_file()
    folder = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump({"url": str(address), "token": token}, file)
            file.write("\n")
        os.replace(temporary, path)
    except OSError as error:
        raise LocalProblem(f"the login cannot be kept in {path}: {error.strerror}") from error
    return path


def remove_login() -> str | None:
    """Forget this person's login; returns the path of what was removed, None when there was none."""
    path = personal_file()
    try:
        os.remove(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LocalProblem(f"{path} cannot be removed: {error.strerror}") from error
    return path


def read_token(path: str) -> str:
    """The token in a file, or on standard input where `path` is `-`."""
    if path == "-":
        return checked_token(sys.stdin.readline(), "standard input")
    try:
        with open(path, encoding="utf-8") as file:
            return checked_token(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WrongUsage(f"the token file {path} cannot be read: {why}") from error


def checked_token(text: str, source: str) -> str:
    """`text` without white space around it, fit for a header. The token itself is never shown."""
    token = text.strip()
    if not token or not all("!" <= character <= "~" for character in token):
        raise WrongUsage(
            f"what {source} holds is not a token: "
            + ("it is empty" if not token else "it has more than one word"),
            "A token is one word of letters and digits from the hub's Token page.",
        )
    return token
