"""The REST routes of the audit log: look, export, verify, and what the hub sends. Nothing here takes an entry away."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.audit import AuditFilter, Entry, Note, Origin
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.person import Person
from nightdesk.server.services.audit_export import Format, entry_json, export
from nightdesk.server.web.auth import Admin, Platform, the_hub
from nightdesk.server.web.listing import moment
from nightdesk.server.web.paths import API

_LONGEST = 255
_MOST_AT_ONCE = 1000
_ACTION = re.compile(r"[a-z][a-z-]{0,23}\.[a-z][a-z -]{0,39}")
router = APIRouter(prefix=f"{API}/audit", tags=["audit"])
Words = Annotated[str | None, Query(max_length=_LONGEST)]


class ArrivedEntry(BaseModel):
    """Something that happened at the hub. What is longer than it may be is cut."""

    model_config = ConfigDict(extra="ignore")

    key: str = Field(min_length=1, max_length=64)
    at: float = Field(ge=0, le=1e11)
    action: str
    by: str = ""
    whom: str = ""
    object: str = ""
    words: str = ""
    address: str = ""
    means: str = "hub"


class ArrivedEntries(BaseModel):
    """In the order in which they happened."""

    entries: list[ArrivedEntry] = Field(max_length=_MOST_AT_ONCE)


def asked_for(
    by: Words = None,
    action: Annotated[
        str | None, Query(max_length=_LONGEST, description="such as run.cancelled, or a kind: run")
    ] = None,
    on: Annotated[
        str | None,
        Query(max_length=_LONGEST, description="the thing by its id or name, or the person concerned"),
    ] = None,
    address: Words = None,
    since: Annotated[str | None, Query(description="then or later: a day or a time")] = None,
    until: Annotated[str | None, Query(description="before then; of a day: before its end")] = None,
) -> AuditFilter:
    """What of the log is asked for. Days are UTC's."""
    return AuditFilter(
        by=by or None,
        action=action or None,
        on=on or None,
        address=address or None,
        since=None if since is None else moment("since", since),
        until=None if until is None else moment("until", until, end=True),
    )


Wanted = Annotated[AuditFilter, Depends(asked_for)]


@router.get("")
def entries(
    platform: Platform,
    _admin: Admin,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Who did what, to whom, when and from where, newest first. For admins."""
    found = platform.records.entries(replace(wanted, limit=limit + 1, before=place(before)))
    return {"entries": [entry_json(entry) for entry in found[:limit]], "next": following(found, limit)}


@router.get("/export", response_class=StreamingResponse)
def export_entries(
    platform: Platform,
    admin: Admin,
    wanted: Wanted,
    format: Annotated[Format, Query(description="csv or jsonl")] = Format.CSV,
) -> Response:
    """All that fits, as a file. For admins; that it was exported is noted."""
    return exported(platform, admin, wanted, format)


@router.get("/verify")
def verify(platform: Platform, _admin: Admin) -> dict[str, Any]:
    """Is every entry as it was written, and none missing between two? Reads all of them. For admins."""
    verdict = platform.records.verify()
    return {"entries": verdict.entries, "head": verdict.head, "broken": verdict.broken}


@router.post("/arrived", dependencies=[Depends(the_hub)])
def arrived(platform: Platform, sent: ArrivedEntries) -> dict[str, Any]:
    """What happened at the hub. Only the hub sends; the same twice is one entry."""
    notes = [(each.at, _note(each)) for each in sent.entries]
    return {"new": platform.records.note_arrived(notes)}


def exported(platform: WebPlatform, admin: Person, wanted: AuditFilter, form: Format) -> Response:
    """The file, and its own entry, which is on record before the first line is."""
    asked = {"by": wanted.by, "action": wanted.action, "on": wanted.on, "address": wanted.address}
    words = ", ".join(f"{name} {value}" for name, value in asked.items() if value)
    platform.records.note(Note(admin.name, "audit.exported", words=f"{form.value}: {words or 'everything'}"))
    kinds = {Format.CSV: "text/csv; charset=utf-8", Format.JSONL: "application/jsonl; charset=utf-8"}
    pieces = (piece.encode("utf-8", "replace") for piece in export(platform.records, wanted, form))
    headers = {"Content-Disposition": f'attachment; filename="audit.{form.value}"'}
    return StreamingResponse(pieces, media_type=kinds[form], headers=headers)


def place(text: str | None) -> tuple[float, int] | None:
    """A place in the list, from :func:`following`.

    Raises:
        Invalid: it is none.
    """
    if not text:
        return None
    at, _, number = text.partition("_")
    try:
        return float(at), int(number)
    except ValueError:
        raise Invalid(
            "'before' is not a place in the list", "Take it from `next` of an earlier answer.", field="before"
        ) from None


def following(found: list[Entry], limit: int) -> str | None:
    """Where the next list begins, of one that was asked for one more than its limit."""
    return None if len(found) <= limit else f"{found[limit - 1].at!r}_{found[limit - 1].id}"


def _note(each: ArrivedEntry) -> Note:
    known = _ACTION.fullmatch(each.action) is not None
    return Note(
        by=each.by,
        action=each.action if known else "hub.changed",
        object=each.object,
        whom=each.whom,
        words=each.words if known else f"{each.action}: {each.words}",
        key=each.key,
        origin=Origin(each.address, each.means),
    )
