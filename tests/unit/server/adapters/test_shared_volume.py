"""The folders of groups are made, and put right where somebody changed them. As root only: they change hands."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from nightdesk.server.adapters.shared_volume import prepare
from nightdesk.shared_folders import Shared

SHARED = Shared.model_validate(
    {
        "folders": {
            "models": {"groups": {"research": "write"}, "gid": 4001},
            "host": {"groups": {"research": "read"}, "path": "/srv/team/x", "gid": 4002},
        },
        "host_paths": ["/srv/team"],
    }
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def facts(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def test_folders_of_the_volume_are_their_groups_alone(tmp_path: Path) -> None:
    prepare(tmp_path, SHARED)
    assert facts(tmp_path / "models") == (0, 4001, 0o2770)
    assert not (tmp_path / "host").exists(), "those of the machine are the operator's"
    (tmp_path / "models" / "kept").write_text("x")
    (tmp_path / "models").chmod(0o777)
    prepare(tmp_path, SHARED)
    assert facts(tmp_path / "models") == (0, 4001, 0o2770)
    assert (tmp_path / "models" / "kept").read_text() == "x"


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    before = facts(elsewhere)
    place = tmp_path / "place"
    place.mkdir()
    (place / "models").symlink_to(elsewhere)
    prepare(place, SHARED)
    assert facts(elsewhere) == before
