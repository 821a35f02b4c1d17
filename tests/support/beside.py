"""The tests that need no platform run in a process beside this one: at the end their words and their outcome are ours.

`setup/test.sh` starts that process and hands over its number and its log with `--beside`.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

OVER = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `make test` without ARGS."""
    parser.addoption("--beside", metavar="PID:LOG", help="wait for these tests as well, and tell of them")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing happens without the option."""
    said = config.getoption("--beside")
    if said:
        number, _, log = said.partition(":")
        config.pluginmanager.register(Beside(int(number), Path(log)), "beside")


@dataclass
class Beside:
    """A child of this process, which became what it is by exec."""

    process: int
    log: Path

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Wait for it; where this run was given up on, end it."""
        if session.exitstatus not in OVER:
            os.kill(self.process, signal.SIGTERM)
        _, status = os.waitpid(self.process, 0)
        if os.waitstatus_to_exitcode(status) != 0 and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """All that it said."""
        terminalreporter.section("tests that need no platform")
        terminalreporter.write(self.log.read_text("utf-8", "replace"))
