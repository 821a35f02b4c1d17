"""The part of the port ``Records`` that keeps environments: versions, channels, groups, and their history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from nightdesk.server.adapters.audit_sql import note as note_audit
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.environment_tables import channels, events, versions
from nightdesk.server.adapters.environment_tables import groups as groups_table
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.channel import Action, Event
from nightdesk.server.domain.environment import Kernel, Layer, Offer, Origin, Package, Version
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.catalogue import RunsOf

_LARGE = {"packages", "layers", "lock"}
_CHANNELS = select(channels).order_by(channels.c.channel.desc())
_GROUPS = select(groups_table).order_by(groups_table.c.group_name)
_VERSIONS = select(*(column for column in versions.columns if column.name not in _LARGE)).order_by(
    versions.c.environment
)
LAST_CHANGE = select(func.max(events.c.id))
_LIVE = (Status.QUEUED, Status.STARTING, Status.RUNNING)
_SETUP = "setup"


class CatalogueSql:
    """Versions of environments, the channels that point at them, who they are for, and what was done."""

    _database: Database
    _list: tuple[int | None, list[Version]] | None = None

    def add_version(self, version: Version) -> bool:
        with self._database.writing() as connection:
            known = connection.execute(
                select(versions.c.digest).where(*_this(version.environment, version.version))
            ).scalar_one_or_none()
            if known == version.digest:
                _fill_in(connection, version, self._database.now(connection))
                return False
            if known is not None:
                raise Conflict(
                    f"{version.label} stays the image on record ({known[:19]}); what was built now is another",
                    "To offer the new build, give it a version of its own in its environment.yaml.",
                )
            connection.execute(insert(versions).values(**_to_row(version)))
            by, at = version.origin.built_by or _SETUP, self._database.now(connection)
            _note(
                connection,
                Event(at, by, Action.REGISTERED, version.environment, version.version, words=version.digest),
            )
            for channel in version.channels:
                _point(connection, version.environment, channel, version.version, by, at)
            return True

    def versions(self) -> list[Version]:
        with self._database.reading() as connection:
            return self._listed(connection, connection.execute(LAST_CHANGE).scalar_one_or_none())

    def _listed(self, connection: Connection, change: int | None) -> list[Version]:
        """The list of versions, read again only when it was changed: each change leaves an event."""
        if self._list is None or self._list[0] != change:
            self._list = change, _read_list(connection)
        return list(self._list[1])

    def version(self, environment: str, version: str) -> Version | None:
        with self._database.reading() as connection:
            return _whole(connection, environment, version)

    def packages(self, digest: str) -> list[Package]:
        with self._database.reading() as connection:
            found = connection.execute(select(versions.c.packages).where(versions.c.digest == digest)).first()
            return [] if found is None else [Package(*each) for each in found.packages]

    def layers(self) -> list[tuple[Version, tuple[Layer, ...]]]:
        columns = [column for column in versions.columns if column.name not in {"packages", "lock"}]
        query = select(*columns).where(versions.c.offer != Offer.REMOVED)
        with self._database.reading() as connection:
            return [
                (_version(row, (), ()), tuple(Layer(*each) for each in row.layers))
                for row in connection.execute(query)
            ]

    def move_channel(self, environment: str, channel: str, version: str, by: str, back: bool = False) -> str:
        with self._database.writing() as connection:
            there = _whole(connection, environment, version)
            if there is None:
                raise NotFound(f"there is no version '{version[:60]}' of '{environment[:60]}'")
            if there.offer is Offer.REMOVED:
                raise Conflict(f"{there.label} was removed", "Choose a version that is there.")
            if there.offer is Offer.DEPRECATED:
                raise Conflict(
                    f"{there.label} is deprecated",
                    "Offer it again first: `nightdesk env offer NAME:VERSION`.",
                )
            return _point(connection, environment, channel, version, by, self._database.now(connection), back)

    def set_offer(self, environment: str, version: str, offer: Offer, by: str, words: str = "") -> Version:
        with self._database.writing() as connection:
            there = _whole(connection, environment, version)
            if there is None:
                raise NotFound(f"there is no version '{version[:60]}' of '{environment[:60]}'")
            if there.offer is offer:
                return there
            if there.offer is Offer.REMOVED:
                raise Conflict(
                    f"{there.label} was removed",
                    f"Build it again from its lock: `nightdesk env build --again {there.label}`.",
                )
            if offer is not Offer.OFFERED and there.channels:
                raise Conflict(
                    f"{there.label} is {' and '.join(there.channels)}",
                    "Promote another version to that channel first.",
                )
            if offer is Offer.REMOVED and (alive := _alive(connection, there)):
                raise Conflict(
                    f"1 run of {there.label} has not ended"
                    if alive == 1
                    else f"{alive} runs of {there.label} have not ended",
                    "Wait for them, or cancel them.",
                )
            connection.execute(update(versions).where(*_this(environment, version)).values(offer=offer))
            action = {
                Offer.OFFERED: Action.OFFERED,
                Offer.DEPRECATED: Action.DEPRECATED,
                Offer.REMOVED: Action.REMOVED,
            }[offer]
            at = self._database.now(connection)
            _note(connection, Event(at, by, action, environment, version, words=words))
            changed = _whole(connection, environment, version)
            assert changed is not None  # noqa: S101 - it was updated in this transaction
            return changed

    def set_groups(self, environment: str, groups: tuple[str, ...], by: str) -> None:
        with self._database.writing() as connection:
            known = select(versions.c.version).where(versions.c.environment == environment).limit(1)
            if connection.execute(known).first() is None:
                raise NotFound(f"there is no environment '{environment[:60]}'")
            connection.execute(delete(groups_table).where(groups_table.c.environment == environment))
            for name in sorted(set(groups)):
                connection.execute(insert(groups_table).values(environment=environment, group_name=name))
            at = self._database.now(connection)
            words = ", ".join(sorted(set(groups))) or "everybody"
            _note(connection, Event(at, by, Action.GROUPS, environment, words=words))

    def environment_events(self, environment: str | None = None, limit: int = 500) -> list[Event]:
        query = select(events).order_by(events.c.id.desc()).limit(limit)
        if environment is not None:
            query = query.where(events.c.environment == environment)
        with self._database.reading() as connection:
            return [
                Event(
                    row.at,
                    row.by,
                    Action(row.action),
                    row.environment,
                    row.version,
                    row.channel,
                    row.before,
                    row.words,
                )
                for row in connection.execute(query)
            ]

    def runs_of_versions(self, environment: str | None = None) -> dict[tuple[str, str], RunsOf]:
        of = (runs.c.environment, runs.c.version)
        total = select(*of, func.count(), func.max(runs.c.created_at)).group_by(*of)
        alive = select(*of, func.count()).where(runs.c.status.in_(_LIVE)).group_by(*of)
        if environment is not None:
            total = total.where(runs.c.environment == environment)
            alive = alive.where(runs.c.environment == environment)
        with self._database.reading() as connection:
            going_on = {(name, version): count for name, version, count in connection.execute(alive)}
            return {
                (name, version): RunsOf(count, going_on.get((name, version), 0), last)
                for name, version, count, last in connection.execute(total)
            }


def _read_list(connection: Connection) -> list[Version]:
    """Every version in the port's order, without packages, layers and lock."""
    pointed, of_groups = _channels(connection), _groups(connection)
    found = [
        _version(
            row,
            pointed.get((row.environment, row.version), ()),
            of_groups.get(row.environment, ()),
        )
        for row in connection.execute(_VERSIONS)
    ]
    since: dict[str, float] = {}
    for each in found:
        since[each.environment] = min(each.created_at, since.get(each.environment, each.created_at))
    found.sort(key=lambda version: (version.created_at, _natural(version.version)), reverse=True)
    return sorted(found, key=lambda version: (since[version.environment], version.environment))


def _this(environment: str, version: str) -> tuple[Any, Any]:
    return versions.c.environment == environment, versions.c.version == version


def _alive(connection: Connection, version: Version) -> int:
    of = (runs.c.environment == version.environment) & (runs.c.version == version.version)
    query = select(func.count()).select_from(runs).where(of, runs.c.status.in_(_LIVE))
    return int(connection.execute(query).scalar_one())


def _point(
    connection: Connection,
    environment: str,
    channel: str,
    version: str,
    by: str,
    at: float,
    back: bool = False,
) -> str:
    where = (channels.c.environment == environment) & (channels.c.channel == channel)
    before = connection.execute(select(channels.c.version).where(where)).scalar_one_or_none()
    if before == version:
        return version
    connection.execute(delete(channels).where(where))
    connection.execute(insert(channels).values(environment=environment, channel=channel, version=version))
    action = Action.ROLLED_BACK if back else Action.PROMOTED
    _note(connection, Event(at, by, action, environment, version, channel, before or ""))
    return before or ""


def _note(connection: Connection, event: Event) -> None:
    connection.execute(
        insert(events).values(
            at=event.at,
            by=event.by,
            action=event.action,
            environment=event.environment,
            version=event.version,
            channel=event.channel,
            before=event.before,
            words=event.words,
        )
    )
    note_audit(
        connection,
        event.at,
        Note(event.by, f"environment.{event.action}", _label(event), words=_words(event)),
    )


def _label(event: Event) -> str:
    return f"{event.environment}:{event.version}" if event.version else event.environment


def _words(event: Event) -> str:
    """What the history has in columns of its own, as the audit log says it."""
    moved = f"{event.channel}, before {event.before or 'nothing'}" if event.channel else ""
    return "; ".join(each for each in (moved, event.words) if each)


def _fill_in(connection: Connection, version: Version, at: float) -> None:
    """Of a version that was registered before such things were noted: where the same image comes from."""
    known = connection.execute(
        select(versions.c.recipe_sha256, versions.c.size_bytes).where(
            *_this(version.environment, version.version)
        )
    ).one()
    if known.size_bytes or known.recipe_sha256 or not version.size_bytes:
        return
    row = _to_row(version)
    names = ("source", "recipe_sha256", "lock", "size_bytes", "layers", "contract", "packages")
    connection.execute(
        update(versions)
        .where(*_this(version.environment, version.version))
        .values({name: row[name] for name in names})
    )
    words = "noted where it comes from"
    _note(
        connection,
        Event(at, _SETUP, Action.REGISTERED, version.environment, version.version, words=words),
    )


def _channels(connection: Connection) -> dict[tuple[str, str], list[str]]:
    pointed: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(_CHANNELS):
        pointed.setdefault((row.environment, row.version), []).append(row.channel)
    return pointed


def _groups(connection: Connection) -> dict[str, list[str]]:
    of: dict[str, list[str]] = {}
    for row in connection.execute(_GROUPS):
        of.setdefault(row.environment, []).append(row.group_name)
    return of


def _whole(connection: Connection, environment: str, version: str) -> Version | None:
    row = connection.execute(select(versions).where(*_this(environment, version))).first()
    if row is None:
        return None
    pointed = _channels(connection).get((environment, version), ())
    return _version(row, pointed, _groups(connection).get(environment, ()), whole=True)


def _to_row(version: Version) -> dict[str, Any]:
    return {
        "environment": version.environment,
        "version": version.version,
        "digest": version.digest,
        "image": version.image,
        "title": version.title,
        "description": version.description,
        "kernels": [
            {"name": kernel.name, "display_name": kernel.display_name, "language": kernel.language}
            for kernel in version.kernels
        ],
        "packages": [[each.name, each.version, each.kind] for each in version.packages],
        "created_at": version.created_at,
        "offer": version.offer,
        "source": version.origin.source,
        "built_by": version.origin.built_by,
        "build_id": version.origin.build_id,
        "recipe_sha256": version.origin.recipe_sha256,
        "lock": version.origin.lock,
        "size_bytes": version.size_bytes,
        "layers": [[layer.id, layer.bytes] for layer in version.layers],
        "contract": version.contract,
    }


def _version(row: Row[Any], pointed: Any, of_groups: Any, whole: bool = False) -> Version:
    return Version(
        environment=row.environment,
        version=row.version,
        digest=row.digest,
        image=row.image,
        title=row.title,
        description=row.description,
        kernels=tuple(Kernel(**kernel) for kernel in row.kernels),
        created_at=row.created_at,
        channels=tuple(pointed),
        packages=tuple(Package(*each) for each in row.packages) if whole else (),
        offer=Offer(row.offer),
        groups=tuple(of_groups),
        origin=Origin(row.source, row.built_by, row.build_id, row.recipe_sha256, row.lock if whole else ""),
        size_bytes=row.size_bytes,
        layers=tuple(Layer(*each) for each in row.layers) if whole else (),
        contract=row.contract,
    )


def _natural(version: str) -> tuple[tuple[int, int | str], ...]:
    """``2026.10.1`` after ``2026.9.3``."""
    return tuple((0, int(part)) if part.isdigit() else (-1, part) for part in version.split("."))
