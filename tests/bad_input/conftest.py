"""Two people with bad input: eve, whose notebooks run, and clara, who gets nothing accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ..support.bad_input_table import saying
from ..support.people import Person, join
from ..support.platform import Platform
from ..support.runs import Refused
from .hostile import SUBMITTED


@pytest.fixture
def got(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Say for the table what the case was answered with."""
    return saying(request.node)


@pytest.fixture(scope="session")
def eve(platform: Platform) -> Person:
    """A member whose notebooks are accepted."""
    return join(platform, "eve")


@pytest.fixture(scope="session")
def someone(platform: Platform) -> Person:
    """A member of whom nothing is to be accepted."""
    return join(platform, "clara")


@pytest.fixture(scope="module")
def clara(someone: Person) -> Iterator[Person]:
    """The same; after a module's tests there is no new run and no new container of hers."""
    before = traces(someone)
    yield someone
    assert traces(someone) == before


def traces(person: Person) -> tuple[list[str], list[str]]:
    """Ids of a person's runs, and their containers."""
    containers = person.platform.containers("run", f"label=org.nightdesk.user={person.name}", everything=True)
    return [run["id"] for run in person.runs.ask("GET", "/runs")["runs"]], containers


@pytest.fixture
def refused(clara: Person) -> Callable[..., str]:
    """Submit what must be refused with a 4xx; the words."""

    def submit(source: bytes, file: str = "test.ipynb", **request: Any) -> str:
        with pytest.raises(Refused) as caught:
            clara.runs.submit(source, file, **request)
        assert 400 <= caught.value.status < 500
        return f"{caught.value.status}: {caught.value.message}. {caught.value.hint}"

    return submit


class Ended:
    """Runs that were submitted together, by their names in hostile.py."""

    def __init__(self, person: Person) -> None:
        self.runs = person.runs
        self.ids = {
            name: str(self.runs.submit(source, file, **how)["id"])
            for name, (source, file, how) in SUBMITTED.items()
        }

    def __getitem__(self, name: str) -> Any:
        return self.runs.end(self.ids[name], 180)

    def succeeded(self, name: str) -> Any:
        """The run, which has to have succeeded."""
        run = self[name]
        assert run["status"] == "succeeded", run
        return run

    def log(self, name: str) -> str:
        """What it printed."""
        return self.runs.log(self.ids[name])

    def output(self, name: str, file: str) -> bytes:
        """One of its files."""
        return self.runs.output(self.ids[name], file)

    def page(self, name: str) -> str:
        """Its notebook as a page."""
        return self.output(name, "notebook.html").decode()


@pytest.fixture(scope="session")
def ended(eve: Person) -> Ended:
    """All of them were submitted at once and run side by side."""
    return Ended(eve)
