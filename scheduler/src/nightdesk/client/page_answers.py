"""What the platform answers about a run's cells, about who else sees it, and about runs side by side."""

from __future__ import annotations

from typing import Any, TypedDict

from nightdesk.client.answers import Run


class CellSeen(TypedDict):
    """A code cell, counted from 1, with its first lines of `lines` in all.

    `status` is ok, error, skipped, stopped, running or waiting; `seconds` is null where they are not known.
    """

    number: int
    status: str
    seconds: float | None
    source: str
    lines: int


class Cells(TypedDict):
    """The code cells of an attempt; of very many the first ones, and the one that failed."""

    attempt: int
    count: int
    cells: list[CellSeen]


class Share(TypedDict):
    """With whom a run is shared: `kind` is `person` or `group`; who did so, and when."""

    kind: str
    name: str
    by: str
    at: str | None


class Shares(TypedDict):
    """Everybody with whom a run is shared."""

    run: str
    shares: list[Share]


class SharedRuns(TypedDict):
    """Runs of others that one is shown, newest first."""

    runs: list[Run]


class Difference(TypedDict):
    """One thing by name, with what each of the runs has of it: null for nothing."""

    name: str
    values: list[Any]
    same: bool


class CellChange(TypedDict):
    """A cell of either notebook: its place in each, counted from 1, and how its source differs, line by line.

    `what` is same, changed, added, removed, or output where only what it left differs.
    """

    before: int | None
    after: int | None
    what: str
    lines: list[str]


class NotebookChanges(TypedDict):
    """How two notebooks differ; `trouble` says why that is not known."""

    trouble: str | None
    counts: dict[str, int]
    cells: list[CellChange]


class RunComparison(TypedDict):
    """Runs side by side. `notebook` is about the first two; packages and outputs list what is not the same in all."""

    runs: list[Run]
    facts: list[Difference]
    parameters: list[Difference]
    metrics: list[Difference]
    packages: list[Difference]
    outputs: list[Difference]
    notebook: NotebookChanges | None
