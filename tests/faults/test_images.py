"""An environment's image whose tag moves, or that is gone, between submit and start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest

from ..support.platform import Platform, docker
from ..support.waiting import until
from .case import Case

pytestmark = pytest.mark.platform
NAME = "python-data"  # has a stable version, which is the default whatever else there is
BASE = f"nightdesk/{NAME}:2026.12.1"


class Environment:
    """A version of an environment that only this test has; nobody gets it who does not name it."""

    def __init__(self, platform: Platform, version: str) -> None:
        self.platform = platform
        self.label = f"{NAME}:{version}"
        self.tag = f"{platform.project}/{NAME}:{version}"
        self._built: set[str] = set()
        self.digest = self.build("the first")
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        spec = {"name": NAME, "version": version, "title": "Of a test", "kernels": [kernel]}
        entry = {"image": self.tag, "digest": self.digest, "spec": spec, "packages": []}
        command = (
            "exec",
            "--interactive",
            platform.service("worker"),
            "python",
            "-m",
            "nightdesk.server.register",
        )
        said = docker(*command, stdin=json.dumps([entry]).encode())
        assert said.startswith("registered"), said

    def build(self, words: str) -> str:
        """An image of this tag that differs from others by these words; its digest."""
        lines = f"FROM {BASE}\nLABEL org.nightdesk.tests={json.dumps(f'{self.platform.project} {words}')}\n"
        docker("build", "--quiet", "--tag", self.tag, "-", stdin=lines.encode(), seconds=120)
        digest = docker("image", "inspect", self.tag, "--format", "{{.Id}}").strip()
        self._built.add(digest)
        return digest

    def remove(self) -> None:
        """Every image that was built, and the tag."""
        while self._built:
            docker("image", "rm", "--force", self._built.pop())


@pytest.fixture
def environment(platform: Platform) -> Iterator[Environment]:
    """One for this test alone."""
    one = Environment(platform, f"0.{secrets.token_hex(3)}")
    yield one
    # Its run has ended by now, and its container is being removed.
    until(
        lambda: not platform.containers("run", f"ancestor={one.digest}", everything=True),
        "no container of it",
    )
    one.remove()


@pytest.mark.fault(28)
def test_a_tag_that_moves_between_submit_and_start(
    platform: Platform, environment: Environment, case: Case
) -> None:
    docker("stop", "--time", "5", platform.service("worker"))
    run = case.submit(case.ledger.hold(), environment=environment.label)
    moved = environment.build("the second")
    assert moved != environment.digest
    docker("start", platform.service("worker"))
    until(lambda: "holding" in case.person.runs.log(run), "the run in the middle", 60)
    (container,) = platform.containers("run", f"label=org.nightdesk.run={run}")
    assert platform.inspect(container)["Image"] == environment.digest
    case.ledger.open_gate(run)
    assert case.end(run)["environment"]["digest"] == environment.digest


@pytest.mark.fault(28)
def test_an_image_deleted_between_submit_and_start(
    platform: Platform, environment: Environment, case: Case
) -> None:
    docker("stop", "--time", "5", platform.service("worker"))
    run = case.submit(environment=environment.label)
    environment.remove()
    docker("start", platform.service("worker"))
    reason = case.end(run, "failed")["reason"]
    assert f"the image of {environment.label} is not on this machine" in reason
    assert "submit with another version" in reason
