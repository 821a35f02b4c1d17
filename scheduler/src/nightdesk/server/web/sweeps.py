"""The REST routes of sweeps."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NotAllowed
from nightdesk.server.domain.expansion import Draw, Drawing, Kind, Wish
from nightdesk.server.domain.origin import git_of
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.sweep import Goal, Sweep, check_may_stop, check_sees
from nightdesk.server.ports.sweeps import SweepFilter
from nightdesk.server.services.sightings import note_sight_of_sweep
from nightdesk.server.services.submit import Files
from nightdesk.server.services.sweeps import NewSweep, make_sweep, members_of, plan_sweep
from nightdesk.server.web.api import SubmitRequest, submission_of
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.listing import cursor
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API
from nightdesk.server.web.sweep_shapes import preview_json, sweep_json, whole_sweep_json

router = APIRouter(prefix=f"{API}/sweeps", tags=["sweeps"])
_PARTS = {Kind.GRID: "grid", Kind.LIST: "points", Kind.RANDOM: "random", Kind.CSV: "csv"}
_OWN = set(_PARTS.values()) | {"at_most", "metric", "goal"}


class DrawRequest(BaseModel):
    """How one parameter is drawn: between `low` and `high`, or one of `values`."""

    model_config = ConfigDict(extra="forbid")

    kind: Drawing
    low: int | float = 0.0
    high: int | float = 1.0
    values: list[Any] = Field(default_factory=list, max_length=1000)


class RandomRequest(BaseModel):
    """So many sets of parameters, drawn with `seed` (left out: one is made up, and kept)."""

    model_config = ConfigDict(extra="forbid")

    count: int
    seed: int | None = None
    draws: dict[str, DrawRequest]


class SweepRequest(SubmitRequest):
    """The part ``request`` of a sweep: what its runs are submitted with, and one of grid, points, random and csv."""

    grid: dict[str, list[Any]] | None = None
    points: list[dict[str, Any]] | None = None
    random: RandomRequest | None = None
    csv: str | None = None
    at_most: int | None = None
    metric: str | None = None
    goal: Goal = Goal.MAX


class StopRequest(BaseModel):
    """What of a sweep to end: all that is not over, or only what waits."""

    model_config = ConfigDict(extra="forbid")

    waiting_only: bool = False


@router.post("", status_code=201)
def add_sweep(
    http: Request,
    platform: Platform,
    person: SignedIn,
    source: Annotated[UploadFile, File(description="the notebook or script")],
    request: Annotated[str, Form(description="what to run it with, as JSON")],
    files: Annotated[UploadFile | None, File(description="a gzip tar of the files to take along")] = None,
) -> Response:
    """Run a notebook or script with many sets of parameters. 201 with the sweep; 200 where the key was seen before."""
    sweep, new = made_of(platform, person, read_part(SweepRequest, request), source, files)
    if new:
        http.app.state.dispatcher.wake()
    document = whole_sweep_json(sweep, members_of(platform.records, sweep), platform.settings)
    return JSONResponse(document, status_code=201 if new else 200)


@router.post("/preview")
def preview_sweep(
    platform: Platform,
    person: SignedIn,
    source: Annotated[UploadFile, File(description="the notebook or script")],
    request: Annotated[str, Form(description="what it would be run with, as JSON")],
) -> dict[str, Any]:
    """How many runs there would be and the first of them, checked as they would be; nothing is made."""
    return preview_of(platform, person, read_part(SweepRequest, request), source)


@router.get("")
def list_sweeps(
    platform: Platform,
    person: SignedIn,
    owner: Annotated[str, Query(max_length=255, description="me, all that one may see, or a name")] = "me",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Sweeps, newest first."""
    return listed(platform, person, owner, limit, before)


@router.get("/{sweep_id}")
def show_sweep(
    platform: Platform,
    person: SignedIn,
    sweep_id: str,
    metric: Annotated[str | None, Query(max_length=200, description="what the best is by")] = None,
    goal: Annotated[Goal | None, Query(description="which value of it is the best")] = None,
) -> dict[str, Any]:
    """One sweep: each set of parameters with its run, what that measured so far, and which is the best."""
    sweep = seen_sweep(platform, person, sweep_id)
    found = members_of(platform.records, sweep)
    return whole_sweep_json(sweep, found, platform.settings, metric or None, goal)


@router.post("/{sweep_id}/stop")
def stop(
    platform: Platform, person: SignedIn, sweep_id: str, wanted: StopRequest | None = None
) -> dict[str, Any]:
    """End what is not over, or with `waiting_only` what has not started."""
    return {"stopped": stopped(platform, person, sweep_id, wanted is not None and wanted.waiting_only)}


def made_of(
    platform: WebPlatform,
    person: Person,
    wanted: SweepRequest,
    source: UploadFile,
    files: UploadFile | None = None,
) -> tuple[Sweep, bool]:
    """A sweep on record, and whether it is new.

    Raises:
        Refused: in words.
    """
    along = None if files is None or not files.filename else Files(files.file, files.size or 0)
    sent = (_read(platform, source), along)
    return make_sweep(
        platform.records,
        platform.store,
        platform.settings,
        person,
        _wanted(platform, person, wanted)[0],
        sent,
    )


def preview_of(
    platform: WebPlatform, person: Person, wanted: SweepRequest, source: UploadFile
) -> dict[str, Any]:
    """What such a sweep would be."""
    new, seed = _wanted(platform, person, wanted)
    planned = plan_sweep(platform.records, platform.settings, person, new, _read(platform, source))
    return preview_json(planned, seed)


def seen_sweep(platform: WebPlatform, person: Person, sweep_id: str) -> Sweep:
    """The sweep if this person may see it, else 404. Seeing another's is noted."""
    sweep = check_sees(person, platform.records.sweep(sweep_id), sweep_id)
    note_sight_of_sweep(platform.records, person, sweep)
    return sweep


def stopped(platform: WebPlatform, person: Person, sweep_id: str, waiting_only: bool) -> int:
    """Ask for the end of a sweep's rest; how many runs that is.

    Raises:
        NotFound: there is none, or it is not theirs to see.
        NotAllowed: they may see it and no more.
    """
    check_may_stop(person, seen_sweep(platform, person, sweep_id))
    ended = platform.records.stop_sweep(sweep_id, person.name, waiting_only)
    for changed in (*ended, sweep_id):
        platform.bell.changed(changed)
    platform.waiting.forget()
    return len(ended)


def listed(
    platform: WebPlatform, person: Person, owner: str, limit: int, before: str | None
) -> dict[str, Any]:
    """A page of sweeps, newest first, and where the next one begins."""
    whose: str | None = person.name if owner in {"me", ""} else owner
    if owner == "all":
        whose = None if person.sees_others else person.name
    if whose != person.name and not person.sees_others:
        raise NotAllowed("none of your groups lets you see the sweeps of somebody else")
    scope = person.rights.reads
    seen_by = None if person.admin or scope.all else (person.name, scope.groups)
    found = platform.records.sweeps(SweepFilter(whose, seen_by, limit + 1, cursor(before)))
    shown = found[:limit]
    counts = platform.records.counts_of_sweeps([sweep.id for sweep in shown])
    more = f"{shown[-1].created_at!r}_{shown[-1].id}" if len(found) > limit else None
    return {
        "sweeps": [sweep_json(sweep, counts[sweep.id], platform.settings) for sweep in shown],
        "next": more,
    }


def _read(platform: WebPlatform, source: UploadFile) -> bytes:
    source.file.seek(0)
    return source.file.read(platform.settings.runs.max_source_bytes + 1)


def _wanted(platform: WebPlatform, person: Person, wanted: SweepRequest) -> tuple[NewSweep, int | None]:
    """What the request means, and the seed that is drawn with."""
    if wanted.as_user not in {None, person.name}:
        raise Invalid("a sweep is always of whoever makes it", "Leave out 'as'.")
    given = [kind for kind, part in _PARTS.items() if getattr(wanted, part) is not None]
    if len(given) != 1:
        raise Invalid("a sweep has one of 'grid', 'points', 'random' and 'csv'", "Send one of them.")
    seed = None
    said = wanted.model_dump(mode="json", include=_OWN, exclude_none=True)
    if wanted.random is not None:
        seed = wanted.random.seed if wanted.random.seed is not None else secrets.randbelow(2**31)
        said["random"]["seed"] = seed
    git = None if wanted.git is None else git_of(wanted.git.model_dump())
    plain = submission_of(platform, person, wanted, {"file": wanted.file, "git": git})
    each = replace(plain, parameters={}, parameters_are_text=_text(wanted))
    new = NewSweep(each, _wish(wanted, given[0], seed or 0), said, wanted.at_most, wanted.metric, wanted.goal)
    return new, seed


def _text(wanted: SweepRequest) -> bool:
    """The cells of a table are text in any case."""
    return wanted.parameters_are_text or wanted.csv is not None


def _wish(wanted: SweepRequest, kind: Kind, seed: int) -> Wish:
    drawn = wanted.random
    return Wish(
        kind,
        grid=wanted.grid or {},
        points=wanted.points or (),
        count=0 if drawn is None else drawn.count,
        seed=seed,
        draws={}
        if drawn is None
        else {
            name: Draw(draw.kind, draw.low, draw.high, tuple(draw.values))
            for name, draw in drawn.draws.items()
        },
        table=wanted.csv or "",
        fixed=wanted.parameters,
    )
