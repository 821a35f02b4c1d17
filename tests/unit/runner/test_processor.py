"""The processor time of a run, where no control group of its own tells it."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from nightdesk.runner import memory, processor

BURN = "import time\nwhile time.process_time() < 0.3: pass\nprint('burnt', flush=True)\ninput()"


def test_what_a_process_used_counts_while_it_lives_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "in_container", lambda: False)
    before = processor.seconds_used(None)
    assert before == pytest.approx(sum(os.times()[:4]), abs=0.1)
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"burnt\n"
        assert processor.seconds_used(child.pid) >= before + 0.25
    assert processor.seconds_used(None) >= before + 0.25
    assert processor.seconds_used(child.pid) >= before + 0.25, "one that is gone is no mistake"


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"/sys/fs/cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 1\n"}, 2.5),
        ({"/sys/fs/cgroup/cpuacct/cpuacct.usage": "1500000000\n"}, 1.5),
    ],
)
def test_both_generations_of_control_groups(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], seconds: float
) -> None:
    def opened(path: str) -> object:
        if path not in files:
            raise FileNotFoundError(path)
        return io.StringIO(files[path])

    monkeypatch.setattr(processor, "in_container", lambda: True)
    monkeypatch.setattr(processor, "open", opened, raising=False)
    assert processor.seconds_used(None) == seconds


def test_a_whole_machine_is_no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_number", {"/sys/fs/cgroup/memory/memory.limit_in_bytes": 2**63 - 4096}.get)
    assert not memory.in_container()
    monkeypatch.setattr(memory, "_number", {"/sys/fs/cgroup/memory/memory.limit_in_bytes": 2**30}.get)
    assert memory.in_container()
    monkeypatch.setattr(memory, "_number", {"/sys/fs/cgroup/memory.peak": 5}.get)
    assert memory.in_container()
