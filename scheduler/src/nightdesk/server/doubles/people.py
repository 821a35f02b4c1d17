"""The port ``People`` in memory: a table of tokens."""

from __future__ import annotations

from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.ports.people import Session


class MemoryPeople:
    """``tokens`` says whose a token is; ``away`` is a hub that does not answer."""

    def __init__(self, tokens: dict[str, Person] | None = None) -> None:
        self.tokens = dict(tokens or {})
        self.going_on: list[Session] = []
        self.away = False
        self.changes = 0

    def of_token(self, token: str) -> Person | None:
        """Whose token this is, as the table has it now."""
        if self.away:
            raise Unavailable("the hub does not answer, so nobody can be signed in", "Try again in a moment.")
        return self.tokens.get(token)

    def remembered(self, token: str) -> Person | None:
        """The same where the table has it and the hub is there."""
        return None if self.away else self.tokens.get(token)

    def forget(self, name: str = "") -> None:  # noqa: ARG002 - it remembers nothing
        """Nothing is remembered here; it is counted."""
        self.changes += 1

    def person(self, name: str) -> Person | None:
        """The one of this name in the table."""
        return next((person for person in self.people() if person.name == name), None)

    def people(self) -> list[Person]:
        """Everybody in the table."""
        if self.away:
            raise Unavailable("the hub does not say who there is", "Try again in a moment.")
        return list({person.name: person for person in self.tokens.values()}.values())

    def sessions(self, of: str | None = None) -> list[Session]:
        """Those of ``going_on``."""
        if self.away:
            raise Unavailable("the hub does not say which sessions there are", "Try again in a moment.")
        return [each for each in self.going_on if of in {None, each.person}]
