"""Folders of groups: the settings, and who has which."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.shared_folders import Shared
from pydantic import ValidationError


def folders(**kept: Any) -> Shared:
    return Shared.model_validate({"folders": kept, "host_paths": ["/srv/team"]})


BOTH = folders(
    models={"groups": {"research": "write", "students": "read"}},
    ledger={"groups": {"finance": "write"}, "runs": "same"},
)


@pytest.mark.parametrize(
    ("groups", "session", "run"),
    [
        ([], {}, {}),
        (["others"], {}, {}),
        (["students"], {"models": False}, {"models": False}),
        (["research", "students"], {"models": True}, {"models": False}),
        (["finance", "students"], {"models": False, "ledger": True}, {"models": False, "ledger": True}),
    ],
)
def test_groups_decide(groups: list[str], session: dict[str, bool], run: dict[str, bool]) -> None:
    assert {each.name: each.writable for each in BOTH.of_session(groups)} == session
    assert {each.name: each.writable for each in BOTH.of_run(groups)} == run


def test_the_team_s_folder_moves_with_the_first_other_one() -> None:
    assert Shared().team == "/shared"
    assert BOTH.team == "/shared/team"
    assert [each.place for each in BOTH.of_session(["finance"])] == ["/shared/ledger"]


def test_each_folder_has_a_gid_of_its_own_that_stays() -> None:
    assert BOTH.gid("models") == folders(models={"groups": {"x": "read"}}).gid("models")
    assert BOTH.gid("models") != BOTH.gid("ledger")
    assert 20_000 <= BOTH.gid("models") < 30_000


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ({"groups": {}}, "at least 1"),
        ({"groups": {"x": "rw"}}, "'read' or 'write'"),
        ({"groups": {"x": "read"}, "path": "/srv/team/a"}, "needs the 'gid'"),
        ({"groups": {"x": "read"}, "path": "/etc", "gid": 4000}, "below none of shared.host_paths"),
        ({"groups": {"x": "read"}, "path": "/srv/team2", "gid": 4000}, "below none of shared.host_paths"),
        ({"groups": {"x": "read"}, "path": "/srv/team/../..", "gid": 4000}, "no path of this machine"),
        ({"groups": {"x": "read"}, "path": "srv", "gid": 4000}, "no path of this machine"),
        ({"groups": {"x": "read"}, "gid": 0}, "greater than or equal to 1000"),
    ],
)
def test_what_cannot_be(folder: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        folders(a=folder)


@pytest.mark.parametrize("name", ["team", "Models", "../x", "a/b", ""])
def test_names(name: str) -> None:
    with pytest.raises(ValidationError, match="is no name for a folder"):
        folders(**{name: {"groups": {"x": "read"}}})
