"""The real platform's own description, the people who ask, and runs that they may ask about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from ..support.notebooks import code, notebook
from ..support.people import Person, join
from ..support.platform import Platform
from ..support.runs import FINAL
from ..support.waiting import until

API = "/services/nightdesk/api/v1"


@dataclass(frozen=True)
class Known:
    """What there is to be asked about: runs of the one who asks and of another, files of the first, a build."""

    own: str
    failed: str
    others: str
    outputs: list[str]
    build: str


@pytest.fixture(scope="session")
def description(platform: Platform) -> dict[str, Any]:
    """What the platform says of itself."""
    with requests.Session() as web:
        web.trust_env = False
        document: dict[str, Any] = web.get(f"{platform.url}/api/v1/openapi.json", timeout=30).json()
    return document


@pytest.fixture(scope="session")
def schema(description: dict[str, Any]) -> Any:
    """The same as what cases are made from: read once, for all routes."""
    import schemathesis

    return schemathesis.openapi.from_dict(description)


@pytest.fixture(scope="session")
def felix(platform: Platform) -> Iterator[Person]:
    """A member who asks for anything. What was accepted of it is cancelled afterwards."""
    person = join(platform, "felix")
    yield person
    for run in person.runs.ask("GET", "/runs?limit=500")["runs"]:
        if run["status"] not in FINAL:
            person.runs.cancel(run["id"])


@pytest.fixture(scope="session")
def known(felix: Person, ada: Person, admin: Person) -> Known:
    """Runs and a build that are over."""
    leaves = "import os, pathlib\nprint('printed')\n(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / 'ö.txt').write_text('x')"
    own = felix.runs.submit(notebook(code("year = 1", "parameters"), leaves))
    failed = felix.runs.submit(notebook("1 / 0"))
    others = ada.runs.submit(notebook("1"))
    runs = [person.runs.end(run["id"]) for person, run in ((felix, own), (felix, failed), (ada, others))]
    nowhere = {"kind": "image", "environment": "nowhere", "source": "127.0.0.1:9/none:1"}
    build = admin.runs.ask("POST", "/builds", files={"request": (None, json.dumps(nowhere))})["id"]
    admin.runs.ask("POST", f"/builds/{build}/cancel")
    until(lambda: admin.runs.ask("GET", f"/builds/{build}")["finished_at"], f"the end of build {build}")
    outputs = [each["name"] for each in runs[0]["outputs"]]
    return Known(runs[0]["id"], runs[1]["id"], runs[2]["id"], outputs, build)
