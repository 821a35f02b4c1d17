"""A hundred runs at the gate at the same moment: each is answered, with what is its own."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.run_token import run_token
from nightdesk.server.services.connections import Draft

from ..workbench import ADA, BOB, ROOT, Bench
from .site import RUN_KEY, Answer, Site
from .test_gate import Gate

RUNS, CONNECTIONS = 100, 10


@pytest.fixture(scope="module")
def site(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each of ten connections is ada's or bob's, with a secret that tells which."""
    path = tmp_path_factory.mktemp("many") / "site.db"
    shutil.copy(empty_database, path)
    bench = Bench(path, {})
    made = Site(bench)
    for number in range(CONNECTIONS):
        secrets = {"token": f"canary-{number}"}
        made.platform.vault.make(
            ROOT, Draft(f"api-{number}", ConnectionKind.HTTP, settings={"url": "https://x"}, secrets=secrets)
        )
        made.platform.vault.grant(ROOT, f"api-{number}", Grant(Kind.PERSON, owner(number).name))
    yield made
    made.stop()
    bench.close()


def owner(number: int) -> Person:
    """Whose the connection or run of this number is."""
    return (ADA, BOB)[number % 2]


def going_on(site: Site, number: int) -> Run:
    run = site.bench.submit(person=owner(number))
    claimed = site.bench.records.claim(run.id, "worker")
    assert claimed is not None
    return site.bench.records.change(claimed, status=Status.RUNNING)


@pytest.mark.security(41)
def test_a_hundred_runs_at_once_get_each_its_own(site: Site) -> None:
    runs = [going_on(site, number) for number in range(RUNS)]
    answers: dict[int, tuple[Answer, Answer]] = {}
    together = threading.Barrier(RUNS)

    def fetch(gate: Gate, number: int) -> None:
        token = run_token(RUN_KEY, runs[number].id, runs[number].attempt)
        own, other = number % CONNECTIONS, (number + 1) % CONNECTIONS
        together.wait(30)
        answers[number] = (
            gate.ask("POST", f"/connections/api-{own}/use", token),
            gate.ask("POST", f"/connections/api-{other}/use", token),
        )

    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(site, Path(folder))
        threads = [threading.Thread(target=fetch, args=(gate, number)) for number in range(RUNS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        gate.close()
    assert len(answers) == RUNS
    for number, (own, other) in answers.items():
        assert own.status == 200, own
        assert own.json["secrets"] == {"token": f"canary-{number % CONNECTIONS}"}
        assert other.status == 404, "it is the other person's"
        assert "canary" not in other.text
        assert site.bench.records.used_by(runs[number].id, 1) == [f"api-{number % CONNECTIONS}"]
