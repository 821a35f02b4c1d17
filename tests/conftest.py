"""The platform that integration and end-to-end tests share, and the people on it.

It is brought up when the first test asks for it; tests that ask for none need no Docker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .support import bad_input_table, beside, fault_table, pictures, security_table
from .support.bad_input_table import BadInputTable
from .support.fault_table import FaultTable
from .support.object_store import ObjectStore
from .support.object_store import object_store as an_object_store
from .support.people import Person, admin_of, join
from .support.platform import REUSE, Platform, alone
from .support.security_table import SecurityTable
from .support.servers import Servers
from .support.servers import servers as the_servers


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `make test`, `make faults`, `make bad-input`, `make security` and `make pictures`."""
    beside.pytest_addoption(parser)
    security_table.add_options(parser)
    fault_table.add_options(parser)
    bad_input_table.add_options(parser)
    pictures.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Tests that are marked with a number are gathered in a table, wherever they stand."""
    beside.pytest_configure(config)
    pictures.Album.renewing = config.getoption("--renew-pictures")
    config.pluginmanager.register(FaultTable(), "faults")
    config.pluginmanager.register(BadInputTable(), "bad input")
    config.pluginmanager.register(SecurityTable(), "security checks")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A platform for the tests alone; afterwards nothing of it is left, also after Ctrl-C or SIGTERM.

    What went wrong inside it fails the last test, whether or not one of them saw it.
    """
    if kept := os.environ.get(REUSE):
        yield Platform(Path(kept))
        return
    with alone() as started:
        yield started
        wrong = started.went_wrong()
        assert not wrong, "requests went wrong inside the platform:\n" + "\n".join(wrong)


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Say for the list of security checks what was tried."""
    return security_table.saying(request.node)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A real server that speaks S3, in reach of this process alone."""
    with an_object_store(tmp_path_factory.mktemp("objects")) as store:
        yield store


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Real servers for data connections, in reach of this process and of the platform's runs."""
    with the_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="session")
def admin(platform: Platform) -> Person:
    """The admin."""
    return admin_of(platform)


@pytest.fixture(scope="session")
def ada(platform: Platform) -> Person:
    """An ordinary member."""
    return join(platform, "ada")


@pytest.fixture(scope="session")
def grace(platform: Platform) -> Person:
    """Another ordinary member."""
    return join(platform, "grace")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's time limit starts when the platform is up: its images may have to be built first."""
    for item in items:
        if isinstance(item, pytest.Function) and "platform" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(300, func_only=True))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a row, to be copied."""
    from nightdesk.server.adapters.database import Database  # here: most tests need none

    path = tmp_path_factory.mktemp("database") / "empty.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path
