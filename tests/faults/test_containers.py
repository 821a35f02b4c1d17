"""What can happen to a run's own container: memory, signals, a pause, a removal, a missing image."""

from __future__ import annotations

import time

import pytest

from ..support.platform import Platform, docker
from ..support.waiting import until
from .case import Case

pytestmark = pytest.mark.platform

EAT = "rest = []\nwhile True:\n    rest.append(bytearray(8 * 2**20))"
# Everything but the kernel is made the first to go: the engine's init, and the runner.
ME_LAST = """
for process in pathlib.Path("/proc").glob("[0-9]*"):
    if process.name != str(os.getpid()):
        (process / "oom_score_adj").write_text("1000")
"""
# The runner takes SIGTERM, so it is held still; then nothing of the container heeds a signal but SIGKILL.
DEAF = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(1)
os.kill(os.getppid(), signal.SIGSTOP)
while True:
    time.sleep(1)
"""
LIMIT_SECONDS = 8


@pytest.mark.fault(14)
def test_the_kernel_killed_for_memory(case: Case) -> None:
    run = case.end(case.submit(EAT), "failed")
    assert "Out of memory in cell 2 of 3" in run["reason"]
    assert "256 MB" in run["reason"]
    assert run["error"]["cell"] == 2


@pytest.mark.fault(15)
def test_the_first_process_killed_for_memory(case: Case) -> None:
    run = case.end(case.submit(ME_LAST + EAT), "failed")
    assert "Out of memory in cell 2 of 3" in run["reason"]
    assert "256 MB" in run["reason"]


@pytest.mark.fault(16)
def test_a_container_that_heeds_no_signal_is_gone_after_its_limit(platform: Platform, case: Case) -> None:
    began = time.monotonic()
    run = case.submit(DEAF, timeout_seconds=LIMIT_SECONDS)
    ended = case.end(run, "timed_out")
    assert "8 s" in ended["reason"]
    until(lambda: not containers(platform, run), "its container's removal", LIMIT_SECONDS + 30)
    assert time.monotonic() - began < LIMIT_SECONDS + 30 + 15  # and what it waited before it started
    case.recovered(began + LIMIT_SECONDS)


@pytest.mark.fault(17)
def test_a_paused_container_is_said_to_be_paused_and_ended_at_its_limit(
    platform: Platform, case: Case
) -> None:
    run = case.submit(case.ledger.hold(), timeout_seconds=10)
    until(lambda: "tick" in case.person.runs.log(run), "the run in the middle")
    docker("pause", *containers(platform, run))
    until(lambda: "paused" in str((case.show(run) or {})["reason"]), "words on the pause")
    ended = case.end(run, "timed_out")
    assert "10 s" in ended["reason"]
    until(lambda: not containers(platform, run), "its container's removal")


@pytest.mark.fault(17)
def test_a_paused_container_is_cancelled(platform: Platform, case: Case) -> None:
    with case.held() as held:
        docker("pause", held.container()["Id"])
        until(lambda: "paused" in str(case.person.runs.show(held.id)["reason"]), "words on the pause")
        began = time.monotonic()
        case.person.runs.cancel(held.id)
        case.end(held.id, "cancelled")
        case.recovered(began)
        until(lambda: not containers(platform, held.id), "its container's removal")


@pytest.mark.fault(17)
def test_a_paused_container_that_is_resumed_goes_on(case: Case) -> None:
    with case.held() as held:
        before = held.identity()
        docker("pause", before[0])
        until(lambda: "paused" in str(case.person.runs.show(held.id)["reason"]), "words on the pause")
        docker("unpause", before[0])
        case.goes_on(held, since=time.monotonic())
        until(lambda: not case.person.runs.show(held.id)["reason"], "no more words on it")
        case.unchanged(held, before)


@pytest.mark.fault(18)
def test_a_container_removed_by_hand(case: Case) -> None:
    with case.held() as held:
        removed = time.monotonic()
        docker("rm", "--force", held.container()["Id"])
        run = case.end(held.id, "failed")
        case.recovered(removed)
        assert "removed from outside" in run["reason"]


@pytest.mark.fault(18)
def test_a_container_killed_by_hand(case: Case) -> None:
    with case.held() as held:
        killed = time.monotonic()
        docker("kill", held.container()["Id"])
        run = case.end(held.id, "failed")
        case.recovered(killed)
        assert "somebody stopped its container" in run["reason"]


def containers(platform: Platform, run: str) -> list[str]:
    """The run's containers, whatever their state."""
    return platform.containers("run", f"label=org.nightdesk.run={run}", everything=True)
