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
from ..support.servers import Servers

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
        "sales",
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
    where = {"host": servers.host, "port": servers.ports["postgresql"], "dbname": "sales", "user": "ada"}
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
