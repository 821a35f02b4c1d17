"""The hub, the proxy and the api restarted and killed: sessions, runs and those who watch them go on."""

from __future__ import annotations

import time

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform, docker
from ..support.waiting import until
from .case import Case, LedgerHeld

pytestmark = pytest.mark.platform


@pytest.mark.fault(27)
def test_sessions_and_runs_outlive_the_hub_and_the_proxy(platform: Platform, case: Case, ada: Person) -> None:
    session = ada.session()
    container = platform.inspect(session.container)["Id"]
    with case.held() as held:
        before = held.identity()
        docker("kill", platform.service("hub"))
        assert ada.runs.show(held.id)["status"] == "running"  # the platform's api answers without the hub
        killed = time.monotonic()
        docker("start", platform.service("hub"))
        docker("restart", platform.service("proxy"))
        until(lambda: platform.healthy("hub"), "the hub back", 60)
        until(ada.lab_answers, "the session in reach through the new proxy", 60)
        assert platform.inspect(session.container)["Id"] == container
        case.goes_on(held, since=killed)
        case.unchanged(held, before)


@pytest.mark.slow
@pytest.mark.timeout(900, func_only=True)
@pytest.mark.fault(27)
def test_the_hub_restarted_ten_times(platform: Platform, case: Case, ada: Person) -> None:
    session = ada.session()
    container = platform.inspect(session.container)["Id"]
    with case.held() as held:
        before = held.identity()
        for _ in range(10):
            docker("restart", platform.service("hub"))
            runs = case.submit_many(1)
            until(lambda: platform.healthy("hub"), "the hub back", 60)
            case.end_all(runs)
        back = time.monotonic()
        until(ada.lab_answers, "the session in reach", 60)
        case.recovered(back)
        assert platform.inspect(session.container)["Id"] == container
        case.unchanged(held, before)


@pytest.mark.fault(27)
def test_watching_goes_on_when_the_api_is_restarted_and_killed(
    platform: Platform, case: Case, ada: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("watched")
    cells = (case.ledger.first(), case.ledger.hold(), case.ledger.last())
    (folder / "held.ipynb").write_bytes(notebook(*cells))
    key = f"watched-{time.time_ns()}"
    command = ("submit", "held.ipynb", "--size", "tiny", "--key", key, "--watch")
    with ada.running_command(*command, cwd=folder) as watching:
        run = until(
            lambda: [
                one for one in ada.runs.ask("GET", "/runs?limit=1")["runs"] if one["status"] == "running"
            ],
            "the run of the command",
        )[0]["id"]
        with LedgerHeld(ada.runs, run, case.ledger) as held:
            case.take_in(run)
            before = held.holding().identity()
            docker("restart", platform.service("api"))
            docker("kill", platform.service("api"))
            docker("start", platform.service("api"))
            until(lambda: platform.healthy("api"), "the api back")
            case.goes_on(held)
            assert watching.poll() is None
            assert held.identity() == before
            held.open_gate()
            out, err = watching.communicate(timeout=90)
            assert watching.returncode == 0, (out, err)
            assert "let go" in out + err
            held.succeed()


@pytest.mark.fault(27)
def test_stopping_ones_server_leaves_ones_runs_alone(case: Case, ada: Person) -> None:
    session = ada.session()
    session.put("held.ipynb", notebook(case.ledger.first(), case.ledger.hold(), case.ledger.last()))
    said = session.do("sh", "-c", "nightdesk submit held.ipynb --size tiny --json")
    run = said.split('"id": "')[1].split('"')[0]
    case.take_in(run)
    with LedgerHeld(ada.runs, run, case.ledger) as held:
        before = held.holding().identity()
        ada.end_session()
        case.goes_on(held)
        case.unchanged(held, before)
