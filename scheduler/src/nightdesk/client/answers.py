"""What the platform answers, as types. For checkers and readers: nothing here runs on the way of a submit."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class RunError(TypedDict):
    type: str
    message: str
    cell: int | None


class RunEnvironment(TypedDict):
    name: str
    version: str
    digest: str


class Progress(TypedDict):
    cell: int
    cells: int


class Output(TypedDict):
    name: str
    size: int | None
    sha256: str | None


class Run(TypedDict):
    """One execution of one notebook or script. Times are UTC, ISO 8601."""

    id: str
    name: str
    owner: str
    status: str
    reason: str | None
    error: RunError | None
    environment: RunEnvironment
    size: str
    parameters: dict[str, Any]
    attempt: int
    progress: Progress | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    url: str
    outputs: list[Output]
    kind: NotRequired[str]
    file: NotRequired[str]
    kernel: NotRequired[str | None]
    notes: NotRequired[list[str]]
    waiting: NotRequired[str | None]


class RunOptions(TypedDict, total=False):
    """What may be said about a run when it is submitted."""

    name: str
    environment: str
    size: str
    parameters: dict[str, Any]
    parameters_are_text: bool
    timeout_seconds: float
    retries: int
    key: str
    on_behalf_of: str


class RunFilter(TypedDict, total=False):
    """Which runs: `owner` is "me" or "all"."""

    owner: str
    status: str
    limit: int


class LogText(TypedDict):
    stream: str
    cell: int | None
    text: str


class Kernel(TypedDict):
    name: str
    display_name: str
    language: str


class Version(TypedDict):
    version: str
    digest: str
    channels: list[str]
    kernels: list[Kernel]
    default: bool
    created_at: str


class Environment(TypedDict):
    name: str
    title: str
    description: str
    versions: list[Version]


class User(TypedDict):
    name: str
    admin: bool
    groups: list[str]


class Check(TypedDict):
    name: str
    ok: bool
    message: str
    hint: str | None


class Health(TypedDict):
    status: str
    version: str


class Account(TypedDict):
    name: str
    approved: bool
    admin: bool
    created_at: str | None


class Token(TypedDict):
    """A token of the hub; `token` is shown this once."""

    id: str
    token: str
    user: str
    note: str | None
    expires_at: str | None
    scopes: list[str]
