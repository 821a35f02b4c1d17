"""The forms of a connection: the fields of its kind, as a person types them. A secret is in none of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from nightdesk.connection_kinds import KINDS, Kind
from nightdesk.server.domain.connection import Connection, Grant
from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.policy import Kind as Whom

_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionForm:
    """What stands in the fields: from the connection on record, or as it was typed.

    ``secrets`` are what was typed of them. They are never shown again, and no template is given them.
    """

    kind: Kind
    name: str = ""
    title: str = ""
    description: str = ""
    read_only: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def empty(cls, kind: str) -> ConnectionForm:
        """The form of a new one.

        Raises:
            NotFound: there is no such kind.
        """
        about = kind_of(kind)
        return cls(about, read_only=about.read_only)

    @classmethod
    def of(cls, connection: Connection) -> ConnectionForm:
        """The form of what is on record."""
        about = kind_of(connection.kind.value)
        values = {name: _text(value) for name, value in connection.settings.items()}
        return cls(
            about,
            connection.name,
            connection.title,
            connection.description,
            connection.read_only,
            values,
        )

    @classmethod
    def typed(cls, kind: str, form: FormData) -> ConnectionForm:
        """The form as somebody sent it."""
        about = kind_of(kind)
        return cls(
            about,
            _sent(form, "name").strip(),
            _sent(form, "title").strip(),
            _sent(form, "description").strip(),
            bool(_sent(form, "read_only")),
            {each.name: _sent(form, f"setting.{each.name}").strip() for each in about.plain},
            {each.name: _lines(_sent(form, f"secret.{each.name}")) for each in about.hidden},
        )

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as the vault takes them; what is empty is null."""
        return {name: value or None for name, value in self.values.items()}

    @property
    def given(self) -> dict[str, Any]:
        """The secrets that were typed."""
        return {name: value for name, value in self.secrets.items() if value}


def kind_of(name: str) -> Kind:
    """What there is to know about a kind.

    Raises:
        NotFound: there is no such kind.
    """
    if name not in KINDS:
        raise NotFound(f"there is no kind of connection '{name[:40]}'", f"There is: {', '.join(KINDS)}.")
    return KINDS[name]


def grant_of(form: FormData) -> Grant:
    """Whom the form of grants names; what it does not name is everybody."""
    kind = _sent(form, "whom")
    whom = Whom(kind) if kind in set(Whom) else Whom.EVERYBODY
    name = "" if whom is Whom.EVERYBODY else _sent(form, "name").strip()
    return Grant(whom, name, _sent(form, "write") == "true")


def _sent(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value[:_LONGEST] if isinstance(value, str) else ""


def _lines(text: str) -> str:
    """A form sends lines with the carriage return of HTTP, which no key has."""
    return text.replace("\r\n", "\n")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
