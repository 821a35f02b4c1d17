"""A worker leaves when the engine has another socket than the one that it was given."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nightdesk.server.worker.engine_socket import is_gone

MOUNTS = """\
1048 1005 254:0 /lib/docker/volumes/data/_data /data rw,relatime - ext4 /dev/vda rw
1049 1005 0:21 /docker.sock{mark} /run/docker.sock rw,nosuid - tmpfs tmpfs rw,size=100k
1050 1005 254:0 /notes.txt//deleted /etc/notes.txt rw,relatime - ext4 /dev/vda rw
"""
WORKER = """
import pathlib, signal, sys, time
from nightdesk.server.worker import engine_socket
from nightdesk.server.worker.engine_socket import Door
engine_socket._MOUNTS = pathlib.Path(sys.argv[1])
engine_socket._LEAVE_SECONDS = float(sys.argv[2])
if sys.argv[3] == "hangs":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Door(None, None).start()
print("started", flush=True)
time.sleep(60)
"""


def test_a_socket_that_is_there_is_not_gone() -> None:
    assert not is_gone(MOUNTS.format(mark=""))


def test_a_socket_that_the_engine_has_deleted_is() -> None:
    assert is_gone(MOUNTS.format(mark="//deleted"))


def test_without_such_a_mount_nothing_is_gone() -> None:
    assert not is_gone("")
    assert not is_gone("nonsense\n")


@pytest.mark.parametrize(
    ("leave", "how", "code"),
    [("30", "leaves", -signal.SIGTERM), ("0.2", "hangs", 1)],
    ids=["told to leave", "ended where that hangs"],
)
def test_a_worker_whose_socket_goes_away_leaves(tmp_path: Path, leave: str, how: str, code: int) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(mark=""))
    command = [sys.executable, "-c", WORKER, str(mounts), leave, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "started\n"
        assert worker.poll() is None
        new = mounts.with_name("new")
        new.write_text(MOUNTS.format(mark="//deleted"))
        new.replace(mounts)
        assert worker.wait(30) == code
