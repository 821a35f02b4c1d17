"""Lists of runs: what one may ask for, and the route."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from nightdesk.server.domain.build import Build
from nightdesk.server.domain.errors import Invalid, NotAllowed
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.ports.records import Audience, RunFilter
from nightdesk.server.web.api import shapes
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API

_LONGEST = 200
_DAY = len("2026-11-22")
router = APIRouter(prefix=API, tags=["runs"])


def asked_for(
    person: SignedIn,
    owner: Annotated[str, Query(description="me, all that one may see, or a name")] = "me",
    status: Annotated[Status | None, Query()] = None,
    name: Annotated[
        str | None, Query(max_length=_LONGEST, description="a run's name; * is any characters")
    ] = None,
    environment: Annotated[str | None, Query(max_length=_LONGEST, description="NAME or NAME:VERSION")] = None,
    sweep: Annotated[
        str | None, Query(max_length=_LONGEST, description="the id of the sweep that made it")
    ] = None,
    since: Annotated[str | None, Query(description="submitted then or later: a day or a time")] = None,
    until: Annotated[str | None, Query(description="submitted before then; of a day: before its end")] = None,
) -> RunFilter:
    """What a list is asked for, but for its length. Days are UTC's."""
    environment_name, _, version = (environment or "").partition(":")
    return RunFilter(
        owner=whose(person, owner),
        seen_by=None if person.rights.reads.all else Audience(person.name, person.rights.reads.groups),
        status=status,
        name=name or None,
        environment=environment_name or None,
        version=version or None,
        sweep=sweep or None,
        since=None if since is None else moment("since", since),
        until=None if until is None else moment("until", until, end=True),
    )


@router.get("/runs")
def list_runs(
    platform: Platform,
    wanted: Annotated[RunFilter, Depends(asked_for)],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Runs, newest first. `all` means everybody's for admins; for others those that their groups let them see."""
    found = platform.records.runs(replace(wanted, limit=limit + 1, before=cursor(before)))
    return {"runs": shapes(platform, found[:limit]), "next": following(found, limit)}


def moment(what: str, text: str, *, zone: tzinfo = UTC, end: bool = False) -> float:
    """Seconds since 1970 of a day or a time in ISO 8601.

    Args:
        what: what it is about, for the words of a refusal.
        text: as it came.
        zone: what is meant where it has no offset.
        end: a day means its end.

    Raises:
        Invalid: it is neither.
    """
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        return (at + timedelta(days=1) if end and len(text) <= _DAY else at).timestamp()
    except (ValueError, OverflowError):
        raise Invalid(
            f"'{what}' is neither a day nor a time: '{text[:40]}'",
            "Write 2026-11-22 or 2026-11-22T16:30:00Z.",
            field=what,
        ) from None


def cursor(text: str | None) -> tuple[float, str] | None:
    """A place in a list, from :func:`following`."""
    if text is None:
        return None
    at, _, run_id = text.partition("_")
    try:
        return float(at), run_id
    except ValueError:
        raise Invalid(
            "'before' is not a place in the list", "Take it from `next` of an earlier answer.", field="before"
        ) from None


def following(found: list[Run] | list[Build] | list[Pipeline], limit: int) -> str | None:
    """Where the next list begins, of one that was asked for one more than its limit."""
    if len(found) <= limit:
        return None
    return f"{found[limit - 1].created_at!r}_{found[limit - 1].id}"


def whose(person: Person, owner: str) -> str | None:
    """Whose are listed: a name, or None for all that the person sees.

    Raises:
        NotAllowed: none of another are theirs to see.
    """
    if owner == "me" or owner == person.name:
        return person.name
    if owner == "all":
        return None if person.sees_others else person.name
    if not person.sees_others:
        raise NotAllowed("none of your groups lets you see the runs of somebody else")
    return owner
