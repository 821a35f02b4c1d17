"""A connection: a named way to data with its secret, and who may use it.

Each kind is a table of fields. Settings are shown to admins, secrets to nobody: they are handed to code at the moment
of use. A kind may have a second login, for those who are granted reading alone; they never get the first one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from nightdesk.connection_places import PLACE, OfferedPlace, Right
from nightdesk.server.domain.connection_kind import ConnectionKind, fields_of, spec_of
from nightdesk.server.domain.connection_value import check_value
from nightdesk.server.domain.errors import Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.submission import check_label

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_RESERVED = frozenset({"reseal"})
_LONGEST_DESCRIPTION = 2000


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may use a connection: everybody, a group or a person; ``write`` is more than reading."""

    kind: Kind
    name: str = ""
    write: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection as it is on record. ``secret_names`` says which secrets it has, ``sealed`` holds them.

    Times are seconds since 1970.
    """

    name: str
    kind: ConnectionKind
    title: str = ""
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool = False
    secret_names: tuple[str, ...] = ()
    sealed: str = field(default="", repr=False)
    grants: tuple[Grant, ...] = ()
    created_at: float = 0.0
    created_by: str = ""
    changed_at: float = 0.0
    changed_by: str = ""
    last_used_at: float | None = None

    @property
    def place(self) -> str | None:
        """Where sessions and runs find it, of those that are mounted: the folder, or the file of SQLite."""
        if self.kind is ConnectionKind.SQLITE:
            return f"{PLACE}/{self.name}/{PurePosixPath(str(self.settings['path'])).name}"
        return f"{PLACE}/{self.name}" if spec_of(self.kind).mounted else None

    @property
    def has_reader(self) -> bool:
        """Whether there is a login for those who only read."""
        given = {*self.settings, *self.secret_names}
        return any(each.reader_of and each.name in given for each in fields_of(self.kind))


@dataclass(frozen=True, slots=True)
class Login:
    """What code opens a connection with: the settings and secrets that its person gets, and no others."""

    read_only: bool
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)


def access(connection: Connection, person: Person) -> bool | None:
    """Whether this person may write there; None: they may not use it. The groups are those of now."""
    if person.admin:
        return not connection.read_only
    mine = [grant for grant in connection.grants if _is_for(grant, person)]
    if not mine:
        return None
    return any(grant.write for grant in mine) and not connection.read_only


def check_access(connection: Connection | None, person: Person, name: str) -> tuple[Connection, bool]:
    """The connection, and whether this person may write there.

    Raises:
        NotFound: there is none, or it is not theirs to use: the two answers are the same on purpose.
    """
    writes = None if connection is None else access(connection, person)
    if connection is None or writes is None:
        raise not_there(name)
    return connection, writes


def not_there(name: str) -> NotFound:
    """The answer about a connection that is not there, or not theirs."""
    return NotFound(
        f"there is no connection '{name[:60]}' for you",
        "List yours: `nightdesk connection list`. An admin grants it.",
    )


def login(connection: Connection, secrets: Mapping[str, Any], writes: bool) -> Login:
    """What somebody gets: who only reads gets the reader's login under the usual names, where there is one."""
    settings = {each.name: each.default for each in fields_of(connection.kind) if each.default is not None}
    settings |= connection.settings
    readers = {each.name: each.reader_of for each in fields_of(connection.kind) if each.reader_of}
    if writes or not connection.has_reader:
        return Login(not writes, _without(settings, readers), _without(secrets, readers))
    # Of the other login nothing is left over, whatever the reader's one has or lacks.
    replaced = {readers[name] for name in settings if name in readers}
    shown = _without(settings, {*readers, *replaced}) | _renamed(settings, readers)
    if connection.kind is ConnectionKind.SQLALCHEMY and "user" in shown:
        shown["url"] = _with_user(str(shown["url"]), str(shown.pop("user")))
    return Login(True, shown, _renamed(secrets, readers))


def offered_place(connection: Connection, person: Person, allowed: Iterable[str]) -> OfferedPlace | None:
    """The place of the machine that this person may have of it; None where it is no place, or not theirs.

    What the settings do not allow any more is not mounted any more.
    """
    if connection.place is None or access(connection, person) is None:
        return None
    path, allowed = PurePosixPath(str(connection.settings["path"])), tuple(allowed)
    if not any(path.is_relative_to(place) for place in allowed):
        return None
    writes = not connection.read_only and any(
        _written(connection, path).is_relative_to(place) for place in allowed
    )
    rights = [Right(None, writes)] if person.admin else []
    rights += [
        Right(grant.name if grant.kind is Kind.GROUP else None, grant.write and writes)
        for grant in connection.grants
        if _is_for(grant, person)
    ]
    file = connection.kind is ConnectionKind.SQLITE
    return OfferedPlace(str(path), connection.place, tuple(rights), file)


def held_to(connection: Connection, writes: bool) -> str | None:
    """What keeps somebody to reading: ``login``, ``mount``, ``database`` or ``request``; None where they write.

    Only of ``request`` nothing on the other side, or of the machine, stands behind it: it is a courtesy.
    """
    if writes:
        return None
    if spec_of(connection.kind).mounted:
        return "mount"
    if connection.has_reader:
        return "login"
    return spec_of(connection.kind).held_by


def check_name(name: str, field: str | None = "name") -> str:
    """Raise :class:`Invalid` unless it is a name for a connection."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise Invalid(
            f"'{name[:60]}' is no name for a connection",
            "A name has 1 to 31 lower-case letters, digits, '-' or '_', and begins with a letter.",
            field=field,
        )
    return name


def check_connection(connection: Connection, secrets: Mapping[str, Any]) -> Connection:
    """The connection with its values as they are kept, if it can be kept; ``secrets`` are all that it has.

    Raises:
        Invalid: says what to change. No value of a secret is in the words.
    """
    check_name(connection.name)
    settings = _checked(connection.kind, connection.settings, secret=False)
    _checked(connection.kind, secrets, secret=True)
    _check_reader(connection.kind, {*settings, *secrets})
    title = check_label("the title", connection.title, "title") if connection.title.strip() else ""
    description = check_description(connection.description)
    names = tuple(sorted(secrets))
    return replace(connection, title=title, description=description, settings=settings, secret_names=names)


def check_secrets(kind: ConnectionKind, secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Secrets as they are kept; what is empty is left out.

    Raises:
        Invalid: there is no such secret, or its value cannot be one.
    """
    known = {each.name: each for each in fields_of(kind) if each.secret}
    kept = {}
    for name, value in secrets.items():
        if name not in known:
            raise _unknown(kind, name, known, "secret")
        if value not in (None, "", {}):
            kept[name] = check_value(known[name], value)
    return kept


def check_place(connection: Connection, allowed: Iterable[str], others: Iterable[Connection]) -> None:
    """Raise :class:`Invalid` unless it may be taken from this machine: what is no place of it always may.

    Nor may it lie in a folder that somebody writes to through another connection, or hold one: they could put a link
    there that leads elsewhere.
    """
    if not spec_of(connection.kind).mounted:
        return
    path, places = PurePosixPath(str(connection.settings["path"])), tuple(allowed)
    taken = path if connection.read_only else _written(connection, path)
    if not any(taken.is_relative_to(place) for place in places):
        said = f"There is: {', '.join(places)}." if places else "The settings name none yet."
        raise Invalid(
            f"'{taken}' is below none of the places that connections may be taken from",
            f"{said} Whoever looks after the machine adds one as connections.host_paths in nightdesk.yaml.",
            field="settings.path",
        )
    for other in others:
        if other.name == connection.name or not spec_of(other.kind).mounted:
            continue
        theirs = PurePosixPath(str(other.settings["path"]))
        inside = not other.read_only and path.is_relative_to(_written(other, theirs)) and path != theirs
        around = (
            not connection.read_only and theirs.is_relative_to(_written(connection, path)) and path != theirs
        )
        if inside or around:
            raise Invalid(
                f"'{path}' and '{theirs}' of connection '{other.name}' lie in each other, and one is written to",
                "Make both read-only, or choose places beside each other.",
                field="settings.path",
            )


def _written(connection: Connection, path: PurePosixPath) -> PurePosixPath:
    """What somebody who writes can change: SQLite keeps files beside its own."""
    return path.parent if connection.kind is ConnectionKind.SQLITE else path


def check_grant(grant: Grant) -> Grant:
    """Raise :class:`Invalid` unless somebody can be called that."""
    if grant.kind is Kind.EVERYBODY:
        return Grant(Kind.EVERYBODY, "", grant.write)
    return Grant(grant.kind, check_label("the name of a group or person", grant.name), grant.write)


def check_description(text: str) -> str:
    """Some lines for people."""
    storable = "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
    if len(text) > _LONGEST_DESCRIPTION or not storable:
        raise Invalid(
            f"the description must be text of up to {_LONGEST_DESCRIPTION} characters", field="description"
        )
    return text.strip()


def in_words(grant: Grant) -> str:
    """Who it is, for the audit log."""
    who = "everybody" if grant.kind is Kind.EVERYBODY else f"{grant.kind} {grant.name}"
    return f"{who} to {'write' if grant.write else 'read'}"


def _checked(kind: ConnectionKind, values: Mapping[str, Any], *, secret: bool) -> dict[str, Any]:
    known = {each.name: each for each in fields_of(kind) if each.secret is secret}
    what = "secret" if secret else "setting"
    kept = {}
    for name, value in values.items():
        if name not in known:
            raise _unknown(kind, name, known, what)
        if value is not None and value != "":
            kept[name] = check_value(known[name], value)
    for each in known.values():
        if each.required and each.name not in kept and not (set(each.instead) & set(kept)):
            other = f" or '{each.instead[0]}'" if each.instead else ""
            raise Invalid(
                f"a {kind} connection needs the {what} '{each.name}'{other}",
                each.words,
                field=f"{what}s.{each.name}",
            )
    return kept


def _unknown(kind: ConnectionKind, name: str, known: Iterable[str], what: str) -> Invalid:
    some = ", ".join(known)
    hint = f"There is: {some}." if some else f"A {kind} connection has none."
    return Invalid(f"a {kind} connection has no {what} '{str(name)[:40]}'", hint, field=f"{what}s.{name}")


def _check_reader(kind: ConnectionKind, given: set[str]) -> None:
    """A reader's login is whole or not there."""
    readers = [each for each in fields_of(kind) if each.reader_of and each.name in given]
    names = [each for each in fields_of(kind) if each.reader_of and not each.secret]
    if not readers:
        return
    if names and not any(not each.secret for each in readers):
        raise Invalid(
            f"the reader's login needs '{names[0].name}' as well", field=f"settings.{names[0].name}"
        )
    if not any(each.secret for each in readers):
        needed = next(each.name for each in fields_of(kind) if each.reader_of and each.secret)
        raise Invalid(
            f"the reader's login needs the secret '{needed}' as well",
            "Give both, or neither: then who only reads gets the one login there is.",
            field=f"secrets.{needed}",
        )


def _is_for(grant: Grant, person: Person) -> bool:
    if grant.kind is Kind.PERSON:
        return grant.name == person.name
    return grant.kind is Kind.EVERYBODY or grant.name in person.groups


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    left_out = set(names)
    return {name: value for name, value in values.items() if name not in left_out}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items() if name in names}


def _with_user(url: str, user: str) -> str:
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{user}@{place.rpartition('@')[2]}{slash}{path}"
