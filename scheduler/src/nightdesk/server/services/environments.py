"""The life of environments: promote, roll back, deprecate, remove what nobody needs, and who uses what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nightdesk.server.domain.channel import Event, earlier
from nightdesk.server.domain.environment import (
    CHANNELS,
    Layer,
    Offer,
    PackageChange,
    Version,
    compare,
    is_for,
)
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.submission import check_label
from nightdesk.server.ports.catalogue import RunsOf
from nightdesk.server.ports.people import People, Session
from nightdesk.server.ports.records import Records
from nightdesk.server.services.images import TURN as IMAGES

_MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Use:
    """Who and what uses a version, and whether it may be removed."""

    sessions: tuple[Session, ...] = ()
    runs: RunsOf = field(default_factory=RunsOf)

    def reasons(self, version: Version) -> list[str]:
        """Why the version stays, in words; empty where nothing holds it."""
        found = [f"it is {channel}" for channel in version.channels]
        if self.sessions:
            whose = ", ".join(sorted({session.person for session in self.sessions})[:5])
            found.append(f"{_count(len(self.sessions), 'session')} of {whose}")
        if self.runs.alive:
            found.append(f"{_count(self.runs.alive, 'run')} not ended")
        elif self.runs.total:
            found.append(f"the kept results of {_count(self.runs.total, 'run')}")
        return found


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a clean-up would do. ``frees_bytes`` is what the engine's disk gains when all of ``remove`` go."""

    remove: tuple[Version, ...]
    keep: tuple[tuple[Version, str], ...]
    frees_bytes: int


def seen(records: Records, person: Person, environment: str, version: str) -> Version:
    """One version with all that is known of it, if its environment is for this person.

    Raises:
        NotFound: there is none, or it is not for them: the two answers are the same on purpose.
    """
    found = records.version(environment, version)
    if found is None or not is_for(found, person):
        raise NotFound(
            f"there is no version '{version[:60]}' of '{environment[:60]}'",
            "List them: `nightdesk env list`.",
        )
    return found


def promote(records: Records, by: Person, environment: str, version: str, channel: str) -> str:
    """Point a channel at a version; the version that it pointed at before.

    Raises:
        Invalid: there is no such channel.
        NotFound, Conflict: see ``Records.move_channel``.
    """
    _check_channel(channel)
    return records.move_channel(environment, channel, version, by.name)


def roll_back(records: Records, by: Person, environment: str, channel: str) -> tuple[str, str]:
    """Take the last promotion back; the version before and the version now.

    Versions that are not on offer any more are passed over.

    Raises:
        Invalid: there is no such channel.
        NotFound: there is no such environment.
        Conflict: there is nothing to go back to.
    """
    _check_channel(channel)
    of_name = [version for version in records.versions() if version.environment == environment]
    if not of_name:
        raise NotFound(f"there is no environment '{environment[:60]}'")
    target = way_back(of_name, records.environment_events(environment, limit=10_000), channel)
    if target is not None:
        return records.move_channel(environment, channel, target, by.name, back=True), target
    raise Conflict(
        f"'{channel}' of '{environment}' has no earlier version to go back to",
        f"Promote the one you want: `nightdesk env promote {environment}:VERSION --channel {channel}`.",
    )


def way_back(versions: Iterable[Version], events: list[Event], channel: str) -> str | None:
    """The version that rolling the channel back leads to; None where there is nothing to go back to.

    Args:
        versions: of one environment.
        events: of it, newest first.
        channel: ``stable`` or ``next``.
    """
    there = {version.version for version in versions if version.offer is Offer.OFFERED}
    candidates = reversed(earlier(reversed(events), channel))
    return next((version for version in candidates if version in there), None)


def set_groups(records: Records, by: Person, environment: str, groups: Iterable[str]) -> None:
    """Say who an environment is for; nobody named: everybody.

    Raises:
        Invalid: a name is no name.
        NotFound: there is no such environment.
    """
    wanted = tuple(sorted({check_label("the name of a group", name, "groups") for name in groups}))
    if len(wanted) > _MOST_GROUPS:
        raise Invalid(f"an environment is for at most {_MOST_GROUPS} groups", field="groups")
    records.set_groups(environment, wanted, by.name)


def use_of(records: Records, people: People, version: Version) -> Use:
    """Who and what uses a version.

    Raises:
        Unavailable: the hub does not say which sessions there are.
    """
    runs = records.runs_of_versions(version.environment)
    return _use(version, runs, people.sessions())


def remove(records: Records, people: People, by: Person, environment: str, version: str) -> Version:
    """Remove a version that nothing needs; a worker takes its image away within a minute.

    Raises:
        NotFound: there is no such version.
        Conflict: something needs it; the message says what.
        Unavailable: the hub does not say which sessions there are.
    """
    there = records.version(environment, version)
    if there is None:
        raise NotFound(f"there is no version '{version[:60]}' of '{environment[:60]}'")
    if reasons := use_of(records, people, there).reasons(there):
        raise Conflict(
            f"{there.label} stays: {'; '.join(reasons)}",
            f"To hide it from new sessions: `nightdesk env deprecate {there.label}`.",
        )
    removed = records.set_offer(environment, version, Offer.REMOVED, by.name, "by hand")
    records.wish_turn(IMAGES)
    return removed


def plan_cleaning(records: Records, people: People) -> Cleaning:
    """What a clean-up would remove: deprecated versions that nothing uses.

    Raises:
        Unavailable: the hub does not say which sessions there are.
    """
    runs, sessions = records.runs_of_versions(), people.sessions()
    remove, keep = [], []
    for version in records.versions():
        if version.offer is Offer.REMOVED:
            continue
        reasons = _use(version, runs, sessions).reasons(version)
        if version.offer is Offer.OFFERED:
            reasons.append("it is on offer")
        if reasons:
            keep.append((version, "; ".join(reasons)))
        else:
            remove.append(version)
    frees = freed_bytes(records.layers(), remove) if remove else 0
    return Cleaning(tuple(remove), tuple(keep), frees)


def clean(records: Records, people: People, by: Person) -> Cleaning:
    """Remove what :func:`plan_cleaning` says; what has come into use meanwhile stays.

    Raises:
        Unavailable: the hub does not say which sessions there are.
    """
    layers = records.layers()  # before anything goes
    plan = plan_cleaning(records, people)
    removed, keep = [], list(plan.keep)
    for version in plan.remove:
        try:
            records.set_offer(version.environment, version.version, Offer.REMOVED, by.name, "clean-up")
            removed.append(version)
        except Conflict as error:
            keep.append((version, error.message))
    records.wish_turn(IMAGES)
    return Cleaning(tuple(removed), tuple(keep), freed_bytes(layers, removed))


def freed_bytes(layers: list[tuple[Version, tuple[Layer, ...]]], removed: Iterable[Version]) -> int:
    """What goes when these images go: layers that no other version stands on.

    Args:
        layers: of every version that was not removed before.
        removed: those to go.
    """
    gone = {version.label for version in removed}  # and not by digest: an image may have several names
    stay = {layer.id for version, of in layers if version.label not in gone for layer in of}
    go = {layer.id: layer.bytes for version, of in layers if version.label in gone for layer in of}
    return sum(size for name, size in go.items() if name not in stay)


def differences(records: Records, person: Person, before: str, after: str) -> list[PackageChange]:
    """What differs in the packages of two versions, ``NAME:VERSION`` each.

    Raises:
        Invalid: not of this form.
        NotFound: there is no such version for this person.
    """
    return compare(labelled(records, person, before).packages, labelled(records, person, after).packages)


def labelled(records: Records, person: Person, label: str) -> Version:
    """The version that ``NAME:VERSION`` names.

    Raises:
        Invalid: not of this form.
        NotFound: there is no such version for this person.
    """
    name, mark, version = label.partition(":")
    if not (name and mark and version):
        raise Invalid(f"'{label[:130]}' does not name a version", "Write NAME:VERSION.")
    return seen(records, person, name, version)


def _use(version: Version, runs: dict[tuple[str, str], RunsOf], sessions: Iterable[Session]) -> Use:
    key = (version.environment, version.version)
    mine = tuple(session for session in sessions if (session.environment, session.version) == key)
    return Use(mine, runs.get(key, RunsOf()))


def _check_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise Invalid(
            f"there is no channel '{channel[:40]}'", f"There is: {', '.join(CHANNELS)}.", field="channel"
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
