"""Homes are measured each half hour, and after a session."""

from __future__ import annotations

from nightdesk.server.doubles.homes import MemoryHomes
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.people import Session
from nightdesk.server.services.homes import measure_homes
from nightdesk.server.services.sessions import look_at_sessions

from ..workbench import Bench


def sizes(bench: Bench) -> dict[str, int]:
    return {home.person: home.bytes for home in bench.records.homes()}


def test_everybody_s_first_then_those_whose_session_has_ended(bench: Bench) -> None:
    homes, people = MemoryHomes({"ada": 10, "bob": 20}), MemoryPeople()
    measure_homes(bench.records, homes)
    assert sizes(bench) == {"ada": 10, "bob": 20}
    homes.held |= {"ada": 11, "bob": 21}
    measure_homes(bench.records, homes)
    assert sizes(bench)["ada"] == 10, "not again at once"
    people.going_on = [Session("ada", "", "python-data", "2026.11.1", 1.0, "small", ("lab",))]
    look_at_sessions(bench.records, people, bench.settings)
    small = bench.settings.sizes["small"]
    assert bench.records.in_use()["ada", "session"].memory_bytes == small.memory_bytes
    measure_homes(bench.records, homes)
    assert homes.asked == [["ada", "bob"]]
    people.going_on = []
    look_at_sessions(bench.records, people, bench.settings)
    measure_homes(bench.records, homes)
    assert (sizes(bench), homes.asked[-1]) == ({"ada": 11, "bob": 20}, ["ada"])


def test_a_home_that_is_gone_and_a_size_that_is_no_more(bench: Bench) -> None:
    homes, people = MemoryHomes({}), MemoryPeople()
    measure_homes(bench.records, homes)
    people.going_on = [Session("eve", "x", "python-data", "2026.11.1", None, "huge")]
    look_at_sessions(bench.records, people, bench.settings)
    assert bench.records.in_use()["eve", "session"].cpus == 0
    people.going_on = []
    look_at_sessions(bench.records, people, bench.settings)
    measure_homes(bench.records, homes)
    assert sizes(bench) == {}
