"""What the platform answers about environments' lives and builds, as types; see `answers`."""

from __future__ import annotations

from typing import TypedDict

from nightdesk.client.answers import Version


class NamedVersion(Version):
    """A version that stands alone, with the name of its environment."""

    environment: str


class Package(TypedDict):
    """One installed package; `kind` is python, r or debian."""

    name: str
    version: str
    kind: str


class Origin(TypedDict):
    """Where a version comes from; empty where nobody noted it."""

    source: str
    built_by: str
    build_id: str | None
    recipe_sha256: str
    has_lock: bool


class SessionOf(TypedDict):
    """A session that goes on in a version."""

    person: str
    name: str
    started_at: str | None


class VersionUse(TypedDict):
    """Who and what uses a version. Whose `sessions` they are, and what holds the version, admins are told."""

    sessions: list[SessionOf]
    sessions_total: int
    runs_total: int
    runs_alive: int
    last_run_at: str | None
    held_by: list[str]


class WholeVersion(NamedVersion):
    """Everything that is known of a version. `contract` is the one its runner answered when it was tried."""

    title: str
    description: str
    groups: list[str]
    image: str
    contract: int | None
    origin: Origin
    packages: list[Package]
    use: VersionUse
    url: str


class EnvironmentEvent(TypedDict):
    """One line of an environment's history; `before` is what the channel pointed at."""

    at: str
    by: str
    action: str
    version: str
    channel: str
    before: str
    words: str


class EnvironmentEvents(TypedDict):
    """Newest first."""

    events: list[EnvironmentEvent]


class PackageChange(TypedDict):
    """What differs in one package; null where it is not there."""

    name: str
    kind: str
    before: str | None
    after: str | None


class Comparison(TypedDict):
    """What differs in the packages of two versions."""

    before: str
    after: str
    changes: list[PackageChange]


class ChannelMove(TypedDict):
    """Where a channel points now, and where it did before."""

    environment: str
    channel: str
    before: str | None
    version: str


class EnvironmentGroups(TypedDict):
    """Who an environment is for; nobody named: everybody."""

    name: str
    groups: list[str]


class Going(TypedDict):
    """A version that goes in a clean-up, or has gone."""

    environment: str
    version: str
    digest: str
    size_bytes: int
    created_at: str


class Staying(TypedDict):
    """A version that stays, and why."""

    environment: str
    version: str
    why: str


class Cleaning(TypedDict):
    """What a clean-up would do, or has done; `frees_bytes` is what the disk gains by it."""

    done: bool
    remove: list[Going]
    keep: list[Staying]
    frees_bytes: int


class Build(TypedDict):
    """One build. `environment` and `version` are empty until they are known."""

    id: str
    kind: str
    status: str
    reason: str | None
    environment: str
    version: str
    title: str
    description: str
    source: str
    ref: str
    folder: str
    channel: str | None
    digest: str | None
    requested_by: str
    cancelled_by: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    url: str


class BuildOptions(TypedDict, total=False):
    """What may be said about a build when it is asked for."""

    kind: str
    environment: str
    version: str
    title: str
    description: str
    channel: str
    source: str
    ref: str
    folder: str


class Builds(TypedDict):
    """Newest first; `next` goes on from there."""

    builds: list[Build]
    next: str | None
