"""Connections as admins keep them, and as code is handed them at the moment of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nightdesk.connection_places import OfferedPlace
from nightdesk.server.domain.audit import AuditFilter, Entry, Note
from nightdesk.server.domain.connection import (
    Connection,
    Grant,
    Login,
    access,
    check_access,
    check_connection,
    check_grant,
    check_place,
    check_secrets,
    in_words,
    login,
    not_there,
    offered_place,
)
from nightdesk.server.domain.connection_kind import ConnectionKind, fields_of, read_only_by_default
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run_token import Attempt
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Draft:
    """A connection to be made; ``read_only`` None: as its kind has it."""

    name: str
    kind: ConnectionKind
    title: str = ""
    description: str = ""
    read_only: bool | None = None
    settings: Mapping[str, Any] | None = None
    secrets: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rewording:
    """What to say anew of a connection; None leaves a thing as it is, a setting that is null is taken out.

    ``secrets`` go into the place of those of the same names: a login may need a setting and a secret at once.
    """

    title: str | None = None
    description: str | None = None
    read_only: bool | None = None
    settings: Mapping[str, Any] | None = None
    secrets: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Vault:
    """Connections with their secrets; ``host_paths`` are the places of the machine that may be handed out."""

    records: Records
    sealing: Sealing
    host_paths: tuple[str, ...] = ()

    def mine(self, person: Person) -> list[tuple[Connection, bool]]:
        """What this person may use, and whether to write."""
        found = [(connection, access(connection, person)) for connection in self.records.connections()]
        return [(connection, writes) for connection, writes in found if writes is not None]

    def seen(self, person: Person, name: str) -> tuple[Connection, bool]:
        """One that this person may use, and whether to write.

        Raises:
            NotFound: there is none, or it is not theirs.
        """
        return check_access(self.records.connection(name), person, name)

    def places(self, person: Person) -> list[OfferedPlace]:
        """The places of this machine that sessions of this person have."""
        return places_of(self.records.connections(), person, self.host_paths)

    def make(self, by: Person, draft: Draft) -> Connection:
        """A new connection, which nobody but admins may use yet.

        Raises:
            Invalid: says what to change.
            Conflict: there is one of this name.
        """
        secrets = check_secrets(draft.kind, draft.secrets or {})
        read_only = read_only_by_default(draft.kind) if draft.read_only is None else draft.read_only
        wanted = Connection(
            draft.name, draft.kind, draft.title, draft.description, draft.settings or {}, read_only
        )
        connection = self._checked(wanted, secrets)
        sealed = self.sealing.seal(connection.name, secrets) if secrets else ""
        note = Note(by.name, "connection.made", connection.name, words=f"{connection.kind}")
        return self.records.add_connection(replace(connection, sealed=sealed), note)

    def change(self, by: Person, name: str, said: Rewording) -> Connection:
        """Say something anew; secrets that are not named stay.

        Raises:
            NotFound: there is none.
            Invalid: says what to change.
        """
        before = self._known(name)
        settings = before.settings
        if said.settings is not None:
            merged = {**settings, **said.settings}
            settings = {key: value for key, value in merged.items() if value is not None}
        wanted = replace(
            before,
            title=before.title if said.title is None else said.title,
            description=before.description if said.description is None else said.description,
            read_only=before.read_only if said.read_only is None else said.read_only,
            settings=settings,
        )
        kept = self._secrets(before)
        # A reader's login goes as a whole: with its name its secret.
        secrets = {
            **_left(before.kind, settings, kept),
            **check_secrets(before.kind, said.secrets or {}),
        }
        after = self._checked(wanted, secrets)
        if secrets != kept:
            after = replace(after, sealed=self.sealing.seal(name, secrets) if secrets else "")
        words = ", ".join(_differences(before, after)) or "nothing"
        note = Note(by.name, "connection.changed", name, words=words)
        return self.records.change_connection(before, after, note)

    def rotate(self, by: Person, name: str, secrets: Mapping[str, Any]) -> Connection:
        """Put new secrets into the place of those of the same names; an empty one is taken out.

        Raises:
            NotFound: there is none.
            Invalid: says what to change.
        """
        before = self._known(name)
        if not secrets:
            raise Invalid("name at least one secret", "Its kind has: see GET /connections/NAME.")
        given = check_secrets(before.kind, secrets)
        # What is kept is opened only where something of it stays: a lost key does not keep anybody from giving all anew.
        stay = set(before.secret_names) - set(secrets)
        kept = {key: value for key, value in (self._secrets(before) if stay else {}).items() if key in stay}
        all_of_them = {**kept, **given}
        after = self._checked(before, all_of_them)
        sealed = self.sealing.seal(name, all_of_them) if all_of_them else ""
        note = Note(by.name, "connection.rotated", name, words=", ".join(sorted(secrets)))
        return self.records.change_connection(before, replace(after, sealed=sealed), note)

    def remove(self, by: Person, name: str) -> None:
        """Take it away, with its secrets and grants.

        Raises:
            NotFound: there is none.
        """
        if not self.records.remove_connection(name, Note(by.name, "connection.removed", name)):
            raise not_there(name)

    def grant(self, by: Person, name: str, wanted: Grant) -> Connection:
        """Let somebody use it; it says whether to write anew for who has it already.

        Raises:
            NotFound: there is no such connection.
            Conflict: it is for reading alone.
        """
        connection, grant = self._known(name), check_grant(wanted)
        if grant.write and connection.read_only:
            raise Conflict(
                f"connection '{name}' is read-only", "Grant reading, or change the connection first."
            )
        note = Note(by.name, "connection.granted", name, _whom(grant), in_words(grant))
        if not self.records.grant(name, grant, note):
            raise not_there(name)
        return self._known(name)

    def revoke(self, by: Person, name: str, wanted: Grant) -> Connection:
        """Take it from somebody; their next use of it is refused.

        Raises:
            NotFound: there is no such connection, or they did not have it.
        """
        self._known(name)
        grant = check_grant(wanted)
        note = Note(by.name, "connection.revoked", name, _whom(grant), in_words(grant).rpartition(" to ")[0])
        if not self.records.revoke(name, grant, note):
            raise NotFound(
                f"{note.words} is not granted '{name}'", "See who is: `nightdesk connection show NAME`."
            )
        return self._known(name)

    def use(
        self, person: Person, name: str, attempt: Attempt | None, errand: str = ""
    ) -> tuple[Connection, Login]:
        """What code opens the connection with, now: it is on record before it is handed out.

        ``errand`` says what the platform itself needs it for.

        Raises:
            NotFound: there is none, or it is not theirs any more.
            Unavailable: its key is not there, or the database does not answer; then nothing is handed out.
        """
        connection, writes = self.seen(person, name)
        handed = login(connection, self._secrets(connection), writes)
        way = "to read" if handed.read_only else "to write"
        where = "by own token" if attempt is None else f"by run {attempt.run_id}, attempt {attempt.number}"
        where = errand or where
        self.records.note_use(
            name, Note(person.name, "connection.used", name, words=f"{way}, {where}"), attempt
        )
        return connection, handed

    def logins(self, name: str) -> tuple[Connection, list[Login]]:
        """The login, and the reader's where there is one: to be tried, not to be handed out.

        Raises:
            NotFound: there is no such connection.
            Unavailable: its key is not there.
        """
        connection = self._known(name)
        secrets = self._secrets(connection)
        writes = [not connection.read_only, False] if connection.has_reader else [not connection.read_only]
        return connection, [login(connection, secrets, each) for each in dict.fromkeys(writes)]

    def uses(self, name: str, limit: int) -> list[Entry]:
        """Who used it, newest first.

        Raises:
            NotFound: there is no such connection.
        """
        self._known(name)
        wanted = AuditFilter(on=name, action="connection.used", limit=limit)
        return [entry for entry in self.records.entries(wanted) if entry.object == name]

    def reseal(self, by: Person) -> int:
        """Seal everything under the newest key, in one step or not at all; how many were sealed anew.

        Raises:
            Unavailable: the key of one of them is not there.
            Conflict: somebody changes one of them at the same time.
        """
        newest = self.sealing.newest
        old = [
            connection
            for connection in self.records.connections()
            if connection.sealed and self.sealing.key_of(connection.sealed) != newest
        ]
        anew = [(each, self.sealing.seal(each.name, self._secrets(each))) for each in old]
        words = f"{len(anew)} connections, under key {newest}"
        self.records.reseal_connections(anew, Note(by.name, "connection.resealed", words=words))
        return len(anew)

    def keys_missing(self) -> list[str]:
        """The names of connections whose key is not there."""
        return [
            connection.name
            for connection in self.records.connections()
            if connection.sealed and not self.sealing.has(self.sealing.key_of(connection.sealed))
        ]

    def _known(self, name: str) -> Connection:
        connection = self.records.connection(name)
        if connection is None:
            raise not_there(name)
        return connection

    def _secrets(self, connection: Connection) -> dict[str, Any]:
        return self.sealing.open(connection.name, connection.sealed) if connection.sealed else {}

    def _checked(self, wanted: Connection, secrets: Mapping[str, Any]) -> Connection:
        connection = check_connection(wanted, secrets)
        check_place(connection, self.host_paths, self.records.connections())
        return connection


def _left(kind: ConnectionKind, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The secrets without those of a reader whose name is gone."""
    readers = [each for each in fields_of(kind) if each.reader_of]
    named = [each for each in readers if not each.secret]
    gone = bool(named) and not any(each.name in settings for each in named)
    dropped = {each.name for each in readers if each.secret} if gone else set()
    return {name: value for name, value in secrets.items() if name not in dropped}


def places_of(
    connections: Iterable[Connection], person: Person, host_paths: Iterable[str]
) -> list[OfferedPlace]:
    """The places of this machine that somebody has through connections."""
    allowed = tuple(host_paths)
    found = [offered_place(connection, person, allowed) for connection in connections]
    return [place for place in found if place is not None]


def _whom(grant: Grant) -> str:
    return grant.name if grant.kind == "person" else ""


def _differences(before: Connection, after: Connection) -> list[str]:
    """What was said anew, for the audit log: names alone."""
    said = [each for each in ("title", "description") if getattr(before, each) != getattr(after, each)]
    if before.read_only != after.read_only:
        said.append("read-only" if after.read_only else "not read-only")
    names = sorted({*before.settings, *after.settings})
    if before.secret_names != after.secret_names or before.sealed != after.sealed:
        said.append("secrets")
    return said + [each for each in names if before.settings.get(each) != after.settings.get(each)]
