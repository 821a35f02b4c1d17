"""Trying a connection: what the api leaves, what a worker takes, and what neither shows."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.connection_places import ConnectionMount
from nightdesk.server.adapters.connection_tables import tests
from nightdesk.server.adapters.sealing import AesSealing
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.doubles.probe import MemoryProbe
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.services.connection_tests import PURPOSE, ask, outcome_of, take
from nightdesk.server.services.connections import Draft, Vault
from sqlalchemy import select

from ..workbench import ROOT, VERSION, Bench

CANARY = "canary-trial"
SETTINGS = {"host": "db", "database": "sales", "user": "writer", "reader_user": "reader"}
SECRETS = {"password": CANARY, "reader_password": f"{CANARY}-r"}


class Trying:
    """A connection, a worker that lives, and what both have the key for."""

    def __init__(self, bench: Bench) -> None:
        self.records = bench.records
        self.vault = Vault(bench.records, MemorySealing(), ("/srv/data",))
        self.vault.make(
            ROOT, Draft("warehouse", ConnectionKind.POSTGRESQL, settings=SETTINGS, secrets=SECRETS)
        )
        self.sealing = AesSealing.derived("key", PURPOSE)
        self.probe = MemoryProbe()
        bench.records.beat("worker", 1, 1)
        self.database = bench.database

    def done(self, name: str = "warehouse") -> Any:
        test = ask(self.vault, self.sealing, ROOT, name)
        work = take(self.records, self.sealing, self.probe)
        assert work is not None
        assert outcome_of(self.records, test) is None
        work()
        return outcome_of(self.records, test)


@pytest.fixture
def trying(bench: Bench) -> Trying:
    return Trying(bench)


def test_both_logins_are_tried_in_the_default_environment(trying: Trying) -> None:
    answer = trying.done()
    assert answer["ok"]
    assert [step["name"] for step in answer["steps"]] == ["login", "reader's login"]
    ((image, openings, places),) = trying.probe.asked
    assert image == VERSION.digest
    assert [(each["settings"]["user"], each["secrets"]["password"]) for each in openings] == [
        ("writer", CANARY),
        ("reader", f"{CANARY}-r"),
    ]
    assert places == []
    (noted,) = trying.records.entries(AuditFilter(action="connection.tested"))
    assert (noted.by, noted.object, noted.words) == ("root", "warehouse", "works")


def test_what_failed_is_told_and_noted(trying: Trying) -> None:
    trying.probe.words = "refused"
    answer = trying.done()
    assert (answer["ok"], answer["words"]) == (False, "refused")
    (noted,) = trying.records.entries(AuditFilter(action="connection.tested"))
    assert noted.words == "does not work: refused"


def test_an_engine_that_is_away_is_told_too(trying: Trying) -> None:
    trying.probe.away = True
    assert trying.done()["words"] == "the container engine does not answer"


def test_no_secret_lies_there_in_plain_and_nothing_of_it_afterwards(trying: Trying) -> None:
    test = ask(trying.vault, trying.sealing, ROOT, "warehouse")
    with trying.database.reading() as link:
        (row,) = link.execute(select(tests)).all()
    assert row.sealed
    assert CANARY not in str(row)
    with pytest.raises(Unavailable):
        AesSealing.derived("another", PURPOSE).open(test.id, row.sealed)
    work = take(trying.records, trying.sealing, trying.probe)
    with trying.database.reading() as link:
        (row,) = link.execute(select(tests)).all()
    assert row.sealed is None
    assert work is not None
    work()
    outcome_of(trying.records, test)
    with trying.database.reading() as link:
        assert link.execute(select(tests)).all() == []


def test_a_place_of_the_machine_is_there_as_in_a_run(trying: Trying) -> None:
    trying.vault.make(ROOT, Draft("maps", ConnectionKind.FOLDER, settings={"path": "/srv/data/maps"}))
    assert trying.done("maps")["ok"]
    assert trying.probe.asked[0][2] == [ConnectionMount("/srv/data/maps", "/connections/maps")]


def test_without_a_worker_nobody_waits(bench: Bench) -> None:
    trying = Trying(bench)
    trying.records.let_go("worker")
    with pytest.raises(Unavailable, match="no worker"):
        ask(trying.vault, trying.sealing, ROOT, "warehouse")
    with pytest.raises(NotFound):
        ask(trying.vault, trying.sealing, ROOT, "elsewhere")
