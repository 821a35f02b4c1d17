"""What every Records does with environments: versions that never change, channels, who they are for, what was done."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.channel import Action, Event
from nightdesk.server.domain.environment import Kernel, Layer, Offer, Origin, Package, Version
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.catalogue import RunsOf

from .on_record import added, at_once, running
from .runs import DIGEST, a_version

OTHER = "sha256:" + "2" * 64
WHOLE = a_version(
    "python-data",
    "2026.11.1",
    title="Data",
    description="What most need.",
    kernels=(Kernel("python3", "Python 3", "python"), Kernel("ir", "R", "R")),
    packages=(Package("numpy", "2.3.1"), Package("dplyr", "1.1", "r")),
    origin=Origin("folder images/python-data/2026.11.1", "root", "b-abc", "9f" * 32, "numpy==2.3.1\n"),
    size_bytes=1234,
    layers=(Layer("sha256:a", 1000), Layer("sha256:b", 234)),
    contract=1,
)


def registered(records: RecordsSql, *labels: str, **values: Any) -> None:
    """Versions on record, each with a digest of its own, the later the newer."""
    for number, label in enumerate(labels):
        name, _, version = label.partition(":")
        digest = f"sha256:{label.encode().hex():0<64.64}"
        records.add_version(a_version(name, version, digest=digest, created_at=float(number), **values))


def done(records: RecordsSql, environment: str = "python-data") -> list[tuple[str, str, str, str]]:
    """The history, oldest first: what, of which version, channel, and what that pointed at before."""
    events = reversed(records.environment_events(environment))
    return [(event.action.value, event.version, event.channel, event.before) for event in events]


def the(records: RecordsSql, label: str) -> Version:
    """The version as it is on record."""
    name, _, version = label.partition(":")
    found = records.version(name, version)
    assert found is not None
    return found


# --- versions -----------------------------------------------------------------------------------


def test_a_version_comes_back_as_it_went(records: RecordsSql) -> None:
    assert records.add_version(WHOLE) is True
    assert records.version("python-data", "2026.11.1") == WHOLE
    assert records.packages(WHOLE.digest) == list(WHOLE.packages)
    assert records.version("python-data", "2026.11.2") is None
    assert records.version("r-data", "2026.11.1") is None
    assert records.packages(OTHER) == []


def test_lists_are_without_what_is_long(records: RecordsSql) -> None:
    records.add_version(WHOLE)
    (listed,) = records.versions()
    assert (listed.packages, listed.layers, listed.origin.lock) == ((), (), "")
    assert listed.origin.source == WHOLE.origin.source
    assert listed.size_bytes == 1234


def test_a_version_is_registered_once_and_never_changed(records: RecordsSql) -> None:
    records.add_version(WHOLE)
    again = a_version("python-data", "2026.11.1", title="Other", size_bytes=99)
    assert records.add_version(again) is False
    assert the(records, "python-data:2026.11.1") == WHOLE
    with pytest.raises(Conflict, match=r"python-data:2026\.11\.1 stays the image on record"):
        records.add_version(a_version("python-data", "2026.11.1", digest=OTHER))
    assert the(records, "python-data:2026.11.1") == WHOLE


def test_what_was_not_noted_at_first_is_filled_in_for_the_same_image(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "2026.11.1"))
    assert records.add_version(WHOLE) is False
    filled = the(records, "python-data:2026.11.1")
    assert (filled.origin.lock, filled.layers, filled.size_bytes) == ("numpy==2.3.1\n", WHOLE.layers, 1234)
    assert filled.title == "python-data", "what people saw stays"


def test_the_newest_comes_first(records: RecordsSql) -> None:
    for version, created in (("2026.9.3", 1.0), ("2026.10.1", 1.0), ("2026.11.1", 5.0), ("2026.8.1", 0.5)):
        digest = f"sha256:{version.encode().hex():0<64.64}"
        records.add_version(a_version("python-data", version, digest=digest, created_at=created))
    listed = [version.version for version in records.versions()]
    assert listed == ["2026.11.1", "2026.10.1", "2026.9.3", "2026.8.1"]


def test_layers_are_those_of_every_version_that_is_there(records: RecordsSql) -> None:
    records.add_version(WHOLE)
    records.add_version(a_version("python-data", "2", digest=OTHER, layers=(Layer("sha256:a", 1000),)))
    records.set_offer("python-data", "2", Offer.DEPRECATED, "root")
    found = {version.label: layers for version, layers in records.layers()}
    assert found == {"python-data:2026.11.1": WHOLE.layers, "python-data:2": (Layer("sha256:a", 1000),)}
    records.set_offer("python-data", "2", Offer.REMOVED, "root")
    assert [version.label for version, _ in records.layers()] == ["python-data:2026.11.1"]


# --- channels -----------------------------------------------------------------------------------


def test_a_channel_moves_and_says_where_it_was(records: RecordsSql) -> None:
    registered(records, "python-data:1", "python-data:2")
    assert records.move_channel("python-data", "stable", "1", "root") == ""
    assert records.move_channel("python-data", "next", "2", "root") == ""
    assert records.move_channel("python-data", "stable", "2", "root") == "1"
    assert the(records, "python-data:1").channels == ()
    assert the(records, "python-data:2").channels == ("stable", "next")
    assert done(records)[2:] == [
        ("promoted", "1", "stable", ""),
        ("promoted", "2", "next", ""),
        ("promoted", "2", "stable", "1"),
    ]


def test_moving_a_channel_to_where_it_is_is_nothing_that_was_done(records: RecordsSql) -> None:
    registered(records, "python-data:1")
    records.move_channel("python-data", "stable", "1", "root")
    before = done(records)
    assert records.move_channel("python-data", "stable", "1", "eve") == "1"
    assert done(records) == before


def test_a_rollback_is_noted_as_one(records: RecordsSql) -> None:
    registered(records, "python-data:1", "python-data:2")
    for version in ("1", "2"):
        records.move_channel("python-data", "stable", version, "root")
    assert records.move_channel("python-data", "stable", "1", "eve", back=True) == "2"
    assert done(records)[-1] == ("rolled back", "1", "stable", "2")
    assert records.environment_events("python-data")[0].by == "eve"


def test_channels_of_two_environments_have_nothing_to_do_with_each_other(records: RecordsSql) -> None:
    registered(records, "python-data:1", "r-data:1")
    records.move_channel("python-data", "stable", "1", "root")
    records.move_channel("r-data", "stable", "1", "root")
    assert the(records, "python-data:1").channels == the(records, "r-data:1").channels == ("stable",)


def test_a_channel_points_only_at_what_is_offered(records: RecordsSql) -> None:
    registered(records, "python-data:1", "python-data:2")
    with pytest.raises(NotFound, match="there is no version '3' of 'python-data'"):
        records.move_channel("python-data", "stable", "3", "root")
    with pytest.raises(NotFound):
        records.move_channel("r-data", "stable", "1", "root")
    records.set_offer("python-data", "1", Offer.DEPRECATED, "root")
    with pytest.raises(Conflict, match="python-data:1 is deprecated"):
        records.move_channel("python-data", "stable", "1", "root")
    records.set_offer("python-data", "1", Offer.REMOVED, "root")
    with pytest.raises(Conflict, match="python-data:1 was removed"):
        records.move_channel("python-data", "stable", "1", "root")
    assert the(records, "python-data:2").channels == ()


def test_a_channel_that_a_registration_asks_for(records: RecordsSql) -> None:
    records.add_version(a_version("python-data", "1", "stable"))
    records.add_version(a_version("python-data", "2", "stable", digest=OTHER, origin=Origin(built_by="root")))
    assert the(records, "python-data:2").channels == ("stable",)
    assert the(records, "python-data:1").channels == ()
    events = records.environment_events("python-data")
    assert [(event.action, event.by) for event in events] == [
        (Action.PROMOTED, "root"),
        (Action.REGISTERED, "root"),
        (Action.PROMOTED, "setup"),
        (Action.REGISTERED, "setup"),
    ]


def test_many_promote_at_once_and_each_is_noted(records: RecordsSql) -> None:
    registered(records, *(f"python-data:{number}" for number in range(8)))
    at_once(8, lambda number: records.move_channel("python-data", "stable", str(number), f"admin-{number}"))
    moves = [event for event in reversed(records.environment_events("python-data")) if event.channel]
    assert [event.before for event in moves] == ["", *(event.version for event in moves[:-1])]
    pointed = [version.version for version in records.versions() if version.channels]
    assert pointed == [moves[-1].version]


# --- offer --------------------------------------------------------------------------------------


def test_deprecated_and_offered_again(records: RecordsSql) -> None:
    registered(records, "python-data:1")
    assert records.set_offer("python-data", "1", Offer.DEPRECATED, "root").offer is Offer.DEPRECATED
    assert records.set_offer("python-data", "1", Offer.DEPRECATED, "root").offer is Offer.DEPRECATED
    assert the(records, "python-data:1").offer is Offer.DEPRECATED
    assert records.set_offer("python-data", "1", Offer.OFFERED, "root").offer is Offer.OFFERED
    assert [action for action, *_ in done(records)] == ["registered", "deprecated", "offered again"]


def test_what_is_removed_stays_removed(records: RecordsSql) -> None:
    registered(records, "python-data:1")
    removed = records.set_offer("python-data", "1", Offer.REMOVED, "root", "clean-up")
    assert removed.offer is Offer.REMOVED
    for offer in (Offer.OFFERED, Offer.DEPRECATED):
        with pytest.raises(Conflict, match="python-data:1 was removed") as caught:
            records.set_offer("python-data", "1", offer, "root")
        assert "--again python-data:1" in (caught.value.hint or "")
    event = records.environment_events("python-data")[0]
    assert (event.action, event.words, event.by) == (Action.REMOVED, "clean-up", "root")
    assert [version.label for version in records.versions()] == ["python-data:1"], "the record stays"


@pytest.mark.parametrize("offer", [Offer.DEPRECATED, Offer.REMOVED])
def test_what_a_channel_points_at_stays(records: RecordsSql, offer: Offer) -> None:
    registered(records, "python-data:1")
    records.move_channel("python-data", "stable", "1", "root")
    records.move_channel("python-data", "next", "1", "root")
    with pytest.raises(Conflict, match="python-data:1 is stable and next"):
        records.set_offer("python-data", "1", offer, "root")
    assert the(records, "python-data:1").offer is Offer.OFFERED


def test_what_a_run_needs_that_has_not_ended_is_not_removed(records: RecordsSql) -> None:
    registered(records, "python-data:1", "python-data:2")
    run = running(records, id="run-1", version="1")
    added(records, id="run-2", version="1")
    with pytest.raises(Conflict, match="2 runs of python-data:1 have not ended"):
        records.set_offer("python-data", "1", Offer.REMOVED, "root")
    records.request_cancel("run-2", "ada")
    with pytest.raises(Conflict, match="1 run of python-data:1 has not ended"):
        records.set_offer("python-data", "1", Offer.REMOVED, "root")
    records.set_offer("python-data", "2", Offer.REMOVED, "root")
    records.change(run, status=Status.FAILED, reason="it failed")
    assert records.set_offer("python-data", "1", Offer.REMOVED, "root").offer is Offer.REMOVED


def test_there_is_no_such_version(records: RecordsSql) -> None:
    with pytest.raises(NotFound, match="there is no version '1' of 'python-data'"):
        records.set_offer("python-data", "1", Offer.DEPRECATED, "root")


# --- groups -------------------------------------------------------------------------------------


def test_who_an_environment_is_for(records: RecordsSql) -> None:
    registered(records, "python-data:1", "python-data:2", "r-data:1")
    records.set_groups("python-data", ("research", "stats"), "root")
    assert {version.label: version.groups for version in records.versions()} == {
        "python-data:1": ("research", "stats"),
        "python-data:2": ("research", "stats"),
        "r-data:1": (),
    }
    assert the(records, "python-data:2").groups == ("research", "stats")
    records.set_groups("python-data", (), "eve")
    assert the(records, "python-data:2").groups == ()
    events = records.environment_events("python-data")[:2]
    assert [(event.action, event.by) for event in events] == [(Action.GROUPS, "eve"), (Action.GROUPS, "root")]
    assert events[1].words == "research, stats"
    with pytest.raises(NotFound, match="there is no environment 'julia'"):
        records.set_groups("julia", ("x",), "root")


def test_a_new_version_is_for_whom_its_environment_is(records: RecordsSql) -> None:
    registered(records, "python-data:1")
    records.set_groups("python-data", ("stats",), "root")
    records.add_version(a_version("python-data", "2", groups=("everybody-else",)))
    assert the(records, "python-data:2").groups == ("stats",)


# --- history and use ----------------------------------------------------------------------------


def test_history_is_newest_first_and_of_one_environment_or_of_all(records: RecordsSql) -> None:
    registered(records, "python-data:1", "r-data:1", "python-data:2")
    records.move_channel("r-data", "stable", "1", "root")
    assert [event.version for event in records.environment_events("python-data")] == ["2", "1"]
    everything = records.environment_events()
    assert [(event.environment, event.action) for event in everything] == [
        ("r-data", Action.PROMOTED),
        ("python-data", Action.REGISTERED),
        ("r-data", Action.REGISTERED),
        ("python-data", Action.REGISTERED),
    ]
    assert records.environment_events(limit=1) == everything[:1]
    assert all(isinstance(event, Event) and event.at > 1_700_000_000 for event in everything)


def test_runs_of_versions(records: RecordsSql) -> None:
    assert records.runs_of_versions() == {}
    running(records, id="run-1", version="1", created_at=5.0)
    added(records, id="run-2", version="1", created_at=7.0)
    records.request_cancel("run-2", "ada")
    added(records, id="run-3", version="2", created_at=6.0, digest=DIGEST)
    added(records, id="run-4", environment="r-data", version="1", created_at=8.0)
    python = {
        ("python-data", "1"): RunsOf(total=2, alive=1, last_at=7.0),
        ("python-data", "2"): RunsOf(total=1, alive=1, last_at=6.0),
    }
    assert records.runs_of_versions("python-data") == python
    assert records.runs_of_versions() == {**python, ("r-data", "1"): RunsOf(1, 1, 8.0)}
