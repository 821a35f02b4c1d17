"""The object for a connection, by its kind."""

from __future__ import annotations

from nightdesk.connecting.hidden import hidden
from nightdesk.connecting.problem import ConnectionProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_HOME = {
    "postgresql": "sql",
    "mysql": "sql",
    "sqlite": "sql",
    "sqlalchemy": "sql",
    "s3": "files",
    "sftp": "files",
    "folder": "files",
    "fsspec": "files",
    "http": "http",
    "git": "repository",
}


class Given:
    """What the platform hands out for one connection: who opens it gets these values and no others."""

    __slots__ = ("kind", "name", "place", "read_only", "secrets", "settings")

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.name = str(answer["name"])
        self.kind = str(answer["kind"])
        self.read_only = bool(answer.get("read_only"))
        self.settings: dict[str, Any] = dict(answer.get("settings") or {})
        self.secrets: dict[str, Any] = hidden(dict(answer.get("secrets") or {}))
        self.place: str | None = answer.get("place")

    def __repr__(self) -> str:
        return f"<connection {self.name!r}, {self.kind}>"


def open_connection(answer: Mapping[str, Any]) -> Any:
    """The field's own object: an SQLAlchemy engine, an fsspec file system, an httpx client, a path.

    `answer` is what `POST /connections/NAME/use` says. Databases are asked for nothing yet: they say no when the object
    is first used. Raises ConnectionProblem, DriverMissing.
    """
    from importlib import import_module

    given = Given(answer)
    home = _HOME.get(given.kind)
    if home is None:
        raise ConnectionProblem(
            f"this session or run knows no connections of kind {given.kind!r}",
            "Choose a newer version of the environment.",
        )
    return getattr(import_module(f"nightdesk.connecting.{home}"), f"open_{given.kind}")(given)
