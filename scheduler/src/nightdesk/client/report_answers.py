"""What the platform answers about reports, as types; see `answers`."""

from __future__ import annotations

from typing import TypedDict


class ReportSource(TypedDict):
    """Whose runs of which name, and which file of them."""

    owner: str
    name: str
    output: str


class ReportReader(TypedDict):
    """`everybody`, a `group` or a `person`."""

    kind: str
    name: str


class Report(TypedDict):
    """A stable address for the newest good output; `readers` is null for who may not change it."""

    name: str
    title: str
    description: str
    owner: str
    source: ReportSource
    code: bool
    url: str
    created_at: str
    changed_at: str
    mine: bool
    readers: list[ReportReader] | None


class ReportVersion(TypedDict):
    """One version: the run that made it, and when."""

    run: str
    created_at: str
    finished_at: str


class WholeReport(Report):
    """With the version that was asked for, or null, and the newest ones."""

    version: ReportVersion | None
    versions: list[ReportVersion]


class Reports(TypedDict):
    """By name."""

    reports: list[Report]


class RemovedReport(TypedDict):
    """What was taken away."""

    removed: str
