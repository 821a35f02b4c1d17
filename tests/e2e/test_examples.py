"""The examples, small, as a newcomer runs them: on the real platform, with a real PostgreSQL behind the connection."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ..support.people import Person, join, leave
from ..support.platform import ROOT, Platform
from ..support.servers import PRODUCTION, Servers

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def ella(
    platform: Platform, admin: Person, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Person]:
    """A member who may write to the connection `production`."""
    person = join(platform, "ella")
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(servers.passwords["ada"], "utf-8")
    where = [
        "--host",
        servers.host,
        "--port",
        str(servers.ports["postgresql"]),
        "--database",
        PRODUCTION,
        "--user",
        "ada",
    ]
    done = admin.command(
        "connection", "add", "postgresql", "production", *where, "--writable", "--secret-file", str(secret)
    )
    assert done.returncode == 0, done.stderr
    done = admin.command("connection", "grant", "production", "--person", "ella", "--write")
    assert done.returncode == 0, done.stderr
    yield person
    admin.command("connection", "rm", "production", "--yes")
    leave(platform, "ella")


@pytest.fixture
def ask(servers: Servers) -> Iterator[Ask]:
    """A query to the production database."""
    where = {"host": servers.host, "port": servers.ports["postgresql"], "dbname": PRODUCTION, "user": "ada"}
    with psycopg.connect(**where, password=servers.passwords["ada"]) as connection:
        yield lambda query: connection.execute(query).fetchall()


def run(person: Person, name: str) -> str:
    """What `examples/run.py --small NAME` says, which has succeeded."""
    done = subprocess.run(
        [sys.executable, str(Path(ROOT) / "examples/run.py"), "--small", name],
        env=person.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_phone_quality_updates_everybodys_best_number(ella: Person, ask: Ask) -> None:
    said = run(ella, "phone-quality")
    assert "reached.png" in said
    assert "summary.json" in said
    days = ask("select day, predicted_on, auc from phone.validation order by day")
    assert [day[1] for day in days] == [None, days[0][0]]  # the first day has nothing to be held against
    assert 0.5 < days[1][2] < 1
    assert ask("select count(distinct as_of), count(*) from phone.best_number") == [(1, 800)]
    assert (
        ask(
            "select count(*) from phone.best_number b join phone.numbers n using (number_id) where n.rank > 1"
        )[0][0]
        > 50
    )


@pytest.mark.thorough
def test_donation_propensity_predicts_a_month_and_validates_it_in_the_next(ella: Person, ask: Ask) -> None:
    said = run(ella, "donation-propensity")
    assert said.count("→ succeeded, pipeline") == 2
    scored = ask(
        "select month, count(*), sum(probability) from donations.scores group by month order by month"
    )
    assert [row[0] for row in scored] == ["2026-10", "2026-11"]
    ((month, count, gave, told, auc),) = ask(
        "select month, scored, gave, said, auc from donations.validation"
    )
    assert (month, count) == ("2026-10", scored[0][1])
    assert auc > 0.65
    assert 0.5 < told / gave < 2
    assert ask("select month from donations.summary order by month") == [("2026-10",), ("2026-11",)]


def test_issue_positions_are_a_sweep_over_issues(ella: Person, ask: Ask) -> None:
    said = run(ella, "issue-positions")
    assert "3 issues; the parties are farthest apart on" in said
    assert "issues.png" in said
    assert ask("select issue, count(*) from issues.positions group by issue order by issue") == [
        ("climate", 6000),
        ("taxes", 6000),
        ("wages", 6000),
    ]
    ((left, right),) = ask(
        "select avg(support) filter (where party = 'left'), avg(support) filter (where party = 'right')"
        " from issues.positions join issues.people using (person_id) where issue = 'climate'"
    )
    assert left > right + 0.2


@pytest.mark.thorough
def test_a_new_model_for_service_requests_goes_live_only_if_it_is_better(ella: Person, ask: Ask) -> None:
    run(ella, "service-requests-311")
    models = ask("select accuracy, live_accuracy, gain, error from requests_311.models order by model_id")
    assert len(models) == 3
    better = [gain is None or gain > 1.645 * error for _, _, gain, error in models]
    assert better[0]
    assert better[2]  # by then people report what the first one has never read of
    assert models[2][0] > models[2][1] + 0.02
    newest = max(number for number, good in enumerate(better, 1) if good)
    assert ask("select model_id from requests_311.models where live") == [(newest,)]
    assert ask("select count(*) from requests_311.routed where category is null")[0][0] == 0
