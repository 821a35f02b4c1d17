"""A share: somebody is shown one run of another's, for reading."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.errors import Invalid, NotAllowed
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.submission import check_label

MOST_SHARES = 50  # of one run


@dataclass(frozen=True, slots=True)
class Share:
    """With whom a run is shared: a person, or a group, whose members of the moment see it; who did so, and when."""

    kind: Kind
    name: str
    by: str = ""
    at: float = 0.0

    def words(self) -> str:
        """``ada``, ``group analysts``."""
        return f"group {self.name}" if self.kind is Kind.GROUP else self.name


def checked_share(kind: Kind, name: str) -> Share:
    """With whom to share.

    Raises:
        Invalid: it is nobody, or everybody.
    """
    if kind is Kind.EVERYBODY:
        raise Invalid(
            "a run is shared with people or groups, not with everybody", "Make a report of it for everybody."
        )
    return Share(kind, check_label(f"the name of a {kind}", name))


def check_may_share(person: Person, run: Run) -> None:
    """Raise :class:`NotAllowed` where somebody would show others a third person's run."""
    if not (person.admin or person.name == run.owner):
        raise NotAllowed(
            f"run {run.id} is {run.owner}'s: only they and admins say who else sees it", f"Ask {run.owner}."
        )
