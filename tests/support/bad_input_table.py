"""The table of bad input: what each case was answered with.

    @pytest.mark.case(5)            the case's number in docs/bad-input.md
    @pytest.mark.thorough           not in `make test`: takes long

A test says what it got with the fixture `got`; the last words of each case stand in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import pytest

WHAT = {
    1: "not JSON, empty, cut off",
    2: "nbformat 3",
    3: "nbformat 99",
    4: "no kernelspec",
    5: "a kernel that is not there",
    6: "a parameter of another type",
    7: "a parameter that is not there",
    8: "a parameter's name that is no identifier",
    9: "output names with braces, .. or absolute",
    10: "NaN, nested values, NUL, right-to-left text",
    11: "a notebook of 200 MB",
    12: "endless printing",
    13: "one line of 50 MB",
    14: "3,000 displays, and 60 MB of them",
    15: "bytes that are not text on stdout",
    16: "terminal escapes",
    17: "links out of the workspace, pipes, sockets, devices",
    18: "emoji, combining forms, 255 bytes, line ends in names",
    19: "names differing in case",
    20: "compression bombs, traversing archives",
    21: "a million output files",
    22: "a cycle, self or missing node in a pipeline",
    23: "a bad cron line, 31 February",
    24: "schedules across daylight-saving changes",
    25: "a sweep of a million",
    26: "the same submit twice",
    27: "a secret that is printed",
    28: "scripts, handlers, frames, forms, SVG in outputs",
    29: "raises-exception, sys.exit(0), os._exit(0)",
    30: "fork bomb, 100,000 threads",
}
_GOT = pytest.StashKey[list[str]]()
_WIDTH = 96


@dataclass(slots=True)
class _Row:
    got: str = ""
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    def ok(self) -> str:
        """How many of its tests went well."""
        count = len(self.passed | self.failed)
        return f"ok ({count})" if not self.failed else f"FAILED ({len(self.failed)} of {count})"


def saying(item: pytest.Item) -> Callable[[object], None]:
    """Where a test's words go."""
    said = item.stash.setdefault(_GOT, [])
    return lambda words: said.append(" ".join(str(words).split()))


def add_options(parser: pytest.Parser) -> None:
    """The options of `make bad-input`."""
    group = parser.getgroup("bad input")
    group.addoption("--thorough", action="store_true", help="what takes long as well")


class BadInputTable:
    """The plugin: leaves out what takes long, gathers rows, prints the table at the end."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """What takes long is for `make bad-input`."""
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        if left_out and not config.getoption("thorough"):
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Each test's phases come by here."""
        del call
        report = yield
        for number in {number for mark in item.iter_markers("case") for number in mark.args}:
            row = self._rows.setdefault(number, _Row())
            if report.failed:
                row.failed.add(item.nodeid)
            elif report.when == "call":
                row.passed.add(item.nodeid)
                row.got = row.got or "; ".join(item.stash.get(_GOT, []))
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table."""
        if not self._rows:
            return
        terminalreporter.section("bad input")
        terminalreporter.write_line(f"{'':>3}  {'what':<54}{'what it got':<{_WIDTH + 2}}ok")
        for number, row in sorted(self._rows.items()):
            terminalreporter.write_line(_line(number, WHAT[number], row.got, row.ok()))


def _line(number: int, what: str, got: str, ok: str) -> str:
    shown = got if len(got) <= _WIDTH else f"{got[: _WIDTH - 1]}…"
    return f"{number:>3}  {what:<54}{shown:<{_WIDTH + 2}}{ok}"
