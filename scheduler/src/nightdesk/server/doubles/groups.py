"""The port ``Groups`` in memory, over the same people as :class:`MemoryPeople`."""

from __future__ import annotations

from dataclasses import replace

from nightdesk.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.ports.groups import Group


class MemoryGroups:
    """A person is in a group where their entry in ``people`` says so. Only admins' tokens may do anything."""

    def __init__(self, people: MemoryPeople, names: tuple[str, ...] = (), provider: str = "") -> None:
        self._people = people
        self.names = set(names)
        self.provider = provider

    def listed(self, token: str) -> list[Group]:
        """All groups, by name."""
        self._check(token)
        everybody = self._people.people()
        return [
            Group(
                name, tuple(sorted(one.name for one in everybody if name in one.groups)), self._provider(name)
            )
            for name in sorted(self.names)
        ]

    def make(self, token: str, name: str) -> None:
        """A new group."""
        self._check(token)
        if name in self.names:
            raise Conflict(f"there is a group '{name}' already")
        self.names.add(name)

    def remove(self, token: str, name: str) -> None:
        """Take a group away, and everybody out of it."""
        self._there(token, name)
        self.leave(token, name, [person.name for person in self._people.people()])
        self.names.remove(name)

    def join(self, token: str, name: str, people: list[str]) -> None:
        """Put people into a group."""
        self._there(token, name)
        known = {person.name for person in self._people.people()}
        for one in people:
            if one not in known:
                raise Invalid(f"there is nobody called '{one}'")
        self._set(name, people, inside=True)

    def leave(self, token: str, name: str, people: list[str]) -> None:
        """Take people out of a group."""
        self._there(token, name)
        self._set(name, people, inside=False)

    def _set(self, name: str, people: list[str], inside: bool) -> None:
        for token, person in self._people.tokens.items():
            if person.name in people:
                groups = (*(one for one in person.groups if one != name), *([name] if inside else []))
                self._people.tokens[token] = replace(person, groups=groups)

    def _provider(self, name: str) -> str:
        return self.provider if name.startswith("provided") else ""

    def _check(self, token: str) -> None:
        if self._people.away:
            raise Unavailable("the hub does not answer", "Try again in a moment.")
        person = self._people.tokens.get(token)
        if person is None or not person.admin:
            raise NotAllowed("this sign-in may not see or change groups")

    def _there(self, token: str, name: str) -> None:
        self._check(token)
        if name not in self.names:
            raise NotFound(f"there is no group '{name}'")
