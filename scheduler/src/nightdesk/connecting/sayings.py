"""What libraries say when they fail, and what it means to whoever looks after a connection."""

from __future__ import annotations

import re

from nightdesk.client.errors import NightdeskError
from nightdesk.connecting.probing import LOGIN, RIGHT, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from nightdesk.connecting.opening import Given

# A piece of what is said → at which step it failed, and what it means.
_SAID = (
    (
        r"password authentication failed|no password supplied|role \".*\" does not exist|SASL",
        LOGIN,
        "the server does not let '{user}' in",
        "The user or the password is wrong.",
    ),
    (
        r"no pg_hba\.conf entry",
        LOGIN,
        "the server takes no logins of '{user}' from here",
        "Its pg_hba.conf says who may come from where.",
    ),
    (
        r"database \".*\" does not exist|1049|Unknown database",
        RIGHT,
        "there is no database '{database}' on the server",
        "Check its name.",
    ),
    (
        r"permission denied for database|\(1044,",
        RIGHT,
        "'{user}' may not use the database '{database}'",
        "Give it the right: GRANT … ON … TO …",
    ),
    (
        r"\(1045,",
        LOGIN,
        "the server does not let '{user}' in",
        "The user or the password is wrong, or it may not come from here.",
    ),
    (
        r"\(1130,",
        LOGIN,
        "the server takes no logins from here",
        "Its accounts name the hosts that they may come from.",
    ),
    (
        r"SSL|certificate|TLS",
        LOGIN,
        "the two sides do not agree on encryption: {said}",
        "See the connection's sslmode.",
    ),
    (
        r"SIGNATURE_DOES_NOT_MATCH|INVALID_SIGNATURE",
        LOGIN,
        "the store does not accept the secret of the key '{access_key}'",
        "The secret key is wrong.",
    ),
    (
        r"INVALID_ACCESS_KEY_ID|InvalidAccessKeyId|INVALID_CLIENT_TOKEN_ID",
        LOGIN,
        "the store knows no key '{access_key}'",
        "The access key is wrong.",
    ),
    (
        r"NO_SUCH_BUCKET|Path does not exist",
        RIGHT,
        "there is no bucket '{bucket}', or nothing begins with its prefix",
        "Check the bucket's name and the prefix.",
    ),
    (
        r"ACCESS_DENIED|Access Denied",
        RIGHT,
        "the key '{access_key}' may not list the bucket '{bucket}'",
        "Its rights name the buckets; reading needs ListBucket and GetObject.",
    ),
    (r"file is not a database", RIGHT, "the file is no SQLite database", ""),
    (r"unable to open database file", RIGHT, "the file cannot be opened", "May uid 1000 read it?"),
    (r"Permission denied|PermissionError|EACCES", RIGHT, "it is not allowed to read there", ""),
)


def explained(given: Given) -> Callable[[BaseException], Failed]:
    """Puts in words what a library raises for this connection."""

    def explain(error: BaseException) -> Failed:
        if isinstance(error, NightdeskError):
            return Failed(_step_of(error), error.message, error.hint or "")
        said = _short(error)
        values = {"user": "", "database": "", "access_key": "", "bucket": "", **given.settings, "said": said}
        for pattern, step, words, hint in _SAID:
            if re.search(pattern, f"{type(error).__name__}: {error}"):
                return Failed(step, words.format(**values), hint)
        return Failed("", f"it does not work: {said}")

    return explain


def _step_of(error: NightdeskError) -> str:
    return LOGIN if type(error).__name__ in ("LoginRefused", "WrongKey") else ""


def _short(error: BaseException) -> str:
    """The first line that says something, without the address that SQLAlchemy adds."""
    text = str(getattr(error, "orig", None) or error).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
