"""Folders that groups share: the settings, and the one rule about who has which, and whether to write.

The hub goes by it for sessions, the worker for runs, each with the groups that the person is in at that moment.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: Where everything that is shared is found in sessions and runs, and the team's folder beside others.
PLACE = "/shared"
TEAM = "team"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_FIRST_GID, _GIDS = 20_000, 10_000


@dataclass(frozen=True, slots=True)
class SharedMount:
    """One folder as one container gets it. ``path`` is the host's; None: the folder of that name on the volume."""

    name: str
    gid: int
    writable: bool
    path: str | None = None

    @property
    def place(self) -> str:
        """Where it is mounted."""
        return f"{PLACE}/{self.name}"


class Folder(BaseModel):
    """One folder: for which groups, and whether they write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    groups: dict[str, Literal["read", "write"]] = Field(min_length=1)
    path: str | None = None
    gid: int | None = Field(default=None, ge=1000, le=2**31 - 2)
    runs: Literal["read", "same"] = "read"

    @field_validator("path")
    @classmethod
    def _is_plain(cls, value: str | None) -> str | None:
        if value is not None and (
            not value.startswith("/") or posixpath.normpath(value) != value or value == "/"
        ):
            raise ValueError(
                f"{value!r} is no path of this machine such as /srv/team/models, without '.' and '..'"
            )
        return value

    @model_validator(mode="after")
    def _has_gid(self) -> Folder:
        if self.path is not None and self.gid is None:
            raise ValueError(
                "a folder of this machine needs the 'gid' of the group that its files belong to there"
            )
        return self


class Shared(BaseModel):
    """What groups share. ``host_paths`` are the places of this machine that folders may be taken from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: dict[str, Folder] = Field(default_factory=dict)
    host_paths: tuple[str, ...] = ()

    @field_validator("folders", "host_paths", mode="before")
    @classmethod
    def _empty(cls, value: object, info: object) -> object:
        if value is None:
            return () if getattr(info, "field_name", "") == "host_paths" else {}
        return value

    @field_validator("folders")
    @classmethod
    def _named(cls, value: dict[str, Folder]) -> dict[str, Folder]:
        for name in value:
            if not _NAME.fullmatch(name) or name == TEAM:
                raise ValueError(
                    f"{name!r} is no name for a folder; use lower-case letters, digits, hyphens, and not '{TEAM}', "
                    "which is everybody's"
                )
        return value

    @model_validator(mode="after")
    def _allowed(self) -> Shared:
        for name, folder in self.folders.items():
            inside = any(
                f"{folder.path}/".startswith(f"{allowed.rstrip('/')}/") for allowed in self.host_paths
            )
            if folder.path is not None and not inside:
                raise ValueError(f"'{name}' is at {folder.path}, which is below none of shared.host_paths")
        gids = [self.gid(name) for name in self.folders if self.folders[name].path is None]
        if len(set(gids)) < len(gids):
            raise ValueError("two folders have the same gid: give one of them another with 'gid'")
        return self

    def gid(self, name: str) -> int:
        """The group that the files of a folder belong to."""
        return self.folders[name].gid or _FIRST_GID + zlib.crc32(name.encode()) % _GIDS

    @property
    def team(self) -> str:
        """Where the team's folder is: as soon as there are others, beside them."""
        return f"{PLACE}/{TEAM}" if self.folders else PLACE

    def of_session(self, groups: Iterable[str]) -> tuple[SharedMount, ...]:
        """What a session of somebody in these groups has."""
        return self._mounts(set(groups), runs=False)

    def of_run(self, groups: Iterable[str]) -> tuple[SharedMount, ...]:
        """What a run of somebody in these groups has: to read, unless the folder says that runs have the same."""
        return self._mounts(set(groups), runs=True)

    def _mounts(self, groups: set[str], *, runs: bool) -> tuple[SharedMount, ...]:
        found = []
        for name, folder in self.folders.items():
            rights = {right for group, right in folder.groups.items() if group in groups}
            if rights:
                writable = "write" in rights and (folder.runs == "same" or not runs)
                found.append(SharedMount(name, self.gid(name), writable, folder.path))
        return tuple(found)
