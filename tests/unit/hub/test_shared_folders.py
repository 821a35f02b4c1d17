"""Folders of groups in a session: mounted by the groups of the moment, and what happens when those change."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nightdesk.config import Settings

from .test_spawner import Session

SHARED = {
    "folders": {
        "models": {"groups": {"research": "write", "pupils": "read"}, "gid": 4001},
        "ledger": {"groups": {"finance": "write"}},
        "archive": {"groups": {"pupils": "read"}, "path": "/srv/team/archive", "gid": 4002},
    },
    "host_paths": ["/srv/team"],
}


@pytest.fixture
def session(tmp_path: Path, answer: Any) -> Any:
    made = Session(tmp_path, answer)
    made.spawner.desk = made.desk = dataclasses.replace(
        made.desk, settings=Settings.model_validate({"shared": SHARED, "sessions": {"start_timeout": 2}})
    )
    yield made
    for name in [name for name, box in made.engine.boxes.items() if box["Running"] and "Image" in box]:
        made.engine.end(name)


def member_of(session: Session, *groups: str) -> None:
    session.groups[:] = [SimpleNamespace(name=group) for group in groups]


def test_only_the_folders_of_ones_groups_are_there(session: Session) -> None:
    member_of(session, "pupils")
    session.start(environment="python-data")
    host = session.box["host_config"]
    assert host["Binds"] == ["desk-home-ada:/home/nightdesk:rw", "desk_shared:/shared/team:rw"]
    assert host["Tmpfs"] == {"/shared": "size=64k,mode=755"}
    models, archive = host["Mounts"]
    assert (models["Target"], models["Source"], models["ReadOnly"]) == (
        "/shared/models",
        "desk_folders",
        True,
    )
    assert models["VolumeOptions"]["Subpath"] == "models"
    assert (archive["Type"], archive["Source"], archive["ReadOnly"]) == ("bind", "/srv/team/archive", True)
    assert host["GroupAdd"] == ["4001", "4002"]
    assert host["CapDrop"] == ["ALL"]


def test_somebody_of_no_group_has_the_teams_folder_alone(session: Session) -> None:
    session.start(environment="python-data")
    host = session.box["host_config"]
    assert not host.get("Mounts")
    assert "GroupAdd" not in host


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        (("research", "finance"), False),
        (("research", "finance", "pupils"), False),
        (("research",), True),  # a folder less
        (("finance", "pupils"), True),  # to read only what was to write
        ((), True),
    ],
)
def test_a_session_ends_when_it_has_more_than_its_owner_may(
    session: Session, after: tuple[str, ...], ends: bool
) -> None:
    member_of(session, "research", "finance")
    session.start(environment="python-data")
    assert session.poll() is None
    member_of(session, *after)
    ended = session.poll()
    assert (ended is not None) is ends
    assert session.box["Running"] is not ends
    if ends:
        assert "since your groups were changed" in ended
        assert session.desk.endings["ada", ""] == ended


def test_the_next_hub_knows_which_folders_a_session_has(session: Session) -> None:
    member_of(session, "research")
    session.start(environment="python-data")
    state = session.spawner.get_state()
    again = session.new_spawner()
    again.load_state(state)
    session.spawner = again
    assert session.poll() is None
    member_of(session)
    assert session.poll() is not None
