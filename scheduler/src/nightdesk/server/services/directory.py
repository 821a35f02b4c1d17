"""Groups and policies, as admins keep them: members at the hub, what groups decide in our own records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind, Limit, Policy, Reach, check_limit, check_policy
from nightdesk.server.domain.report import Reader
from nightdesk.server.domain.submission import check_label
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.groups import Group, Groups
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.services.policies import PolicyBook

UNLIMITED = "unlimited"
_RESERVED = {Kind.EVERYBODY.value, "all", "me"}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What to say anew; None leaves a thing as it is. ``decided_elsewhere`` are limits to say nothing about.

    ``sizes`` empty: say nothing about them. ``together`` 0: no such limit.
    """

    read: Reach | None = None
    cancel: Reach | None = None
    sizes: tuple[str, ...] | None = None
    limits: dict[Limit, float | None] = field(default_factory=dict)
    decided_elsewhere: frozenset[Limit] = frozenset()
    together: int | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """What admins do with groups, each with their own token at the hub; ``sizes`` are those of the settings."""

    records: Records
    groups: Groups
    people: People
    bell: Doorbell
    policies: PolicyBook
    sizes: tuple[str, ...]

    def listed(self, token: str) -> list[tuple[Group, Policy]]:
        """All groups with their policies.

        Raises:
            NotAllowed, Unavailable: see ``Groups``.
        """
        kept = self._kept()
        return [
            (group, kept.get((Kind.GROUP, group.name), Policy(Kind.GROUP, group.name)))
            for group in self.groups.listed(token)
        ]

    def group(self, token: str, name: str) -> tuple[Group, Policy]:
        """One group with its policy.

        Raises:
            NotFound: there is none.
            NotAllowed, Unavailable: see ``Groups``.
        """
        for group, policy in self.listed(token):
            if group.name == name:
                return group, policy
        raise NotFound(f"there is no group '{name[:60]}'", "List them: `nightdesk group list`.")

    def make(self, token: str, name: str) -> tuple[Group, Policy]:
        """A new group.

        Raises:
            Invalid: the name is none.
            Conflict: there is one of this name.
        """
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise Invalid(
                f"'{name[:60]}' is no name for a group",
                "A name has 1 to 64 letters, digits, '.', '_' or '-', and begins and ends with a letter or digit.",
                field="name",
            )
        self.groups.make(token, name)
        return self.group(token, name)

    def remove(self, token: str, name: str) -> None:
        """Take a group away, with its policy and connections; its members, their runs and sessions stay.

        Raises:
            NotFound: there is none.
            Conflict: it is kept where people sign in.
        """
        group = self._ours(token, name)
        self.groups.remove(token, name)
        self.records.set_policy(Policy(Kind.GROUP, name))
        self.records.forget_reader(Reader(Kind.GROUP, name))
        self.records.forget_grants(Kind.GROUP, name)  # the next group of this name is another
        self.told(group.members)

    def join(self, token: str, name: str, people: Iterable[str]) -> tuple[Group, Policy]:
        """Put people into a group; who is in it stays in it.

        Raises:
            NotFound: there is no such group.
            Conflict: it is kept where people sign in.
            Invalid: nobody is called so.
        """
        wanted = self._named(people)
        self._ours(token, name)
        self.groups.join(token, name, wanted)
        self.told(wanted)
        return self.group(token, name)

    def leave(self, token: str, name: str, people: Iterable[str]) -> tuple[Group, Policy]:
        """Take people out of a group, at once.

        Raises:
            NotFound: there is no such group, or one of them is not in it.
            Conflict: it is kept where people sign in.
        """
        wanted = self._named(people)
        group = self._ours(token, name)
        missing = [one for one in wanted if one not in group.members]
        if missing:
            raise NotFound(f"{', '.join(missing)} is not in group '{name}'")
        self.groups.leave(token, name, wanted)
        self.told(wanted)
        return self.group(token, name)

    def policy(self, kind: Kind, name: str) -> Policy:
        """What is said about everybody, a group or a person."""
        return self._kept().get((kind, name), Policy(kind, name))

    def change_policy(self, by: Person, kind: Kind, name: str, change: PolicyChange) -> Policy:
        """Say something anew; the policy as it is then.

        Raises:
            Invalid: says what to change.
        """
        name = "" if kind is Kind.EVERYBODY else check_label("the name", name)
        before = self.policy(kind, name)
        limits = {**before.limits, **change.limits}
        policy = replace(
            before,
            read=change.read or before.read,
            cancel=change.cancel or before.cancel,
            sizes=before.sizes if change.sizes is None else change.sizes or None,
            limits={limit: limits[limit] for limit in limits if limit not in change.decided_elsewhere},
            together=before.together if change.together is None else change.together or None,
        )
        self.records.set_policy(check_policy(policy, self.sizes))
        whom = name if kind is Kind.PERSON else ""
        self.records.note(Note(by.name, "policy.changed", name or kind.value, whom, in_words(policy)))
        self.told([""])
        return policy

    def told(self, people: Iterable[str]) -> None:
        """All of the platform's processes ask anew about these people, this one at once."""
        for name in people:
            self.people.forget(name)
            self.policies.forget()
            self.bell.people_changed(name)

    def _kept(self) -> dict[tuple[Kind, str], Policy]:
        return {(policy.kind, policy.name): policy for policy in self.records.policies()}

    def _ours(self, token: str, name: str) -> Group:
        """The group, if admins keep it."""
        group, _ = self.group(token, name)
        if group.provider:
            raise Conflict(
                f"the members of group '{name}' come from where people sign in",
                "Change them there; they come along with the next sign-in.",
            )
        return group

    @staticmethod
    def _named(people: Iterable[str]) -> list[str]:
        wanted = list(dict.fromkeys(check_label("the name of a person", name) for name in people))
        if not 1 <= len(wanted) <= _MOST_AT_ONCE:
            raise Invalid(f"name between 1 and {_MOST_AT_ONCE} people", field="people")
        return wanted


def in_words(policy: Policy) -> str:
    """What a policy says, for the audit log."""
    said = [f"read {policy.read}", f"cancel {policy.cancel}"]
    said += [f"sizes {', '.join(policy.sizes)}"] if policy.sizes is not None else []
    said += [
        f"{limit} {UNLIMITED if value is None else format(value, '.15g')}"
        for limit, value in policy.limits.items()
    ]
    said += [f"{policy.together} runs together"] if policy.together is not None else []
    return "; ".join(said)


def said_limits(policy: Policy) -> dict[str, float | str]:
    """The limits that a policy says something about, as it is told; without a limit on purpose: ``unlimited``."""
    return {limit.value: UNLIMITED if value is None else value for limit, value in policy.limits.items()}


def change_of(said: dict[str, Any]) -> PolicyChange:
    """A change out of a JSON object: only what it has is changed.

    ``sizes`` null or a limit null: decided elsewhere; a limit ``"unlimited"``: none, on purpose.

    Raises:
        Invalid: names the key that is wrong.
    """
    limits: dict[Limit, float | None] = {}
    elsewhere = set()
    given = said.get("limits") or {}
    for name, value in given.items():
        if name not in set(Limit):
            raise Invalid(
                f"there is no limit '{str(name)[:40]}'",
                f"There is: {', '.join(Limit)}.",
                field=f"limits.{name}",
            )
        if value is None:
            elsewhere.add(Limit(name))
        elif value == UNLIMITED:
            limits[Limit(name)] = None
        elif isinstance(value, int | float) and not isinstance(value, bool):
            check_limit(Limit(name), value)
            limits[Limit(name)] = value
        else:
            raise Invalid(
                f"the limit '{name}' must be a number, \"{UNLIMITED}\" or null", field=f"limits.{name}"
            )
    sizes = said.get("sizes", ...)
    return PolicyChange(
        read=said.get("read"),
        cancel=said.get("cancel"),
        sizes=None if sizes is ... else tuple(sizes or ()),
        limits=limits,
        decided_elsewhere=frozenset(elsewhere),
        together=(said["together"] or 0) if "together" in said else None,
    )
