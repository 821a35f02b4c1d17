"""Whether a value can be that of a connection's field. No value of a secret stands in the words of an error."""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
from typing import Any
from urllib.parse import urlsplit

from nightdesk.server.domain.connection_kind import Field, Type
from nightdesk.server.domain.errors import Invalid

APIS = ("github", "gitea", "gitlab")  # of hosts of repositories
_LONGEST = 2000
_LONGEST_SECRET = 64 * 1024
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_HOST_KEY = re.compile(r"(ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)( .*)?")
_DATABASE = re.compile(r"[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)?://.*")


def check_value(field: Field, value: Any) -> Any:
    """The value as it is kept.

    Raises:
        Invalid: says what it must be.
    """
    try:
        return _checked(field, value)
    except Invalid as error:
        error.field = f"{'secrets' if field.secret else 'settings'}.{field.name}"
        raise


def _checked(field: Field, value: Any) -> Any:
    if field.type is Type.PORT:
        return _port(field, value)
    if field.type is Type.OBJECT:
        return _object(field, value)
    if not isinstance(value, str):
        raise Invalid(f"'{field.name}' must be text")
    if field.type is Type.TEXT:
        return _text(field, value)
    return _CHECKS.get(field.type, _word)(field, value)


def _word(field: Field, value: str) -> str:
    word = value.strip()
    if len(word) > _LONGEST or _UNREADABLE.search(word):
        raise Invalid(f"'{field.name}' must be one line of up to {_LONGEST} characters")
    return word


def _text(field: Field, value: str) -> str:
    if len(value) > _LONGEST_SECRET or "\x00" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise Invalid(f"the secret '{field.name}' must be text of up to {_LONGEST_SECRET // 1024} KB")
    return value


def _port(field: Field, value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 65536:
        raise Invalid(f"'{field.name}' must be a port from 1 to 65535")
    return number


def _object(field: Field, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    most = _LONGEST_SECRET if field.secret else 16 * _LONGEST
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        text = b""
    if not isinstance(value, dict) or not text or len(text) > most:
        raise Invalid(f"'{field.name}' must be a JSON object, such as {{\"anon\": true}}")
    return value


def _url(field: Field, value: str) -> str:
    word = _word(field, value)
    parts = _parts(word)
    if parts is None or parts[0] not in {"http", "https"} or not parts[1] or " " in word:
        raise Invalid(f"'{field.name}' must be an address such as https://data.example.org")
    if "@" in parts[1]:
        raise Invalid(
            f"'{field.name}' must not have a login in it", "What is secret goes where secrets are sealed."
        )
    return word


def _database_url(field: Field, value: str) -> str:
    word = _word(field, value)
    parts = _parts(word)
    if parts is None or not _DATABASE.fullmatch(word):
        raise Invalid(
            f"'{field.name}' must be an SQLAlchemy address such as dialect+driver://user@host/database"
        )
    if ":" in parts[1].rpartition("@")[0]:
        raise Invalid(
            f"'{field.name}' must not have a password in it",
            "Give it as the secret 'password': that is sealed.",
        )
    return word


def _git_api(field: Field, value: str) -> str:
    word = _word(field, value).lower()
    if word and word not in APIS:
        raise Invalid(f"'{field.name}' must be one of {', '.join(APIS)}")
    return word


def _parts(url: str) -> tuple[str, str] | None:
    """Scheme, and what stands between the slashes; None where it is no address."""
    try:
        split = urlsplit(url)
        _ = split.port if split.scheme in {"http", "https"} else None
    except ValueError:
        return None
    return split.scheme, split.netloc


def _machine_path(field: Field, value: str) -> str:
    word = _word(field, value)
    if not word.startswith("/") or word.startswith("//") or posixpath.normpath(word) != word or word == "/":
        raise Invalid(
            f"'{field.name}' must be a path of the machine such as /srv/data/sales, without '.' and '..'"
        )
    return word


def _path(field: Field, value: str) -> str:
    word = _word(field, value)
    if not word.startswith("/") or ".." in word.split("/"):
        raise Invalid(f"'{field.name}' must be a path such as /exports, without '..'")
    return word


def _host_key(field: Field, value: str) -> str:
    """One line of known_hosts without the host, or as it is there: then the host goes."""
    word = _word(field, value)
    if not _HOST_KEY.fullmatch(word):
        word = word.partition(" ")[2].strip()
    found = _HOST_KEY.fullmatch(word)
    try:
        blob = base64.b64decode(found[2], validate=True) if found else b""
    except binascii.Error:
        blob = b""
    length = int.from_bytes(blob[:4])
    if not found or blob[4 : 4 + length] != found[1].encode():
        raise Invalid(
            f"'{field.name}' must be the server's key, such as 'ssh-ed25519 AAAA…'",
            "`ssh-keyscan -t ed25519 HOST` prints it; compare it with what the server's owner says.",
        )
    return f"{found[1]} {found[2]}"


_CHECKS = {
    Type.WORD: _word,
    Type.URL: _url,
    Type.DATABASE_URL: _database_url,
    Type.MACHINE_PATH: _machine_path,
    Type.PATH: _path,
    Type.HOST_KEY: _host_key,
    Type.GIT_API: _git_api,
}
