"""Who is asking, and what of others they may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from nightdesk.server.domain.errors import NotAllowed, NotFound
from nightdesk.server.domain.policy import Rights
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.submission import check_label


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the hub vouches for. ``groups`` are those of now; ``rights`` are what policies give them."""

    name: str
    admin: bool = False
    groups: tuple[str, ...] = ()
    rights: Rights = field(default=Rights(), compare=False)
    shown: bool = field(default=True, compare=False)  # what is shared with them counts; not for code of a run

    @property
    def sees_others(self) -> bool:
        """There are runs of others that they may see."""
        return self.admin or self.rights.reads.others


class Owned(Protocol):
    """A run, or what is seen by whoever would see a run of the same owner and groups."""

    @property
    def owner(self) -> str:
        """Whose it is."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The owner's, when it was submitted."""


def may_see(person: Person, run: Owned) -> bool:
    """A person sees their own runs, and those that their groups let them see; an admin sees all.

    Of the run its groups when it was submitted count, of the person those of now.
    """
    return person.admin or run.owner == person.name or person.rights.reads.holds(run.groups)


def may_cancel(person: Person, run: Owned) -> bool:
    """Who may end a run: its owner, whoever their groups let, admins."""
    own = person.admin or run.owner == person.name
    return own or (may_see(person, run) and person.rights.cancels.holds(run.groups))


def check_may_cancel(person: Person, run: Run) -> None:
    """Raise :class:`NotAllowed` where somebody sees the run, but may not end it."""
    if not may_cancel(person, run):
        raise NotAllowed(
            f"run {run.id} is {run.owner}'s: you may read it, but not cancel it",
            f"Ask {run.owner} or an admin.",
        )


def check_sees(person: Person, run: Run | None, run_id: str) -> Run:
    """The run, if this person may see it.

    Raises:
        NotFound: there is none, or it is another's: the two answers are the same on purpose.
    """
    if run is None or not may_see(person, run):
        raise NotFound(f"there is no run '{run_id[:40]}'", "List yours with `nightdesk runs`.")
    return run


def owner_for(person: Person, wanted: str | None) -> str:
    """Whose run it becomes.

    Raises:
        NotAllowed: only admins submit for others.
        Invalid: nobody is called that.
    """
    if wanted is None or wanted == person.name:
        return person.name
    if not person.admin:
        raise NotAllowed("only admins submit for somebody else", "Leave out --as.")
    return check_label("the name of a person", wanted)
