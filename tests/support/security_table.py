"""The list of security checks: what each was tried with, and whether the wall held.

    @pytest.mark.security(11)       the check's number in docs/security-checks.md, or several
    @pytest.mark.thorough           not in `make test`: takes long

A test says what it tried with the fixture `tried`; what is said first stands in the list. With `--security` only
these tests are run, and a check that no test was about fails the command.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import pytest

WHAT = {
    1: "every route with everybody, from the router",
    2: "guessed ids answer 404",
    3: "leaving a group takes effect at once",
    4: "removing somebody ends tokens, sessions, cookies",
    5: "services hold read scopes only",
    6: "a run's container holds no token of the hub",
    7: "nobody promotes himself",
    8: "no image by any route",
    9: "login is rate-limited",
    10: "XSRF on every change",
    11: "no open redirect in `next`",
    12: "outputs cannot read a cookie or call the API",
    13: "nothing is loaded from another host",
    14: "frame-ancestors, nosniff, HttpOnly, SameSite",
    15: "websocket origin checked",
    16: "from a session: what is out of reach, what is in reach",
    17: "from a run: the same",
    18: "capabilities, privileges, seccomp, user, limits, read-only root",
    19: "only hub and worker reach the engine",
    20: "cloud metadata and the machine's own ports are closed",
    21: "secrets are in no inspect, label, argument, history, log",
    22: "a token that was replaced or revoked is void",
    23: "dependencies are locked with hashes",
    24: "sessions and runs start by digest",
    25: "a list of packages per image",
    26: "the audit log only grows",
    27: "Bob's cell reaches nothing of Alice's",
    28: "another person's server: who gets in, by link or share",
    29: "TLS: plain HTTP on loopback only",
    40: "a secret of every kind of connection is nowhere it should not be",
    41: "a connection's secret goes to whom it is granted, now",
    42: "deleting somebody ends their schedules",
}
NOT_THERE_YET = {
    43: "a restore-from-backup drill",
    44: "other people's servers on an origin of their own",
}
_TRIED = pytest.StashKey[list[str]]()
_WIDTH = 90


@dataclass(slots=True)
class _Row:
    tried: str = ""
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    def ok(self) -> str:
        """How many of its tests went well."""
        count = len(self.passed | self.failed)
        return f"ok ({count})" if not self.failed else f"FAILED ({len(self.failed)} of {count})"


def saying(item: pytest.Item) -> Callable[[object], None]:
    """Where a test's words go."""
    said = item.stash.setdefault(_TRIED, [])
    return lambda words: said.append(" ".join(str(words).split()))


def add_options(parser: pytest.Parser) -> None:
    """The options of `make security`."""
    group = parser.getgroup("security")
    group.addoption(
        "--security", action="store_true", help="the security checks, all of them and nothing else"
    )


def numbers_of(item: pytest.Item) -> set[int]:
    """The checks that a test is about."""
    return {number for mark in item.iter_markers("security") for number in mark.args}


class SecurityTable:
    """The plugin: chooses tests, gathers rows, prints the list at the end."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._whole = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """With `--security` all else is left out."""
        if not config.getoption("security"):
            return
        self._whole = not config.getoption("keyword") and not config.getoption("markexpr")
        left_out = [item for item in items if not numbers_of(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if numbers_of(item)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Each test's phases come by here."""
        del call
        report = yield
        for number in numbers_of(item):
            row = self._rows.setdefault(number, _Row())
            if report.failed:
                row.failed.add(item.nodeid)
            elif report.when == "call" and report.passed:
                row.passed.add(item.nodeid)
                row.tried = row.tried or "; ".join(item.stash.get(_TRIED, []))
        return report

    def missing(self) -> list[int]:
        """Checks that nothing was tried of."""
        return [
            number for number in WHAT if not (row := self._rows.get(number)) or not (row.passed | row.failed)
        ]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A check that nothing was tried of has not passed."""
        if self._whole and self.missing() and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The list."""
        if not self._rows:
            return
        terminalreporter.section("security checks")
        for number, what in WHAT.items():
            row = self._rows.get(number)
            if row and row.passed | row.failed:
                terminalreporter.write_line(_line(number, what, row.tried, row.ok()))
            elif self._whole:
                terminalreporter.write_line(_line(number, what, "nothing was tried", "FAILED"))
        for number, what in NOT_THERE_YET.items() if self._whole else ():
            terminalreporter.write_line(_line(number, what, "not there yet", "-"))


def _line(number: int, what: str, tried: str, ok: str) -> str:
    shown = tried if len(tried) <= _WIDTH else f"{tried[: _WIDTH - 1]}…"
    return f"{number:>3}  {what:<65}{shown:<{_WIDTH + 2}}{ok}"
