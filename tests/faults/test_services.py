"""The hub, the proxy and the api restarted and killed: sessions, runs and those who watch them go on."""

from __future__ import annotations

import subprocess
import time

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform, docker
from ..support.waiting import until
from .case import PROMISED_SECONDS, Case, LedgerHeld

pytestmark = pytest.mark.platform
WATCHED = "watched.ipynb"


@pytest.mark.fault(27)
def test_sessions_and_runs_outlive_the_hub_and_the_proxy(platform: Platform, case: Case, ada: Person) -> None:
    session = ada.session(environment="python-data", size="tiny")
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
    session = ada.session(environment="python-data", size="tiny")
    container = platform.inspect(session.container)["Id"]
    with case.held() as held:
        before = held.identity()
        for _ in range(10):
            runs = case.submit_many(1, seconds=0.5)
            docker("restart", platform.service("hub"))
            back = time.monotonic()
            until(lambda: platform.healthy("hub"), "the hub back", 60)
            until(lambda: uses_lab(ada), "the session in reach", 60)
            case.recovered(back)
            case.end_all(runs)
        assert platform.inspect(session.container)["Id"] == container
        case.unchanged(held, before)


def uses_lab(person: Person) -> bool:
    """Do something in their session that is more than a look: one that nobody uses would end by itself."""
    with requests.Session() as web:
        web.trust_env = False
        address = f"{person.platform.address}/user/{person.name}/api/contents?content=0"
        try:
            answer = web.get(address, headers={"Authorization": f"token {person.token}"}, timeout=5)
        except requests.RequestException:
            return False
        return answer.status_code == 200


@pytest.mark.fault(27)
def test_watching_goes_on_when_the_api_is_restarted_and_killed(
    platform: Platform, case: Case, ada: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("watched")
    cells = (case.ledger.first(), case.ledger.hold(), case.ledger.last())
    (folder / "held.ipynb").write_bytes(notebook(*cells))
    command = ("submit", "held.ipynb", "--name", WATCHED, "--size", "tiny", "--watch")
    with ada.running_command(*command, cwd=folder) as watching:
        run = until(lambda: of_the_command(ada, watching), "the run of the command", PROMISED_SECONDS)
        assert run is not None
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


def of_the_command(ada: Person, watching: subprocess.Popen[str]) -> str | None:
    """The run that it submitted, once it is in the middle of it."""
    assert watching.poll() is None, watching.communicate()
    runs = ada.runs.ask("GET", "/runs?owner=me&status=running")["runs"]
    return next((str(run["id"]) for run in runs if run["name"] == WATCHED), None)


@pytest.mark.fault(27)
def test_stopping_ones_server_leaves_ones_runs_alone(case: Case, ada: Person) -> None:
    session = ada.session(environment="python-data", size="tiny")
    session.put("held.ipynb", notebook(case.ledger.first(), case.ledger.hold(), case.ledger.last()))
    said = session.do("sh", "-c", "nightdesk submit held.ipynb --size tiny --json")
    run = said.split('"id": "')[1].split('"')[0]
    case.take_in(run)
    with LedgerHeld(ada.runs, run, case.ledger) as held:
        before = held.holding().identity()
        ada.end_session()
        case.goes_on(held)
        case.unchanged(held, before)
