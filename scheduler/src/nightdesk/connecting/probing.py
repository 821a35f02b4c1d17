"""Trying a connection step by step, in words that a person can act on.

The steps are the name of the server, its port, the login, and the right to read. The first that fails is the last.
Each that waits for somebody else has a time limit.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from nightdesk.client.errors import NightdeskError
from nightdesk.connecting.opening import Given, open_connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

NAME, PORT, LOGIN, RIGHT = "name resolves", "port answers", "login", "right"
NAME_SECONDS = 10.0
PORT_SECONDS = 5.0
STEP_SECONDS = 30.0
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521, "sftp": 22}


class Failed(Exception):
    """A step that did not work out: which, why, and what to do."""

    def __init__(self, step: str, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.step = step
        self.words = words
        self.hint = hint


def outcome(answer: Mapping[str, Any]) -> dict[str, Any]:
    """`{"ok", "steps": [{"name", "ok", "words"}, …], "words", "hint"}` of trying this connection."""
    steps: list[dict[str, Any]] = []
    hint = ""
    for step in probe(answer):
        hint = step.pop("hint")
        steps.append(step)
    good = bool(steps) and bool(steps[-1]["ok"])
    last = steps[-1]["words"] if steps else "nothing was tried"
    return {"ok": good, "steps": steps, "words": last, "hint": "" if good else hint}


def probe(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The steps as they are taken: `{"name", "ok", "words", "hint"}`; the first that fails ends it."""
    try:
        given = Given(answer)
        for name, words in _steps(given, answer):
            yield {"name": name, "ok": True, "words": words, "hint": ""}
    except Failed as failed:
        yield {"name": failed.step, "ok": False, "words": failed.words, "hint": failed.hint}
    except NightdeskError as error:
        yield {"name": RIGHT, "ok": False, "words": error.message, "hint": error.hint or ""}


def _steps(given: Given, answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where = _where(given)
    if where is not None:
        host, port = where
        yield NAME, _resolve(host)
        yield PORT, _answers(host, port)
    from nightdesk.connecting import trying
    from nightdesk.connecting.sayings import explained

    opened = _within(lambda: open_connection(answer), LOGIN, explained(given))
    with contextlib.closing(_Closing(opened)):
        for step, act in getattr(trying, f"try_{given.kind}")(given, opened):
            yield step, str(_within(act, step, explained(given)))


class _Closing:
    """Whatever was opened, to be closed in its own way."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    def close(self) -> None:
        for name in ("dispose", "close"):
            if callable(act := getattr(self._opened, name, None)):
                act()
                return


def _where(given: Given) -> tuple[str, int] | None:
    """Host and port of what answers over the network."""
    settings = given.settings
    if settings.get("host"):
        return str(settings["host"]), int(settings.get("port") or _PORTS.get(given.kind, 0))
    if given.kind == "s3" and not settings.get("endpoint"):
        return None  # AWS; what does not work shows at the login
    address = settings.get("url") or settings.get("endpoint")
    if not address:
        return None
    from urllib.parse import urlsplit

    parts = urlsplit(str(address))
    ports = {**_PORTS, "http": 80, "https": 443}
    try:
        port = parts.port or ports.get(parts.scheme.partition("+")[0])
    except ValueError:
        raise Failed(NAME, f"the port in the address of '{given.name}' is no number") from None
    return (parts.hostname, port) if parts.hostname and port else None


def _resolve(host: str) -> str:
    def look() -> str:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return str(found[0][4][0])

    def explain(error: BaseException) -> Failed:
        if isinstance(error, socket.gaierror | UnicodeError):
            words = f"no machine is known by the name '{host}'"
            return Failed(
                NAME,
                words,
                "Check the spelling. A name that only the server itself knows is none in its containers.",
            )
        return Failed(NAME, f"the name '{host}' cannot be looked up: {error}")

    address = _within(look, NAME, explain, NAME_SECONDS)
    return f"'{host}' is {address}" if address != host else f"{host} is an address"


def _answers(host: str, port: int) -> str:
    def connect() -> str:
        socket.create_connection((host, port), PORT_SECONDS).close()
        return f"port {port} of {host} answers"

    def explain(error: BaseException) -> Failed:
        if isinstance(error, ConnectionRefusedError):
            return Failed(
                PORT,
                f"nothing listens on port {port} of {host}",
                "Is the port right, and does the server listen on more than its own loopback address?",
            )
        if isinstance(error, TimeoutError):
            return Failed(
                PORT,
                f"port {port} of {host} does not answer within {PORT_SECONDS:.0f} s",
                "A firewall may be between, or the platform's own filter (network.egress and network.allow).",
            )
        why = getattr(error, "strerror", None) or str(error)
        return Failed(PORT, f"port {port} of {host} is out of reach: {str(why).lower()}")

    return str(_within(connect, PORT, explain, PORT_SECONDS + 5))


def _within(
    act: Callable[[], Any],
    step: str,
    explain: Callable[[BaseException], Failed],
    seconds: float | None = None,
) -> Any:
    """What it returns. Raises Failed where it fails, or has not returned in time: some libraries know no limit."""
    seconds = STEP_SECONDS if seconds is None else seconds
    result: list[Any] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(act())
        except BaseException as error:  # noqa: BLE001 - whatever a library raises is put in words below
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        error = failure[0]
        if isinstance(error, Failed):
            raise error
        found = explain(error)
        found.step = found.step or step
        raise found from None
    if not result:
        raise Failed(step, f"no answer within {seconds:g} s")
    return result[0]
