"""Places of this machine that connections show to sessions and runs: the settings, and how each is mounted.

The hub goes by it for sessions, with what the platform offers a person; the worker for runs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
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

    def as_json(self) -> dict[str, Any]:
        """For the hub."""
        return asdict(self)

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> ConnectionMount | None:
        """From what the platform said; None where it is no place below :data:`PLACE`."""
        path, target = str(said.get("path", "")), str(said.get("target", ""))
        plain = all(each.startswith("/") and posixpath.normpath(each) == each for each in (path, target))
        return (
            cls(path, target, said.get("writable") is True)
            if plain and target.startswith(f"{PLACE}/")
            else None
        )


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
