"""A browser for the tests, and a folder for its pictures: NIGHTDESK_SCREENSHOTS keeps them."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..support.browser import Desk, chromium
from ..support.platform import Platform


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for longer than its module: it keeps an event loop running in this thread."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    named = os.environ.get("NIGHTDESK_SCREENSHOTS")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")


@pytest.fixture
def desk(
    browser: Browser, platform: Platform, pictures: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Desk]]:
    """Opens a browser window for somebody. When the test fails each window leaves a last picture."""
    opened: list[Desk] = []

    def window(who: str) -> Desk:
        opened.append(Desk(browser, platform.address, pictures, who))
        return opened[-1]

    yield window
    failed = request.node.stash.get(FAILED, False)
    for each in opened:
        if failed:
            each.picture(f"failed-{request.node.name}-{each.who}")
        each.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed, for the pictures."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
