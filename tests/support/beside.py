"""The tests that need no platform run in a process beside this one: how they went is told at the end, among ours.

`setup/test.sh` starts that process, in which `--tell` keeps each outcome in a file, and hands over its number, the file
and its log with `--beside`.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

OVER = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `make test` without ARGS."""
    parser.addoption("--tell", metavar="FILE", help="keep every outcome in it")
    parser.addoption(
        "--beside", metavar="PID:FILE:LOG", help="wait for these tests as well, and tell of them"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Nothing happens without the options."""
    if told := config.getoption("--tell"):
        file = Path(told).absolute()  # tests go to other folders
        file.write_bytes(b"")
        config.pluginmanager.register(Telling(config, file), "telling")
    if said := config.getoption("--beside"):
        number, told, log = said.split(":")
        beside = Beside(config, int(number), Path(told).absolute(), Path(log).absolute())
        config.pluginmanager.register(beside, "beside")


@dataclass(eq=False)  # pytest keeps plugins in sets
class Telling:
    """The process beside."""

    config: pytest.Config
    told: Path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What counts, as one line."""
        if report.when == "call" or not report.passed:
            kept = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
            with self.told.open("a", encoding="utf-8") as file:
                file.write(json.dumps(kept) + "\n")


@dataclass(eq=False)  # pytest keeps plugins in sets
class Beside:
    """The process that waits; the other is its child, and became what it is by exec."""

    config: pytest.Config
    process: int
    told: Path
    log: Path
    status: int = 0

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Wait for it; where this run was given up on, end it."""
        if session.exitstatus not in OVER:
            os.kill(self.process, signal.SIGTERM)
        try:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        except ChildProcessError:  # the shell had heard of its end before
            self.status = pytest.ExitCode.INTERNAL_ERROR
        if self.status != 0 and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Its outcomes as if they were ours; and all that it said, where it did not come to its end."""
        hook = self.config.hook
        for line in self.told.read_text("utf-8").splitlines() if self.told.exists() else ():
            report = hook.pytest_report_from_serializable(config=self.config, data=json.loads(line))
            category, _, _ = hook.pytest_report_teststatus(report=report, config=self.config)
            terminalreporter.stats.setdefault(category, []).append(report)
        if self.status not in OVER:
            terminalreporter.section("tests that need no platform")
            terminalreporter.write(self.log.read_text("utf-8", "replace"))
