"""Places of the machine in a session: what the api offers, by the groups of the moment, and one that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from .test_shared_folders import member_of
from .test_spawner import Session

PLACES = [
    {
        "path": "/srv/data/maps",
        "target": "/connections/maps",
        "file": False,
        "rights": [{"group": None, "write": False}],
    },
    {
        "path": "/srv/data/lab",
        "target": "/connections/lab",
        "file": False,
        "rights": [{"group": "lab", "write": True}],
    },
]


@pytest.fixture
def session(tmp_path: Path, answer: Any) -> Any:
    made = Session(tmp_path, {**answer, "places": PLACES})
    yield made
    for name in [name for name, box in made.engine.boxes.items() if box["Running"] and "Image" in box]:
        made.engine.end(name)


def mounts(session: Session) -> list[tuple[str, str, bool]]:
    found = session.box["host_config"].get("Mounts") or []
    return [(each["Source"], each["Target"], bool(each.get("ReadOnly"))) for each in found]


def test_a_session_has_the_places_of_its_owner_s_connections(session: Session) -> None:
    member_of(session, "lab")
    session.start(environment="python-data")
    assert mounts(session) == [
        ("/srv/data/maps", "/connections/maps", True),
        ("/srv/data/lab", "/connections/lab", False),
    ]


def test_who_is_not_in_the_group_has_it_not_whatever_was_offered(session: Session) -> None:
    session.start(environment="python-data")
    assert mounts(session) == [("/srv/data/maps", "/connections/maps", True)]


def test_a_place_that_is_gone_keeps_nobody_from_starting(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = session.engine.create_container

    def create(**how: Any) -> Any:
        sources = [each["Source"] for each in how["host_config"].get("Mounts") or []]
        if "/srv/data/maps" in sources:
            words = 'invalid mount config for type "bind": bind source path does not exist: /srv/data/maps'
            raise APIError("400", explanation=words)
        return make(**how)

    monkeypatch.setattr(session.engine, "create_container", create)
    member_of(session, "lab")
    session.start(environment="python-data")
    assert mounts(session) == [("/srv/data/lab", "/connections/lab", False)]
