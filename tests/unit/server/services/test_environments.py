"""The life of environments: rolling back, what holds a version, what a clean-up removes and frees."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.environment import Layer, Offer, Package, PackageChange, Version
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.people import Session
from nightdesk.server.services.environments import (
    Use,
    clean,
    differences,
    freed_bytes,
    labelled,
    plan_cleaning,
    promote,
    remove,
    roll_back,
    seen,
    set_groups,
    use_of,
)

from ..domain.runs import a_version
from ..workbench import ADA, ROOT, Bench


def there_are(bench: Bench, *versions: str, **values: Any) -> None:
    """Versions of python-data beside 2026.11.1 of the bench, which is stable."""
    for version in versions:
        digest = f"sha256:{version.encode().hex():0<64.64}"
        bench.records.add_version(a_version("python-data", version, digest=digest, **values))


def stable(bench: Bench) -> str:
    """What stable of python-data points at."""
    (found,) = (version.version for version in bench.records.versions() if "stable" in version.channels)
    return found


def a_session(version: str, person: str = "ada") -> Session:
    return Session(person, "", "python-data", version)


def deprecated(bench: Bench, *versions: str) -> None:
    for version in versions:
        bench.records.set_offer("python-data", version, Offer.DEPRECATED, "root")


# --- promotion and rollback ---------------------------------------------------------------------


def test_back_and_back_again(bench: Bench) -> None:
    there_are(bench, "2", "3")
    assert promote(bench.records, ROOT, "python-data", "2", "stable") == "2026.11.1"
    assert promote(bench.records, ROOT, "python-data", "3", "stable") == "2"
    assert roll_back(bench.records, ROOT, "python-data", "stable") == ("3", "2")
    assert roll_back(bench.records, ROOT, "python-data", "stable") == ("2", "2026.11.1")
    with pytest.raises(Conflict, match="'stable' of 'python-data' has no earlier version") as caught:
        roll_back(bench.records, ROOT, "python-data", "stable")
    assert "nightdesk env promote python-data:VERSION --channel stable" in (caught.value.hint or "")
    assert stable(bench) == "2026.11.1"


def test_back_passes_over_what_is_not_offered_any_more(bench: Bench) -> None:
    there_are(bench, "2", "3")
    for version in ("2", "3"):
        promote(bench.records, ROOT, "python-data", version, "stable")
    deprecated(bench, "2")
    assert roll_back(bench.records, ROOT, "python-data", "stable") == ("3", "2026.11.1")


def test_channels_and_environments_that_there_are_not(bench: Bench) -> None:
    for channel in ("latest", "", "Stable"):
        with pytest.raises(Invalid, match="there is no channel") as caught:
            promote(bench.records, ROOT, "python-data", "2026.11.1", channel)
        assert caught.value.hint == "There is: stable, next."
        with pytest.raises(Invalid, match="there is no channel"):
            roll_back(bench.records, ROOT, "python-data", channel)
    with pytest.raises(NotFound, match="there is no environment 'julia'"):
        roll_back(bench.records, ROOT, "julia", "stable")
    with pytest.raises(Conflict, match="no earlier version"):
        roll_back(bench.records, ROOT, "python-data", "next")


# --- who it is for ------------------------------------------------------------------------------


def test_groups_are_names_and_each_is_kept_once(bench: Bench) -> None:
    set_groups(bench.records, ROOT, "python-data", ["stats", "research", "stats "])
    assert bench.records.versions()[0].groups == ("research", "stats")
    for wrong in (["a\nb"], [""], ["x" * 300]):
        with pytest.raises(Invalid, match="the name of a group"):
            set_groups(bench.records, ROOT, "python-data", wrong)
    with pytest.raises(Invalid, match="at most 100 groups"):
        set_groups(bench.records, ROOT, "python-data", [f"g{number}" for number in range(101)])


def test_what_is_not_for_somebody_is_told_like_nothing(bench: Bench) -> None:
    set_groups(bench.records, ROOT, "python-data", ["stats"])
    member = Person("eve", groups=("stats",))
    for person in (member, ROOT):
        assert seen(bench.records, person, "python-data", "2026.11.1").label == "python-data:2026.11.1"

    def told(environment: str) -> tuple[str, str | None]:
        with pytest.raises(NotFound) as caught:
            seen(bench.records, ADA, environment, "2026.11.1")
        return caught.value.message.replace(environment, "NAME"), caught.value.hint

    assert told("python-data") == told("julia")


@pytest.mark.parametrize("label", ["python-data", "python-data:", ":1", "", ":"])
def test_what_names_no_version(bench: Bench, label: str) -> None:
    with pytest.raises(Invalid, match="does not name a version") as caught:
        labelled(bench.records, ROOT, label)
    assert caught.value.hint == "Write NAME:VERSION."


def test_what_differs(bench: Bench) -> None:
    there_are(bench, "2", packages=(Package("numpy", "2.4.0"), Package("pandas", "3.0.0")))
    found = differences(bench.records, ADA, "python-data:2026.11.1", "python-data:2")
    assert found == [PackageChange("numpy", "python", "2.3.1", "2.4.0")]
    with pytest.raises(NotFound):
        differences(bench.records, ADA, "python-data:2026.11.1", "python-data:3")


# --- use, and removing --------------------------------------------------------------------------


def test_who_and_what_uses_a_version(bench: Bench) -> None:
    people = MemoryPeople()
    people.going_on = [a_session("2026.11.1"), a_session("2026.11.1", "bob"), a_session("2"), a_session("")]
    bench.submit()
    use = use_of(bench.records, people, bench.records.versions()[0])
    assert [session.person for session in use.sessions] == ["ada", "bob"]
    assert (use.runs.total, use.runs.alive) == (1, 1)
    assert use.reasons(bench.records.versions()[0]) == [
        "it is stable",
        "2 sessions of ada, bob",
        "1 run not ended",
    ]
    assert Use().reasons(a_version("x", "1")) == []


def test_kept_results_hold_a_version_when_its_runs_have_ended(bench: Bench) -> None:
    run = bench.submit()
    bench.records.request_cancel(run.id, "ada")
    use = use_of(bench.records, MemoryPeople(), bench.records.versions()[0])
    assert use.reasons(bench.records.versions()[0]) == ["it is stable", "the kept results of 1 run"]


def test_removing_says_what_holds_it(bench: Bench) -> None:
    there_are(bench, "2")
    people = MemoryPeople()
    people.going_on = [a_session("2")]
    with pytest.raises(Conflict, match="python-data:2 stays: 1 session of ada") as caught:
        remove(bench.records, people, ROOT, "python-data", "2")
    assert "nightdesk env deprecate python-data:2" in (caught.value.hint or "")
    people.going_on = []
    assert remove(bench.records, people, ROOT, "python-data", "2").offer is Offer.REMOVED
    with pytest.raises(NotFound):
        remove(bench.records, people, ROOT, "python-data", "3")


def test_nothing_is_removed_while_nobody_knows_who_uses_what(bench: Bench) -> None:
    there_are(bench, "2")
    deprecated(bench, "2")
    people = MemoryPeople()
    people.away = True
    for attempt in (
        lambda: remove(bench.records, people, ROOT, "python-data", "2"),
        lambda: clean(bench.records, people, ROOT),
    ):
        with pytest.raises(Unavailable):
            attempt()
    assert Offer.REMOVED not in {version.offer for version in bench.records.versions()}


# --- clean-up -----------------------------------------------------------------------------------


def test_a_clean_up_removes_deprecated_versions_that_nothing_needs(bench: Bench) -> None:
    there_are(bench, "used", "ran", "spare", "on-offer", "gone")
    bench.records.set_offer("python-data", "gone", Offer.REMOVED, "root")
    run = bench.submit(environment="python-data:ran")
    bench.records.request_cancel(run.id, "ada")
    deprecated(bench, "used", "ran", "spare")
    people = MemoryPeople()
    people.going_on = [a_session("used", "bob")]
    plan = plan_cleaning(bench.records, people)
    assert [version.version for version in plan.remove] == ["spare"]
    assert {version.version: why for version, why in plan.keep} == {
        "2026.11.1": "it is stable; it is on offer",
        "used": "1 session of bob",
        "ran": "the kept results of 1 run",
        "on-offer": "it is on offer",
    }
    assert "removed" not in {
        version.offer for version in bench.records.versions() if version.version == "spare"
    }
    done = clean(bench.records, people, ROOT)
    assert [version.version for version in done.remove] == ["spare"]
    gone = {version.version for version in bench.records.versions() if version.offer is Offer.REMOVED}
    assert gone == {"gone", "spare"}
    assert bench.records.environment_events("python-data")[0].words == "clean-up"
    assert clean(bench.records, people, ROOT).remove == ()


def test_what_comes_into_use_between_the_plan_and_the_deed_stays(bench: Bench) -> None:
    """A run is submitted after the plan was made: the records refuse, and the answer says why."""
    there_are(bench, "2")
    deprecated(bench, "2")

    class Late(MemoryPeople):
        """Somebody submits a run while the hub is asked about sessions."""

        def sessions(self) -> list[Session]:
            bench.submit(environment="python-data:2")
            return []

    done = clean(bench.records, Late(), ROOT)
    assert done.remove == ()
    assert ("2", "1 run of python-data:2 has not ended") in [(v.version, why) for v, why in done.keep]
    assert done.frees_bytes == 0


def layered(digest: str, *layers: tuple[str, int]) -> tuple[Version, tuple[Layer, ...]]:
    version = a_version("x", digest, digest=digest)
    return version, tuple(Layer(name, size) for name, size in layers)


def test_what_is_freed_are_layers_that_nothing_else_stands_on() -> None:
    one = layered("1", ("base", 100), ("shared", 20), ("own-1", 3))
    two = layered("2", ("base", 100), ("shared", 20), ("own-2", 4))
    three = layered("3", ("base", 100), ("own-3", 5))
    everything = [one, two, three]
    assert freed_bytes(everything, []) == 0
    assert freed_bytes(everything, [one[0]]) == 3
    assert freed_bytes(everything, [one[0], two[0]]) == 27, "once, though both stood on it"
    assert freed_bytes(everything, [one[0], two[0], three[0]]) == 132


def test_an_image_that_has_two_names_frees_nothing_while_one_is_kept() -> None:
    version, layers = layered("1", ("base", 100))
    other = a_version("x", "alias", digest="1")
    assert freed_bytes([(version, layers), (other, layers)], [version]) == 0
    assert freed_bytes([(version, layers), (other, layers)], [version, other]) == 100
