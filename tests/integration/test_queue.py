"""Who comes next, and what those who wait are told: turns between people, priorities, limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from ..support.notebooks import notebook
from ..support.people import Person, call_hub, join
from ..support.platform import LIMITED_GROUP, LIMITED_PERSON, SLOTS, Platform
from ..support.runs import FINAL, Held, Refused
from ..support.waiting import until

pytestmark = pytest.mark.platform
QUICK = notebook("print('done')")


@contextmanager
def full(person: Person) -> Iterator[list[Held]]:
    """Every slot is taken; of this person's runs those that go on."""
    # What an earlier test cancelled may be ending still: its slot would become free in the middle.
    until(lambda: not live(person), "an end of this person's earlier runs")
    with ExitStack() as ends:
        held = [ends.enter_context(person.runs.hold()) for _ in range(SLOTS)]
        until(lambda: len(person.platform.containers("run")) == SLOTS, "every slot taken")
        for one in list(held):  # somebody who left may have a slot already
            if person.runs.show(one.id)["status"] == "queued":
                person.runs.cancel(one.id)
                held.remove(one)
        yield [one.holding() for one in held]


def live(person: Person) -> list[str]:
    """The runs of this person that are not over."""
    newest = person.runs.ask("GET", "/runs?limit=100")["runs"]
    return [run["id"] for run in newest if run["status"] not in FINAL]


def started(person: Person, runs: list[Any]) -> list[str]:
    """When each started, after it has ended well."""
    ended = [person.runs.end(run["id"]) for run in runs]
    assert [run["status"] for run in ended] == ["succeeded"] * len(runs), ended
    return [run["started_at"] for run in ended]


def test_ten_queued_runs_of_one_person_do_not_hold_up_the_first_of_another(
    platform: Platform, ada: Person
) -> None:
    quinn = join(platform, "quinn")
    with full(ada) as held:
        many = [ada.runs.submit(QUICK, name=f"sweep {number}") for number in range(10)]
        late = quinn.runs.submit(QUICK)
        assert late["waiting"] == "next in line"
        assert ada.runs.show(many[0]["id"])["waiting"] == "waiting for a slot: 1 ahead"
        assert ada.runs.show(many[9]["id"])["waiting"] == "waiting for a slot: 10 ahead"
        listed = {run["id"]: run["waiting"] for run in ada.runs.ask("GET", "/runs?name=sweep*")["runs"]}
        assert [listed[run["id"]] for run in many] == [
            f"waiting for a slot: {number} ahead" for number in range(1, 11)
        ]
        table = ada.command("runs", "--status", "queued")
        assert "waiting for a slot: 10 ahead" in table.stdout, table
        held[0].open_gate()
        (quinns,) = started(quinn, [late])
        assert quinns < min(started(ada, many))
        assert {ada.runs.show(one.id)["status"] for one in held[1:]} == {"running"}, (
            "nobody was stopped for it"
        )


def test_priorities_order_one_s_own_runs_and_urgent_ones_go_before_everybody_s(
    admin: Person, ada: Person, grace: Person
) -> None:
    with pytest.raises(Refused, match="only admins submit urgent runs"):
        ada.runs.submit(QUICK, priority="urgent")
    with full(ada) as held:
        first = grace.runs.submit(QUICK)
        mine = [ada.runs.submit(QUICK, priority=priority) for priority in ("low", "normal", "high")]
        urgent = admin.runs.submit(QUICK, priority="urgent")
        said = [person.runs.show(run["id"])["waiting"] for person, run in [(admin, urgent), (grace, first)]]
        said += [ada.runs.show(run["id"])["waiting"] for run in reversed(mine)]
        assert said == [
            "next in line",
            *(f"waiting for a slot: {ahead} ahead" for ahead in (1, 2, 3, 4)),
        ]
        held[0].open_gate()
        order = [*started(admin, [urgent]), *started(grace, [first]), *reversed(started(ada, mine))]
        assert order == sorted(order)


def test_who_has_reached_a_limit_is_told_so_and_passed_over(platform: Platform, ada: Person) -> None:
    lena = join(platform, LIMITED_PERSON)
    with lena.runs.hold() as held:
        held.holding()
        second = lena.runs.submit(QUICK)
        until(
            lambda: lena.runs.show(second["id"])["waiting"] == "your limit of 1 is reached",
            "the limit in words, with slots free",
        )
        other = ada.runs.submit(QUICK)
        assert ada.runs.end(other["id"])["status"] == "succeeded", "others start before it"
        assert lena.runs.show(second["id"])["status"] == "queued"
        held.open_gate()
        assert lena.runs.end(second["id"])["status"] == "succeeded"


def test_members_of_a_group_share_its_limit(platform: Platform) -> None:
    people = [join(platform, name) for name in ("sara", "sven")]
    group = f"/groups/{LIMITED_GROUP}"
    call_hub(platform, platform.setup_token, "DELETE", group)
    made = call_hub(platform, platform.setup_token, "POST", group)
    assert made.status_code == 201, made.text
    members = {"users": [person.name for person in people]}
    assert call_hub(platform, platform.setup_token, "POST", f"{group}/users", members).status_code == 200
    sara, sven = people
    with sara.runs.hold() as held:
        held.holding()
        run = sven.runs.submit(QUICK)
        words = f"the limit of 1 of group {LIMITED_GROUP} is reached"
        until(lambda: sven.runs.show(run["id"])["waiting"] == words, "the group's limit in words")
        held.open_gate()
        assert sven.runs.end(run["id"])["status"] == "succeeded"


def test_earlier_runs_say_how_long_the_next_one_takes(ada: Person) -> None:
    name = "how long it takes"
    first = ada.runs.submit(QUICK, name=name)
    ended = ada.runs.end(first["id"])
    again = ada.runs.submit(QUICK, name=name)
    shown = ada.runs.end(again["id"])
    assert shown["expected_seconds"] is not None
    assert shown["elapsed_seconds"] > 0
    if first["expected_seconds"] is None:  # a platform that is kept has seen the name before
        assert shown["expected_seconds"] == pytest.approx(ended["elapsed_seconds"], abs=0.01)
