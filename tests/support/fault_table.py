"""The table of faults: what each test that is marked with a fault's number did, and what became of its runs.

    @pytest.mark.fault(2)           the fault's number in docs/reliability.md, or several
    @pytest.mark.slow               not in `make test`: takes long, or needs an engine of its own

A test that works with runs of a real platform hands in its numbers (:func:`measured`). One that needs no
platform counts as many runs as it has cases.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

import pytest

from .verdict import Verdict

_MEASURED = pytest.StashKey["Measured"]()
_HEAD = f"{'fault':<6}{'what was done':<76}{'runs':>6}{'lost':>6}{'doubled':>9}{'recovery':>10}"


@dataclass(slots=True)
class Measured:
    """What one test hands in."""

    verdict: Verdict = field(default_factory=Verdict)
    recovery: float | None = None  # seconds from the fault, or its end, until the runs went on


@dataclass(slots=True)
class _Row:
    numbers: tuple[int, ...]
    name: str
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    recovery: float | None = None
    failed: bool = False

    def __str__(self) -> str:
        recovery = "" if self.recovery is None else f"{self.recovery:.1f} s"
        name = self.name if len(self.name) <= 74 else f"{self.name[:73]}…"
        numbers = ",".join(map(str, self.numbers))
        words = f"{numbers:<6}{name:<76}{self.runs:>6}{self.lost:>6}{self.doubled:>9}{recovery:>10}"
        return words + ("   FAILED" if self.failed else "")


def measured(item: pytest.Item) -> Measured:
    """Where a test's numbers go."""
    return item.stash.setdefault(_MEASURED, Measured())


def numbers_of(item: pytest.Item) -> tuple[int, ...]:
    """The faults that a test is about."""
    return tuple(sorted({number for mark in item.iter_markers("fault") for number in mark.args}))


def add_options(parser: pytest.Parser) -> None:
    """The options of `make faults`."""
    group = parser.getgroup("faults")
    group.addoption("--all-faults", action="store_true", help="the slow faults as well, and nothing else")
    group.addoption("--only", metavar="N,N", help="only the faults of these numbers")
    group.addoption("--long", action="store_true", help="faults in their full length, such as five minutes")


class FaultTable:
    """The plugin: chooses tests, gathers rows, prints the table at the end."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """What is slow is left out unless faults were asked for; then all else is."""
        only = config.getoption("only")
        wanted = {int(number) for number in only.split(",")} if only else None
        left_out = [item for item in items if not _chosen(item, wanted, bool(config.getoption("all_faults")))]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Each test's phases come by here."""
        report = yield
        numbers = numbers_of(item)
        if not numbers or report.skipped:
            return report
        name = item.nodeid.partition("[")[0]
        row = self._rows.setdefault(name, _Row(numbers, _sentence(item)))
        row.failed |= report.failed
        if call.when == "teardown":
            _add(row, item)
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table."""
        if not self._rows:
            return
        rows = sorted(self._rows.values(), key=lambda row: row.numbers)
        terminalreporter.section("faults")
        for line in _lines(rows):
            terminalreporter.write_line(line)


def _lines(rows: Iterable[_Row]) -> list[str]:
    rows = list(rows)
    runs, lost, doubled = (sum(getattr(row, name) for row in rows) for name in ("runs", "lost", "doubled"))
    recoveries = [row.recovery for row in rows if row.recovery is not None]
    slowest = f"≤ {max(recoveries):.1f} s" if recoveries else ""
    total = f"{'':<6}{'together':<76}{runs:>6}{lost:>6}{doubled:>9}{slowest:>10}".rstrip()
    return [_HEAD, *map(str, rows), total]


def _add(row: _Row, item: pytest.Item) -> None:
    """The numbers of one case go to its test's row."""
    found = item.stash.get(_MEASURED, None)
    if found is None:  # needs no platform: each case is a run of its own
        row.runs += 1
        return
    row.runs += found.verdict.runs
    row.lost += len(found.verdict.lost)
    row.doubled += len(found.verdict.doubled)
    if found.recovery is not None:
        row.recovery = max(row.recovery or 0.0, found.recovery)


def _chosen(item: pytest.Item, wanted: set[int] | None, all_faults: bool) -> bool:
    numbers = set(numbers_of(item))
    if wanted is not None:
        return bool(numbers & wanted)
    if all_faults:
        return bool(numbers)
    return item.get_closest_marker("slow") is None


def _sentence(item: pytest.Item) -> str:
    """``test_a_worker_dies[x]`` → ``a worker dies``."""
    name = str(getattr(item, "originalname", None) or item.name)
    where = "" if item.get_closest_marker("platform") else " (parts alone)"
    return name.removeprefix("test_").replace("_", " ") + where
