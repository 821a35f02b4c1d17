"""Alice, who has a session, files and runs; and Bob, whose code tries to reach them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person, Session, join
from ..support.platform import Platform
from ..support.waiting import until

CANARY = "canary-of-alice-7f3d"


class Signed(requests.Session):
    """A browser's worth of cookies of somebody who signed in; redirects are not followed unless asked for."""

    def __init__(self, platform: Platform, name: str = "", password: str = "") -> None:
        super().__init__()
        self.trust_env = False
        self.platform = platform
        if name:
            page = self.at("/hub/login").text
            answer = self.call(
                "POST", "/hub/login", data={"username": name, "password": password, "_xsrf": xsrf(page)}
            )
            assert answer.status_code == 302, answer.text

    def call(self, method: str, path: str, **how: object) -> requests.Response:
        """Any request."""
        how.setdefault("allow_redirects", False)  # type: ignore[attr-defined]
        return self.request(method, self.platform.address + path, timeout=30, **how)  # type: ignore[arg-type]

    def at(self, path: str, *, follow: bool = False) -> requests.Response:
        """A page."""
        return self.call("GET", path, allow_redirects=follow)


def xsrf(page: str) -> str:
    """The value that a page of the hub sends along."""
    found = re.search(r'name="_xsrf" value="([^"]*)"', page) or re.search(r'xsrf_token: "([^"]*)"', page)
    assert found, page
    return found[1]


@dataclass(frozen=True)
class Alice:
    """What there is of Alice."""

    person: Person
    session: Session
    run: str

    @property
    def name(self) -> str:
        return self.person.name


@pytest.fixture(scope="session")
def alice(platform: Platform) -> Alice:
    person = join(platform, "alice")
    session = person.session(environment="python-data", size="tiny")
    session.put("mine.txt", CANARY.encode())
    source = f"import os, pathlib\n(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / 'mine.txt').write_text({CANARY!r})"
    run = person.runs.end(person.runs.submit(notebook(source))["id"])
    assert run["status"] == "succeeded", run
    return Alice(person, session, run["id"])


@pytest.fixture(scope="session")
def bob(platform: Platform) -> Person:
    return join(platform, "bob")


@pytest.fixture
def bobs_session(bob: Person) -> Session:
    return bob.session(environment="python-data", size="tiny")


@pytest.fixture
def alices_second_run(alice: Alice) -> Iterator[str]:
    """One that listens on a port of its container while Bob's code looks around."""
    listens = "import http.server\nprint('listens', flush=True)\nhttp.server.test(port=8888)"
    run = str(alice.person.runs.submit(notebook(listens))["id"])
    until(lambda: "listens" in alice.person.runs.log(run), "alice's run listens")
    yield run
    alice.person.runs.cancel(run)


@pytest.fixture(scope="session")
def web_of_bob(bob: Person) -> Signed:
    return Signed(bob.platform, bob.name, bob.password)


@pytest.fixture(scope="session")
def web_of_admin(admin: Person) -> Signed:
    return Signed(admin.platform, admin.name, admin.password)
