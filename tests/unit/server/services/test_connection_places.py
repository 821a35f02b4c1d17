"""Places of the machine that runs get through connections: by what their owner may use when they start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.connection_places import ConnectionMount, OfferedPlace, Right, missing
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.services.connections import Draft, Vault

from ..workbench import ADA, ROOT, Bench

TEAM = Grant(Kind.GROUP, "team")


@pytest.fixture
def vault(bench: Bench) -> Vault:
    made = Vault(bench.records, MemorySealing(), ("/srv/data",))
    made.make(ROOT, Draft("maps", ConnectionKind.FOLDER, settings={"path": "/srv/data/maps"}))
    made.make(
        ROOT,
        Draft("sales", ConnectionKind.SQLITE, read_only=False, settings={"path": "/srv/data/s/sales.db"}),
    )
    return made


def places(bench: Bench, *groups: str) -> list[ConnectionMount]:
    """What a run of ada's gets that starts now."""
    people = MemoryPeople({"token": Person("ada", groups=groups)})
    run = bench.submit(person=ADA)
    bench.supervisor(parts=replace(bench.parts, people=people)).supervise(run.id)
    return list(bench.engine.places[run.id, 1])


def test_a_run_gets_what_its_owner_may_use_now(bench: Bench, vault: Vault) -> None:
    assert places(bench, "team") == []
    vault.grant(ROOT, "maps", TEAM)
    vault.grant(ROOT, "sales", TEAM)
    assert places(bench, "team") == [
        ConnectionMount("/srv/data/maps", "/connections/maps"),
        ConnectionMount("/srv/data/s/sales.db", "/connections/sales/sales.db"),
    ]
    assert places(bench) == [], "who has left the group has nothing"
    vault.grant(ROOT, "sales", Grant(Kind.PERSON, "ada", True))
    assert places(bench) == [ConnectionMount("/srv/data/s", "/connections/sales", True)]
    vault.revoke(ROOT, "sales", Grant(Kind.PERSON, "ada"))
    assert places(bench) == []


def test_what_the_settings_allow_no_more_is_not_mounted(bench: Bench, vault: Vault) -> None:
    vault.grant(ROOT, "maps", Grant(Kind.EVERYBODY))
    assert [place.target for place in vault.places(ADA)] == ["/connections/maps"]
    assert replace(vault, host_paths=("/srv/elsewhere",)).places(ADA) == []
    only_file = replace(vault, host_paths=("/srv/data/s/sales.db",))
    vault.grant(ROOT, "sales", Grant(Kind.EVERYBODY, write=True))
    (place,) = only_file.places(ADA)
    assert place.mount(()) == ConnectionMount("/srv/data/s/sales.db", "/connections/sales/sales.db")
    assert bench.parts.settings.connections.host_paths == ("/srv/data",)


def test_of_an_old_offer_the_groups_of_the_moment_count() -> None:
    place = OfferedPlace("/srv/data/x", "/connections/x", (Right("team"), Right("night", True)))
    assert OfferedPlace.of_json(place.as_json()) == place
    assert place.mount(["team"]) == ConnectionMount("/srv/data/x", "/connections/x")
    assert place.mount(["team", "night"]) == ConnectionMount("/srv/data/x", "/connections/x", True)
    assert place.mount([]) is None


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/srv/../etc", "/connections/x"),
        ("/srv/x", "/etc"),
        ("/srv/x", "/connections/../etc"),
        ("srv", "/connections/x"),
    ],
)
def test_the_hub_takes_no_place_that_is_none(path: str, target: str) -> None:
    said = {"path": path, "target": target, "rights": [], "file": False}
    with pytest.raises(ValueError, match="no place"):
        OfferedPlace.of_json(said)


def test_the_engine_s_words_about_what_is_missing() -> None:
    here, gone = ConnectionMount("/srv/a", "/connections/a"), ConnectionMount("/srv/b", "/connections/b")
    words = 'invalid mount config for type "bind": bind source path does not exist: /srv/b'
    assert missing(words, [here, gone]) == gone
    assert missing(words, [here]) is None
    assert missing("something else", [here, gone]) is None
