"""Places of this machine that connections show to sessions and runs: the settings, and how each is mounted.

The hub goes by it for sessions, with what the platform offers a person; the worker for runs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

#: Where they are found in sessions and runs.
PLACE = "/connections"


@dataclass(frozen=True, slots=True)
class ConnectionMount:
    """One place as one container gets it: ``path`` of the host at ``target``."""

    path: str
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Right:
    """Through what somebody has a place: a group, or None for what is theirs in any group; and whether to write."""

    group: str | None = None
    write: bool = False


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """A place that somebody may have, with the rights that lead to it: of those the groups of the moment count.

    Who only reads of a file has the file alone; who writes has the folder that it is in, because SQLite keeps files
    beside its own.
    """

    path: str
    target: str
    rights: tuple[Right, ...]
    file: bool = False

    def mount(self, groups: Iterable[str]) -> ConnectionMount | None:
        """What a container of somebody in these groups gets; None: nothing."""
        mine = [right for right in self.rights if right.group is None or right.group in set(groups)]
        if not mine:
            return None
        if self.file and any(right.write for right in mine):
            return ConnectionMount(posixpath.dirname(self.path), posixpath.dirname(self.target), True)
        return ConnectionMount(self.path, self.target, any(right.write for right in mine))

    def as_json(self) -> dict[str, Any]:
        """As the platform tells the hub."""
        return asdict(self)

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> OfferedPlace:
        """From what the platform told.

        Raises:
            ValueError: it is no place below :data:`PLACE`.
        """
        path, target = str(said["path"]), str(said["target"])
        plain = all(each.startswith("/") and posixpath.normpath(each) == each for each in (path, target))
        if not plain or not target.startswith(f"{PLACE}/"):
            raise ValueError(f"{target!r} is no place for a connection")
        rights = tuple(Right(each["group"], each["write"] is True) for each in said["rights"])
        return cls(path, target, rights, said["file"] is True)


def missing(message: str, mounts: Iterable[ConnectionMount]) -> ConnectionMount | None:
    """Which of them the engine complains about, because there is no such place on the machine; None: something else.

    One connection whose place is gone must not keep everybody's sessions and runs from starting.
    """
    if "bind source path does not exist" not in message:
        return None
    gone = message.rpartition("bind source path does not exist:")[2].strip().strip("\"'")
    return next((mount for mount in mounts if mount.path == gone), None)


class Connections(BaseModel):
    """Connections to data. ``host_paths`` are the places of this machine that they may be taken from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host_paths: tuple[str, ...] = ()

    @field_validator("host_paths", mode="before")
    @classmethod
    def _are_plain(cls, value: object) -> object:
        if value is None:
            return ()
        for each in value if isinstance(value, list) else []:
            path = str(each)
            if (
                not path.startswith("/")
                or posixpath.normpath(path) != path
                or path == "/"
                or path.startswith("//")
            ):
                raise ValueError(
                    f"{path!r} is no path of this machine such as /srv/data, without '.' and '..'"
                )
        return value
