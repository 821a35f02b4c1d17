"""The hub leaves when the engine has another socket than the one that it was given."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import pytest
from nightdesk_hub.engine_socket import leave_if_gone

MOUNTS = """\
1048 1005 254:0 /lib/docker/volumes/hub/_data /data rw,relatime - ext4 /dev/vda rw
1049 1005 0:21 /docker.sock{mark} /run/docker.sock rw,nosuid - tmpfs tmpfs rw,size=100k
1050 1005 254:0 /notes.txt//deleted /etc/notes.txt rw,relatime - ext4 /dev/vda rw
nonsense
"""


@pytest.mark.parametrize(
    ("mark", "leaves"),
    [("", False), ("//deleted", True)],
    ids=["it is there", "the engine deleted it"],
)
def test_the_hub_leaves_when_the_socket_is_gone_and_only_then(
    tmp_path: Path, mark: str, leaves: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(mark=mark))
    told: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    before = signal.signal(signal.SIGTERM, on_signal)
    try:
        leave_if_gone(mounts)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == ([signal.SIGTERM] if leaves else [])
