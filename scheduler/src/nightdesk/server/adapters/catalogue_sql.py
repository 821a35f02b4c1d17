"""The part of the port ``Records`` that keeps environments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.schema import channels, versions
from nightdesk.server.domain.environment import Kernel, Version
from nightdesk.server.domain.errors import Conflict

_CHANNELS = select(channels).order_by(channels.c.channel.desc())
_VERSIONS = select(*(column for column in versions.columns if column.name != "packages")).order_by(
    versions.c.environment
)


class CatalogueSql:
    """Versions of environments and the channels that point at them."""

    _database: Database

    def add_version(self, version: Version) -> bool:
        with self._database.writing() as connection:
            known = connection.execute(
                select(versions.c.digest).where(
                    versions.c.environment == version.environment, versions.c.version == version.version
                )
            ).scalar_one_or_none()
            if known == version.digest:
                return False
            if known is not None:
                raise Conflict(
                    f"{version.label} stays the image on record ({known[:19]}); what was built now is another",
                    "To offer the new build, give it a version of its own in its environment.yaml.",
                )
            connection.execute(
                insert(versions).values(
                    environment=version.environment,
                    version=version.version,
                    digest=version.digest,
                    image=version.image,
                    title=version.title,
                    description=version.description,
                    kernels=[
                        {
                            "name": kernel.name,
                            "display_name": kernel.display_name,
                            "language": kernel.language,
                        }
                        for kernel in version.kernels
                    ],
                    packages=[list(package) for package in version.packages],
                    created_at=version.created_at,
                )
            )
            for channel in version.channels:
                where = (channels.c.environment == version.environment) & (channels.c.channel == channel)
                connection.execute(delete(channels).where(where))
                connection.execute(
                    insert(channels).values(
                        environment=version.environment, channel=channel, version=version.version
                    )
                )
            return True

    def versions(self) -> list[Version]:
        with self._database.reading() as connection:
            pointed: dict[tuple[str, str], list[str]] = {}
            for row in connection.execute(_CHANNELS):
                pointed.setdefault((row.environment, row.version), []).append(row.channel)
            rows = connection.execute(_VERSIONS).all()
        found = [_version(row, pointed.get((row.environment, row.version), [])) for row in rows]
        return sorted(
            found, key=lambda version: (version.created_at, _natural(version.version)), reverse=True
        )

    def packages(self, digest: str) -> list[tuple[str, str]]:
        with self._database.reading() as connection:
            found = connection.execute(select(versions.c.packages).where(versions.c.digest == digest)).first()
            return [] if found is None else [(name, version) for name, version in found.packages]


def _version(row: Row[Any], pointed: list[str]) -> Version:
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
    )


def _natural(version: str) -> tuple[tuple[int, int | str], ...]:
    """``2026.10.1`` after ``2026.9.3``."""
    return tuple((0, int(part)) if part.isdigit() else (-1, part) for part in version.split("."))
