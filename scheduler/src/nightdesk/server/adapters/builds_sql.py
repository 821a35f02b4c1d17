"""The part of the port ``Records`` that keeps builds and what they print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, tuple_, update

from nightdesk.server.adapters.audit_sql import note
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.environment_tables import build_log, builds, versions
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.build import (
    MOST_TRIES,
    Build,
    BuildKind,
    BuildLine,
    BuildStatus,
    check_build_transition,
)
from nightdesk.server.domain.errors import Conflict, FenceLost

_GOING_ON = (BuildStatus.BUILDING, BuildStatus.TESTING)
_OPEN = (BuildStatus.QUEUED, *_GOING_ON)


class BuildsSql:
    """Builds, one at a time, and their logs."""

    _database: Database

    def add_build(self, build: Build) -> None:
        with self._database.writing() as connection:
            _check_free(connection, build)
            connection.execute(insert(builds).values(**asdict(build)))
            words = f"{build.environment}:{build.version}" if build.environment else build.kind
            note(
                connection,
                build.created_at,
                Note(build.requested_by, "build.asked for", build.id, words=words),
            )

    def build(self, build_id: str) -> Build | None:
        with self._database.reading() as connection:
            return _one(connection, build_id)

    def builds(self, limit: int = 50, before: tuple[float, str] | None = None) -> list[Build]:
        query = select(builds).order_by(builds.c.created_at.desc(), builds.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(tuple_(builds.c.created_at, builds.c.id) < before)
        with self._database.reading() as connection:
            return [_build(row) for row in connection.execute(query)]

    def claim_build(self, worker: str, alive: Iterable[str]) -> Build | None:
        there = set(alive) | {worker}
        with self._database.writing() as connection:
            now = self._database.now(connection)
            going_on = connection.execute(select(builds).where(builds.c.status.in_(_GOING_ON))).all()
            for row in going_on:
                if row.worker in there:
                    return None
                _take_from_the_dead(connection, _build(row), now)
            oldest = (
                select(builds)
                .where(builds.c.status == BuildStatus.QUEUED)
                .order_by(builds.c.created_at, builds.c.id)
                .limit(1)
            )
            waiting = connection.execute(oldest).first()
            if waiting is None:
                return None
            values = {
                "status": BuildStatus.BUILDING,
                "worker": worker,
                "fence": waiting.fence + 1,
                "tries": waiting.tries + 1,
                "started_at": now,
            }
            connection.execute(update(builds).where(builds.c.id == waiting.id).values(**values))
            return _one(connection, waiting.id)

    def change_build(self, build: Build, **changes: Any) -> Build:
        new = changes.get("status", build.status)
        if new != build.status:
            check_build_transition(build.status, new)
        with self._database.writing() as connection:
            values = dict(changes)
            if new != build.status and new.final:
                values.update(finished_at=self._database.now(connection), worker=None)
            if {"environment", "version"} & changes.keys():
                _check_free(
                    connection, build, **{name: changes.get(name) for name in ("environment", "version")}
                )
            same = (builds.c.id == build.id, builds.c.fence == build.fence, builds.c.status == build.status)
            if connection.execute(update(builds).where(*same).values(**values)).rowcount != 1:
                raise FenceLost(f"build {build.id} was changed by somebody else")
            changed = _one(connection, build.id)
            assert changed is not None  # noqa: S101 - it was updated in this transaction
            return changed

    def request_build_cancel(self, build_id: str, by: str) -> Build | None:
        with self._database.writing() as connection:
            build = _one(connection, build_id)
            if build is None or build.final or build.cancel_requested_at is not None:
                return build
            now = self._database.now(connection)
            values: dict[str, Any] = {"cancel_requested_at": now, "cancelled_by": by}
            if build.status is BuildStatus.QUEUED:
                words = f"Cancelled by {by} before it began."
                values.update(status=BuildStatus.CANCELLED, finished_at=now, reason=words)
            connection.execute(update(builds).where(builds.c.id == build_id).values(**values))
            note(connection, now, Note(by, "build.cancelled", build_id, build.requested_by))
            return _one(connection, build_id)

    def add_build_log(self, build: Build, text: str) -> None:
        with self._database.writing() as connection:
            same = (builds.c.id == build.id, builds.c.fence == build.fence)
            if connection.execute(select(builds.c.id).where(*same)).first() is None:
                raise FenceLost(f"build {build.id} is another worker's now")
            last = select(func.max(build_log.c.number)).where(build_log.c.build_id == build.id)
            number = (connection.execute(last).scalar_one() or 0) + 1
            connection.execute(insert(build_log).values(build_id=build.id, number=number, text=text))

    def build_log(self, build_id: str, after: int = 0, limit: int = 1000) -> list[BuildLine]:
        query = (
            select(build_log.c.number, build_log.c.text)
            .where(build_log.c.build_id == build_id, build_log.c.number > after)
            .order_by(build_log.c.number)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [BuildLine(row.number, row.text) for row in connection.execute(query)]


def _one(connection: Connection, build_id: str) -> Build | None:
    row = connection.execute(select(builds).where(builds.c.id == build_id)).first()
    return None if row is None else _build(row)


def _build(row: Row[Any]) -> Build:
    values = row._asdict()
    return Build(**{**values, "kind": BuildKind(values["kind"]), "status": BuildStatus(values["status"])})


def _check_free(
    connection: Connection, build: Build, environment: str | None = None, version: str | None = None
) -> None:
    """Raise :class:`Conflict` where the name and version are taken, or another build makes them."""
    environment, version = environment or build.environment, version or build.version
    if not environment or not version:
        return
    taken = select(versions.c.digest).where(
        versions.c.environment == environment, versions.c.version == version
    )
    if connection.execute(taken).first() is not None:
        raise Conflict(
            f"{environment}:{version} exists already, and versions never change",
            "Give the build another version.",
        )
    of_name = (builds.c.environment == environment, builds.c.version == version, builds.c.id != build.id)
    other = connection.execute(select(builds.c.id).where(*of_name, builds.c.status.in_(_OPEN))).first()
    if other is not None:
        raise Conflict(
            f"build {other.id} makes {environment}:{version} already", "Wait for it, or cancel it."
        )


def _take_from_the_dead(connection: Connection, build: Build, now: float) -> None:
    """A build whose worker is gone begins again, has been cancelled, or has failed too often."""
    if build.cancel_requested_at is not None:
        words = f"Cancelled by {build.cancelled_by}."
        values: dict[str, Any] = {"status": BuildStatus.CANCELLED, "reason": words}
    elif build.tries >= MOST_TRIES:
        words = f"Its worker was stopped {build.tries} times meanwhile. Build it again."
        values = {"status": BuildStatus.FAILED, "reason": words}
    else:
        values = {"status": BuildStatus.QUEUED}
    if values["status"].final:
        values["finished_at"] = now
    values |= {"worker": None, "fence": build.fence + 1}
    connection.execute(update(builds).where(builds.c.id == build.id).values(**values))
