"""Who is asking, and what of others they may see."""

from __future__ import annotations

from dataclasses import dataclass

from nightdesk.server.domain.errors import NotAllowed, NotFound
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.submission import check_label


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the hub vouches for."""

    name: str
    admin: bool = False
    groups: tuple[str, ...] = ()


def may_see(person: Person, run: Run) -> bool:
    """A person sees their own runs; an admin sees all."""
    return person.admin or run.owner == person.name


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
