"""Asking the platform for connections, each time anew: who lost the right to one gets it no more.

What was opened before is given again while the platform's answer is the same, so that a notebook that asks in each
cell does not open a pool in each cell.
"""

from __future__ import annotations

import json
import os
import threading
from hashlib import sha256
from html import escape

from nightdesk.client.errors import NightdeskError
from nightdesk.connecting.hidden import hidden, texts
from nightdesk.connecting.problem import ConnectionProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.transport import Transport

# By name: what the answer was, and what was made of it. A process that was forked off has none of its parent's lines.
_opened: dict[str, tuple[str, Any]] = {}
_lock = threading.RLock()


def connect(name: str) -> Any:
    """What the platform says now, opened. Raises NightdeskError."""
    from nightdesk.connecting.opening import open_connection

    with _lock:
        try:
            answer = use(name)
        except NightdeskError:
            _forget(name)
            raise
        mark = sha256(json.dumps([os.getpid(), answer], sort_keys=True).encode()).hexdigest()
        before = _opened.get(name)
        if before is not None and before[0] == mark and _alive(before[1]):
            return before[1]
        _forget(name)
        answer["secrets"] = hidden(answer.get("secrets"))
        made = open_connection(answer)
        _opened[name] = mark, made
        return made


def use(name: str) -> dict[str, Any]:
    """What the platform says now, with the secrets in it, which the runner knows by then. Raises NightdeskError."""
    answer: dict[str, Any] = _ask("POST", "/connections", name, "use")
    _note(answer.get("secrets"))
    return answer


def listed() -> Connections:
    """What one may use. Raises NightdeskError."""
    return Connections(_ask("GET", "/connections")["connections"])


class Connections(list["dict[str, Any]"]):
    """Connections, each as the platform describes it; shown as a table with a line of code for each."""

    def __repr__(self) -> str:
        if not self:
            return "There is no connection for you. An admin makes one, and grants it."
        rows = [("NAME", "KIND", "YOU MAY", "EXAMPLE"), *map(_row, self)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = []
        for row in rows:
            start = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
            lines.append(f"{start}  {row[3]}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{escape(repr(self))}</p>"
        rows = []
        for each in self:
            name, kind, may, example = (escape(text) for text in _row(each))
            more = escape(str(each.get("title") or ""))
            if each.get("description"):
                more += f"<br><small>{escape(str(each['description']))}</small>"
            rows.append(
                f"<tr><td><b>{name}</b></td><td>{kind}</td><td>{may}</td>"
                f"<td style='text-align: left'>{more}</td>"
                f"<td style='text-align: left'><code>{example}</code></td></tr>"
            )
        head = "".join(f"<th>{word}</th>" for word in ("Name", "Kind", "You may", "What it is", "Example"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(each: dict[str, Any]) -> tuple[str, str, str, str]:
    may = "read and write" if each.get("write") else "read"
    return str(each["name"]), str(each["kind"]), may, str(each.get("example") or "")


def _ask(method: str, *path: str) -> Any:
    from nightdesk.client.login import find_login
    from nightdesk.client.transport import Transport

    transport: Transport = Transport(find_login())
    try:
        return transport.json(method, *path)
    finally:
        transport.close()


def _note(secrets: Any) -> None:
    """Tell the runner what to mask, before the code has it. In a session there is nobody to tell."""
    path = os.environ.get("NIGHTDESK_MASKS")
    found = [text for text in texts(secrets) if text]
    if not path or not found:
        return
    line = (json.dumps({"secrets": found}) + "\n").encode("ascii")
    try:
        # One write of one line in append mode: processes and threads may note something at the same time.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        raise ConnectionProblem(
            f"the secret cannot be masked in what the run prints: {path}: {error.strerror}",
            "So it is not handed out. The run may have filled its /tmp.",
        ) from error


def _alive(made: Any) -> bool:
    """Not a line that broke, or a client that somebody closed."""
    if getattr(made, "is_closed", False):
        return False
    return bool(getattr(getattr(made, "fs", None), "alive", True))


def _forget(name: str) -> None:
    """Of what was opened before, close what nobody uses at the moment."""
    _mark, made = _opened.pop(name, ("", None))
    if callable(dispose := getattr(made, "dispose", None)):
        dispose()
