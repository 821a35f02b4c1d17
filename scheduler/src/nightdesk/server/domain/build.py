"""A build: making one version of an environment, from what an admin hands over to an image that was tried."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

from nightdesk.server.domain.errors import Conflict

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
MOST_TRIES = 3  # a build whose worker died is begun again: this many times


class BuildStatus(StrEnum):
    """Where a build is; the last three are final."""

    QUEUED = "queued"
    BUILDING = "building"
    TESTING = "testing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing follows this status."""
        return not TRANSITIONS[self]


_ENDINGS = frozenset({BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.CANCELLED})

TRANSITIONS: dict[BuildStatus, frozenset[BuildStatus]] = {
    BuildStatus.QUEUED: frozenset({BuildStatus.BUILDING, BuildStatus.CANCELLED, BuildStatus.FAILED}),
    # back to queued: its worker is gone, and another one begins again
    BuildStatus.BUILDING: frozenset({BuildStatus.TESTING, BuildStatus.QUEUED}) | _ENDINGS,
    BuildStatus.TESTING: frozenset({BuildStatus.QUEUED}) | _ENDINGS,
    **dict.fromkeys(_ENDINGS, frozenset[BuildStatus]()),
}


class BuildKind(StrEnum):
    """What a version is made from."""

    FOLDER = "folder"  # a folder with a Dockerfile: below the platform's images/, or sent along
    REQUIREMENTS = "requirements"  # a list of packages, or conda's environment.yaml, pasted or sent along
    GIT = "git"  # either of them in a git repository
    IMAGE = "image"  # an image that exists: tried and registered as it is
    AGAIN = "again"  # a version that was removed, from what it was made of and its recorded lock


@dataclass(frozen=True, slots=True)
class Build:
    """One build as it is on record. Times are seconds since 1970 in UTC.

    ``environment`` and ``version`` are empty until they are known: a git repository says them itself.
    ``source`` depends on the kind: a folder, an address of a repository, the name of an image, the
    version to build again; empty where everything was sent along. ``ref`` is git's branch, tag or commit.
    """

    id: str
    kind: BuildKind
    requested_by: str
    created_at: float
    environment: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    source: str = ""
    ref: str = ""
    folder: str = ""  # in the repository
    channel: str | None = None  # to be promoted to when it has succeeded
    files: bool = False  # whether something was sent along: builds/ID/context.tar.gz in the store
    status: BuildStatus = BuildStatus.QUEUED
    reason: str | None = None
    digest: str | None = None
    worker: str | None = None
    fence: int = 0
    tries: int = 0
    cancel_requested_at: float | None = None
    cancelled_by: str | None = None
    started_at: float | None = None
    finished_at: float | None = None

    @property
    def final(self) -> bool:
        """The build has ended."""
        return self.status.final

    @property
    def label(self) -> str:
        """``python-data:2026.12.1``, or what it is made from while that is not known."""
        return f"{self.environment}:{self.version}" if self.environment and self.version else self.source


@dataclass(frozen=True, slots=True)
class BuildLine:
    """A piece of a build's log; ``number`` counts from 1."""

    number: int
    text: str


def new_build_id() -> str:
    """``b-`` and ten characters."""
    return "b-" + "".join(secrets.choice(_ALPHABET) for _ in range(10))


def check_build_transition(old: BuildStatus, new: BuildStatus) -> None:
    """Raise :class:`Conflict` where the table does not allow ``old`` → ``new``."""
    if new not in TRANSITIONS[old]:
        raise Conflict(f"a build that is {old} cannot become {new}")
