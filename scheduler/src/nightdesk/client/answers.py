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


class StepOf(TypedDict):
    """The pipeline that a run is a step of, and which."""

    id: str
    step: str


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
    priority: NotRequired[str]
    retries: NotRequired[int]
    retry_wait_seconds: NotRequired[float]
    notify: NotRequired[str | None]
    timeout_seconds: NotRequired[float]
    cell_timeout_seconds: NotRequired[float | None]
    expected_seconds: NotRequired[float | None]
    elapsed_seconds: NotRequired[float | None]
    peak_memory_bytes: NotRequired[int | None]
    submitted_by: NotRequired[str]
    schedule: NotRequired[str | None]
    scheduled_at: NotRequired[str | None]
    pipeline: NotRequired[StepOf | None]
    sweep: NotRequired[str | None]
    usage: NotRequired[Sample | None]
    kept: NotRequired[Kept | None]
    outputs_removed: NotRequired[OutputsRemoved | None]
    inputs: NotRequired[list[RunInput]]
    git: NotRequired[dict[str, Any] | None]


class Kept(TypedDict):
    """Who marked a run so that its outputs stay, and when."""

    by: str
    at: str


class OutputsRemoved(TypedDict):
    """When and why a run's outputs went, and how much it was."""

    at: str
    why: str
    bytes: int


class RunInput(TypedDict):
    """An output of another run that a run gets under a name."""

    name: str
    run: str
    attempt: int
    output: str
    size: int
    sha256: str


class RetentionRules(TypedDict):
    """None: as long, as many, as much as there is."""

    age_seconds: float | None
    count: int | None
    bytes: int | None


class GoingRun(TypedDict):
    """A run whose outputs would go."""

    run: str
    name: str
    owner: str
    finished_at: str
    bytes: int
    why: str


class ParticularRules(TypedDict):
    """What is said of outputs for a group or a person."""

    kind: str
    name: str
    limits: dict[str, Any]


class Retention(TypedDict):
    """How long outputs stay, and what would go at the next clean-up."""

    rules: RetentionRules
    particular: list[ParticularRules]
    bytes: int
    runs: list[GoingRun]


class Sample(TypedDict):
    """What a run took at a moment: cores in use since the sample before, bytes of memory and of its files."""

    at: str
    cpus: float
    memory_bytes: int
    disk_bytes: int


class UsageLimits(TypedDict):
    cpus: float
    memory_bytes: int
    disk_bytes: int


class Usage(TypedDict):
    """What a run took, oldest first, and what it may take."""

    samples: list[Sample]
    limits: UsageLimits


class Attempt(TypedDict):
    """One try of a run."""

    attempt: int
    status: str
    reason: str | None
    started_at: str | None
    finished_at: str | None


class Change(TypedDict):
    """One line of a run's history; `what` says it in words."""

    at: str
    attempt: int
    status: str
    worker: str | None
    reason: str | None
    what: str


class History(TypedDict):
    changes: list[Change]
    attempts: list[Attempt]


class FailedCell(TypedDict):
    """The cell that a run was in when it ended: its first lines, of `lines` in all."""

    number: int
    source: str
    lines: int


class Failure(TypedDict):
    """What one needs to see of a run that did not succeed. `log` is the end of it."""

    reason: str | None
    error: RunError | None
    cell: FailedCell | None
    log: str


class RunOptions(TypedDict, total=False):
    """What may be said about a run when it is submitted."""

    name: str
    environment: str
    size: str
    parameters: dict[str, Any]
    parameters_are_text: bool
    priority: str
    timeout_seconds: float
    cell_timeout_seconds: float
    retries: int
    retry_wait_seconds: float
    notify: str
    inputs: list[dict[str, str]]
    key: str
    on_behalf_of: str


class RunFilter(TypedDict, total=False):
    """Which runs.

    `owner` is "me", "all" or, for admins, a name; `name` is a run's, with `*` for any characters;
    `environment` is `NAME` or `NAME:VERSION`; `since` and `until` are dates or times in ISO 8601.
    """

    owner: str
    status: str
    name: str
    environment: str
    sweep: str
    since: str
    until: str
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
    offer: str
    size_bytes: int


class Environment(TypedDict):
    name: str
    title: str
    description: str
    groups: list[str]
    versions: list[Version]


class NamedEnvironment(TypedDict):
    name: str
    version: str


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


class Owned(TypedDict):
    """What somebody has on record: runs by status, and the bytes of their outputs."""

    name: str
    shown: str  # "ada (former member)" of one who was removed
    runs: dict[str, int]
    output_bytes: int


class Metric(TypedDict):
    """What a run measured under a name: the last value, between what all were, and `points` of step (or null) and value."""

    name: str
    value: float
    step: int | None
    count: int
    lowest: float
    highest: float
    points: list[list[float | None]]


class RunMetrics(TypedDict):
    """What an attempt measured; `last` goes on from there with `?after=`."""

    run: str
    attempt: int
    metrics: list[Metric]
    last: int


class MeasuredRun(TypedDict):
    """A run with the last value of each of its metrics."""

    id: str
    name: str
    owner: str
    status: str
    attempt: int
    created_at: str
    finished_at: str | None
    parameters: dict[str, Any]
    url: str
    metrics: dict[str, float]


class MetricsOverRuns(TypedDict):
    """Newest first; `metrics` and `parameters` are the names that the runs have."""

    name: str
    metrics: list[str]
    parameters: list[str]
    runs: list[MeasuredRun]


class PreviewColumn(TypedDict):
    """A column of a table; of CSV its type is guessed."""

    name: str
    type: str


class Preview(TypedDict):
    """The beginning of an output. `kind` says which of the others are there."""

    name: str
    size: int
    kind: str
    url: str
    view: str | None
    columns: NotRequired[list[PreviewColumn]]
    rows: NotRequired[list[list[Any]]]
    more: NotRequired[bool]
    more_columns: NotRequired[int]
    tree: NotRequired[dict[str, Any]]
    unfolded: NotRequired[bool]
    text: NotRequired[str]
    trouble: NotRequired[str | None]
