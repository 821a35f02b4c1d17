"""What groups decide: whose runs somebody sees and may cancel, which sizes they have, and their limits.

A policy is kept for everybody, for a group, or for one person. For each limit, and for sizes, the most
particular one that says something counts: the person's own, else those of their groups, else everybody's. Of
several groups the most generous counts. What a policy grants of others' runs adds up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from nightdesk.sections import Limits as RunLimits
from nightdesk.server.domain.errors import Invalid


class Kind(StrEnum):
    """Who a policy is about."""

    EVERYBODY = "everybody"
    GROUP = "group"
    PERSON = "person"


class Reach(StrEnum):
    """How far somebody's rights over runs go; each holds the ones before it."""

    OWN = "own"
    GROUP = "group"
    ALL = "all"


class Limit(StrEnum):
    """What is limited: sessions and runs at a time, cores and bytes that both have at a time, bytes of the
    home, hours of runs in a calendar month; and how long, of how many runs and how much outputs stay.
    """

    SESSIONS = "sessions"
    RUNS = "runs"
    CPUS = "cpus"
    MEMORY = "memory_bytes"
    HOME = "home_bytes"
    RUN_HOURS = "run_hours"
    OUTPUT_DAYS = "output_days"
    OUTPUT_RUNS = "output_runs"
    OUTPUT_BYTES = "output_bytes"


#: Of which there is a half one.
FRACTIONS = frozenset({Limit.CPUS, Limit.RUN_HOURS, Limit.OUTPUT_DAYS})
#: Over them nothing is refused: outputs go.
OF_OUTPUTS = (Limit.OUTPUT_DAYS, Limit.OUTPUT_RUNS, Limit.OUTPUT_BYTES)
MOST = 2.0**62
Value = float | None  # None: no limit, said on purpose
_REACHES = list(Reach)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is said about everybody, a group or a person; what is left out is decided elsewhere.

    ``together`` is how many runs the members of a group may have at a time, all of them.
    """

    kind: Kind
    name: str = ""
    read: Reach = Reach.OWN
    cancel: Reach = Reach.OWN
    sizes: tuple[str, ...] | None = None
    limits: Mapping[Limit, Value] = field(default_factory=dict)
    together: int | None = None

    @property
    def says_nothing(self) -> bool:
        """It need not be kept."""
        return self == Policy(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose runs, besides one's own: everybody's, or those of these groups."""

    all: bool = False
    groups: frozenset[str] = frozenset()

    @property
    def others(self) -> bool:
        """It reaches further than to oneself."""
        return self.all or bool(self.groups)

    def holds(self, groups: Iterable[str]) -> bool:
        """Whether a run of somebody else with these groups is in it."""
        return self.all or not self.groups.isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class Rights:
    """What comes out of all policies for one person. ``sizes`` is None for all of them."""

    reads: Scope = Scope()
    cancels: Scope = Scope()
    sizes: frozenset[str] | None = None
    limits: Mapping[Limit, float] = field(default_factory=dict)

    def may_use(self, size: str) -> bool:
        """Whether this size is theirs to choose."""
        return self.sizes is None or size in self.sizes


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of one moment."""

    everybody: Policy = Policy(Kind.EVERYBODY)
    groups: Mapping[str, Policy] = field(default_factory=dict)
    people: Mapping[str, Policy] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policies: Iterable[Policy],
        settings: RunLimits | None = None,
        usual: Mapping[Limit, float] | None = None,
    ) -> Policies:
        """Out of those on record, and below them what ``runs.limits`` of the settings says, and what is usual."""
        kept = list(policies)
        settings = settings or RunLimits()
        everybody = next((one for one in kept if one.kind is Kind.EVERYBODY), Policy(Kind.EVERYBODY))
        groups = {one.name: one for one in kept if one.kind is Kind.GROUP}
        people = {one.name: one for one in kept if one.kind is Kind.PERSON}
        if usual:
            everybody = replace(everybody, limits={**usual, **everybody.limits})
        if settings.person is not None:
            everybody = _with_runs(everybody, settings.person)
        for name, most in settings.people.items():
            people[name] = _with_runs(people.get(name, Policy(Kind.PERSON, name)), most)
        for name, most in settings.groups.items():
            known = groups.get(name, Policy(Kind.GROUP, name))
            if known.together is None:
                known = replace(known, together=most)
            groups[name] = known
        return cls(everybody, groups, people)

    def rights(self, name: str, groups: Iterable[str], admin: bool = False) -> Rights:
        """What one person may; groups are those that they are in now. Admins see all and have every size."""
        mine = [self.groups[group] for group in groups if group in self.groups]
        of_all = tuple(groups)
        layers = self._layers(name, mine)
        return Rights(
            Scope(all=True) if admin else self._scope("read", name, mine, of_all),
            Scope(all=True) if admin else self._scope("cancel", name, mine, of_all),
            None if admin else _sizes(layers),
            _limits(layers),
        )

    def limit(self, limit: Limit, name: str, groups: Iterable[str]) -> float | None:
        """One limit of a person; None where there is none."""
        value = _limit(limit, self._layers(name, [self.groups[one] for one in groups if one in self.groups]))
        return None if math.isinf(value) else value

    def limits(self, name: str, groups: Iterable[str]) -> dict[Limit, float]:
        """All limits that a person has."""
        return _limits(self._layers(name, [self.groups[one] for one in groups if one in self.groups]))

    def together(self, group: str) -> int | None:
        """Runs that the members of a group may have at a time, together."""
        policy = self.groups.get(group)
        return None if policy is None else policy.together

    def sets(self, limit: Limit) -> bool:
        """Whether anybody at all has such a limit."""
        every = (self.everybody, *self.groups.values(), *self.people.values())
        return any(policy.limits.get(limit) is not None for policy in every)

    def _layers(self, name: str, groups: list[Policy]) -> list[list[Policy]]:
        own = self.people.get(name)
        return [[own] if own else [], groups, [self.everybody]]

    def _scope(self, right: str, name: str, groups: list[Policy], all_groups: tuple[str, ...]) -> Scope:
        own = self.people.get(name)
        granted: set[str] = set()
        for policy in (self.everybody, *groups, *([own] if own else [])):
            reach = getattr(policy, right)
            if reach is Reach.ALL:
                return Scope(all=True)
            if reach is Reach.GROUP:
                granted |= {policy.name} if policy.kind is Kind.GROUP else set(all_groups)
        return Scope(groups=frozenset(granted))


def check_policy(policy: Policy, sizes: Iterable[str]) -> Policy:
    """The policy, if it can be kept.

    Raises:
        Invalid: says what to change.
    """
    if _REACHES.index(policy.cancel) > _REACHES.index(policy.read):
        raise Invalid(
            f"who may cancel {_of(policy.cancel)} must see them: reading reaches to '{policy.read}'",
            f"Let reading reach to '{policy.cancel}' as well.",
            field="cancel",
        )
    known = tuple(sizes)
    for size in policy.sizes or ():
        if size not in known:
            raise Invalid(f"there is no size '{size[:40]}'", f"There is: {', '.join(known)}.", field="sizes")
    if policy.sizes == ():
        raise Invalid(
            "at least one size must be left", "Name some, or let all of them be used.", field="sizes"
        )
    for limit, value in policy.limits.items():
        check_limit(limit, value)
    if policy.together is not None:
        if policy.kind is not Kind.GROUP:
            raise Invalid("only a group has a limit on what its members run together", field="together")
        if not 1 <= policy.together <= 1_000_000:
            raise Invalid("the limit on what the members run together must be at least 1", field="together")
    return policy


def check_limit(limit: Limit, value: Value) -> None:
    """Raise :class:`Invalid` where the value cannot be this limit."""
    if value is None:
        return
    if not math.isfinite(value) or not 0 <= value <= MOST:
        raise Invalid(f"the limit '{limit}' must be a number from 0 on", field=f"limits.{limit}")
    if limit not in FRACTIONS and value != int(value):
        raise Invalid(f"the limit '{limit}' must be a whole number", field=f"limits.{limit}")


def _of(reach: Reach) -> str:
    return "everybody's runs" if reach is Reach.ALL else "a group's runs"


def _with_runs(policy: Policy, most: int) -> Policy:
    if Limit.RUNS in policy.limits:
        return policy
    return replace(policy, limits={**policy.limits, Limit.RUNS: most})


def _sizes(layers: list[list[Policy]]) -> frozenset[str] | None:
    for layer in layers:
        said = [policy.sizes for policy in layer if policy.sizes is not None]
        if said:
            return frozenset(size for sizes in said for size in sizes)
    return None


def _limit(limit: Limit, layers: list[list[Policy]]) -> float:
    """Infinity where there is none."""
    for layer in layers:
        said = [policy.limits[limit] for policy in layer if limit in policy.limits]
        if said:
            return max(math.inf if value is None else float(value) for value in said)
    return math.inf


def _limits(layers: list[list[Policy]]) -> dict[Limit, float]:
    found = {limit: _limit(limit, layers) for limit in Limit}
    return {limit: value for limit, value in found.items() if not math.isinf(value)}
