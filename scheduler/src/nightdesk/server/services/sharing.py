"""Showing a run to others: who may see it besides those whose groups let them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nightdesk.server.domain.errors import NotAllowed, NotFound
from nightdesk.server.domain.person import Person, check_sees, may_see
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.share import Share, check_may_share
from nightdesk.server.ports.records import Records


def visible_run(records: Records, person: Person, run_id: str) -> Run:
    """The run if this person may read it: theirs, one that their groups let them see, or one that is shared with them.

    Raises:
        NotFound: there is none, or it is not theirs to see.
    """
    return check_visible(records, person, records.run(run_id), run_id)


def check_visible(records: Records, person: Person, run: Run | None, run_id: str) -> Run:
    """The same of a run that is at hand; the database is asked where it is another's alone.

    Raises:
        NotFound: see :func:`visible_run`.
    """
    shown = run is not None and not may_see(person, run) and person.shown
    if run is None or not (shown and records.is_shared_with(run.id, person.name, person.groups)):
        return check_sees(person, run, run_id)
    return run


def check_more_than_shown(person: Person, run: Run) -> None:
    """Raise :class:`NotAllowed` where somebody reads the run by a share alone: it is theirs to read and no more."""
    if not may_see(person, run):
        raise NotAllowed(
            f"run {run.id} is shown to you for reading: what was handed over with it is {run.owner}'s",
            f"Ask {run.owner} for the file, and submit it yourself.",
        )


def share(records: Records, person: Person, run: Run, shares: Iterable[Share]) -> list[Share]:
    """Show a run to others; all with whom it is shared then.

    Raises:
        NotAllowed: it is another's.
        TooMany: it is shared with as many as may be.
    """
    check_may_share(person, run)
    for one in shares:
        if one != replace(one, name=run.owner) or one.kind != "person":  # its owner sees it anyway
            records.share_run(run, one, person.name)
    return records.shares(run.id)


def unshare(records: Records, person: Person, run: Run, shares: Iterable[Share]) -> list[Share]:
    """Take shares back; those that are left.

    Raises:
        NotAllowed: it is another's.
        NotFound: it was not shared with one of them.
    """
    check_may_share(person, run)
    for one in shares:
        if not records.unshare_run(run, one, person.name):
            raise NotFound(f"run {run.id} is not shared with {one.words()}", "List with whom it is.")
    return records.shares(run.id)
