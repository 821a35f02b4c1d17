"""What breaks the platform shares a ledger, a witness, and that all is well again after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..support.fault_table import measured
from ..support.ledger import Ledger, listening
from ..support.people import Person
from ..support.platform import Platform
from ..support.witness import Witness, watching
from .breaking import heal
from .case import Case


@pytest.fixture(scope="session")
def ledger(platform: Platform) -> Iterator[Ledger]:
    """Where user code of every run writes that it began."""
    del platform  # the engine answers once it is up
    with listening() as open_ledger:
        yield open_ledger


@pytest.fixture(scope="session")
def witness(platform: Platform) -> Iterator[Witness]:
    """The engine's account of the containers of runs."""
    with watching(platform.project) as listener:
        yield listener


@pytest.fixture
def case(
    request: pytest.FixtureRequest, platform: Platform, ada: Person, ledger: Ledger, witness: Witness
) -> Iterator[Case]:
    """One fault. Afterwards the platform is well again, and no run of the test is lost or doubled."""
    one = Case(platform, ada, ledger, witness, measured(request.node))
    try:
        yield one
    finally:
        heal(platform)
    one.judge()


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Were faults asked for in their full length?"""
    return bool(request.config.getoption("long"))
