"""What starts early because it takes long, so that other tests run meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ..support.people import Person, Session, join
from ..support.platform import Platform
from ..support.runs import Held


@dataclass(frozen=True)
class Left:
    """Somebody who started a session, handed over a run and went away."""

    person: Person
    session: Session
    run: Held


@pytest.fixture(scope="session")
def left(platform: Platform) -> Left:
    """Went away at the start of the tests."""
    ivy = join(platform, "ivy")
    session = ivy.session(environment="python-data", size="tiny")
    return Left(ivy, session, ivy.runs.hold())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the first test of this folder ask for what takes long, when a later one wants it."""
    here = [
        item for item in items if isinstance(item, pytest.Function) and "tests/integration" in item.nodeid
    ]
    ours = [item for item in here if "platform" in item.fixturenames]
    if any("left" in item.fixturenames for item in ours):
        ours[0].fixturenames.append("left")
