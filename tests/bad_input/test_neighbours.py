"""Code that takes all it can get: its limits hold, and neither its neighbours nor the platform notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import docker
from ..support.runs import FINAL, Held
from ..support.waiting import until
from .hostile import FORKS, THREADS

pytestmark = pytest.mark.platform
Say = Callable[[object], None]
BOMB = """
import subprocess
print("go", flush=True)
subprocess.run(["bash", "-c", "bomb() { bomb | bomb & }; bomb; wait"])
while True: pass
"""


@pytest.fixture
def neighbour(eve: Person) -> Iterator[Held]:
    """Somebody's run that is in the middle of its work."""
    with eve.runs.hold() as held:
        held.holding()
        yield held


def processes(container: str) -> int:
    """Processes and threads of a container now."""
    return int(docker("stats", "--no-stream", "--format", "{{.PIDs}}", container))


@pytest.mark.case(30)
def test_a_fork_bomb_ends_at_its_limits_and_nobody_else_notices(
    eve: Person, ada: Person, neighbour: Held, got: Say
) -> None:
    run = eve.runs.submit(notebook(BOMB), "bomb.ipynb", size="cramped", timeout_seconds=6)["id"]
    until(lambda: "go" in eve.runs.log(run), "the bomb")
    (container,) = eve.platform.containers("run", f"label=org.nightdesk.run={run}")
    limit = eve.platform.inspect(container)["HostConfig"]["PidsLimit"]
    before = neighbour.ticks()
    assert 0 < processes(container) <= limit
    quick = ada.runs.end(ada.runs.submit(notebook("print('hello')"), "quick.ipynb")["id"])
    assert quick["status"] == "succeeded", "others' runs start and end meanwhile"
    until(lambda: neighbour.ticks() > before + 1, "the neighbour going on")
    ended = eve.runs.end(run, 60)
    assert ended["status"] in {"timed_out", "failed"}, ended
    assert ended["reason"]
    until(
        lambda: not eve.platform.containers("run", f"label=org.nightdesk.run={run}", everything=True),
        "its end",
    )
    neighbour.succeed()
    got(f"at most {limit} processes; {ended['status']}: {ended['reason']}")


@pytest.mark.case(30)
@pytest.mark.parametrize(("source", "size"), [(FORKS, "cramped"), (THREADS, "cramped"), (THREADS, "small")])
def test_processes_and_threads_have_a_limit_and_the_run_goes_on(
    eve: Person, neighbour: Held, source: str, size: str
) -> None:
    before = neighbour.ticks()
    run = eve.runs.end(eve.runs.submit(notebook(source, "print('after')"), size=size)["id"], 90)
    assert run["status"] in FINAL
    log = eve.runs.log(run["id"])
    assert "stopped after" in log
    assert int(log.split("stopped after ")[1].split()[0]) < 1024
    assert run["status"] == "succeeded", run
    assert "after\n" in log
    until(lambda: neighbour.ticks() > before + 1, "the neighbour going on")
