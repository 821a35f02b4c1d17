"""The REST routes of runs: submit, list, look, cancel."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, File, Form, Query, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NotAllowed
from nightdesk.server.domain.person import Person, check_sees
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services.logs import log_text
from nightdesk.server.services.queue import ALIVE_SECONDS, ring
from nightdesk.server.services.submit import Files, submit
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import run_json

router = APIRouter(prefix=API, tags=["runs"])


class SubmitRequest(BaseModel):
    """The part ``request`` of a submission."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    file: str
    name: str | None = None
    environment: str | None = None
    size: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_are_text: bool = False
    timeout_seconds: float | None = None
    retries: int = 0
    key: str | None = None
    as_user: str | None = Field(default=None, alias="as")


def _submission(text: str) -> Submission:
    try:
        # json.loads, not the model's own parser: it keeps NaN apart, which is refused with its name
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode("utf-8")
        request = SubmitRequest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"the request's '{place}': {first['msg']}" if place else "the request is no object"
        ) from None
    except UnicodeEncodeError:
        raise Invalid("the request contains half a character (a lone surrogate)") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the part 'request' is no JSON: {error}") from None
    if request.timeout_seconds is not None and not math.isfinite(request.timeout_seconds):
        raise Invalid("the time limit must be a number of seconds")
    return Submission(**request.model_dump())


@router.post("/runs", status_code=201, response_class=JSONResponse)
def submit_run(
    platform: Platform,
    person: SignedIn,
    background: BackgroundTasks,
    source: Annotated[UploadFile, File(description="the notebook or script")],
    request: Annotated[str, Form(description="what to do with it, as JSON")],
    files: Annotated[UploadFile | None, File(description="a gzip tar of the files to take along")] = None,
) -> Response:
    """Hand over a notebook or script. 201 with the run; 200 where the key was seen before."""
    wanted = _submission(request)
    raw = source.file.read(platform.settings.runs.max_source_bytes + 1)
    along = None if files is None else Files(files.file, files.size or 0)
    run, new = submit(platform.records, platform.store, platform.settings, person, wanted, (raw, along))
    if new:
        background.add_task(ring, platform.records, platform.bell, platform.settings.runs.limits)
    return JSONResponse(shape(platform, run), status_code=201 if new else 200, background=background)


@router.get("/runs")
def list_runs(
    platform: Platform,
    person: SignedIn,
    owner: Annotated[str, Query(description="me, all, or a name (admins)")] = "me",
    status: Annotated[Status | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(description="`next` of an earlier answer")] = None,
) -> dict[str, Any]:
    """Runs, newest first. `all` means everybody's for admins, and one's own otherwise."""
    found = platform.records.runs(RunFilter(_owner(person, owner), status, limit + 1, _cursor(before)))
    more = len(found) > limit
    found = found[:limit]
    outputs = platform.records.outputs([run.id for run in found])
    return {
        "runs": [run_json(run, outputs[run.id], platform.settings) for run in found],
        "next": f"{found[-1].created_at!r}_{found[-1].id}" if more else None,
    }


@router.get("/runs/{run_id}")
def show_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """One run."""
    return shape(platform, seen_run(platform, person, run_id))


@router.post("/runs/{run_id}/cancel")
def cancel_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """Ask a run to end. A queued one is cancelled at once; one that is over stays as it is."""
    seen_run(platform, person, run_id)
    run = platform.records.request_cancel(run_id, person.name)
    platform.bell.changed(run_id)
    return shape(platform, check_sees(person, run, run_id))


@router.get("/runs/{run_id}/log", response_class=PlainTextResponse)
def run_log(platform: Platform, person: SignedIn, run_id: str) -> Response:
    """What the run has printed so far, as text."""
    run = seen_run(platform, person, run_id)
    pieces = (text.encode("utf-8", "replace") for text in log_text(platform.records, platform.store, run))
    return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")


def seen_run(platform: WebPlatform, person: Person, run_id: str) -> Run:
    """The run if this person may see it, else 404."""
    return check_sees(person, platform.records.run(run_id), run_id)


def shape(platform: WebPlatform, run: Run) -> dict[str, Any]:
    """One run with its outputs and its place in the queue."""
    outputs = platform.records.outputs([run.id])[run.id] if run.final else []
    ids = [run.id] if run.status is Status.QUEUED else []
    waits = platform.records.waiting_for(platform.settings.runs.limits, ALIVE_SECONDS, ids)
    return run_json(run, outputs, platform.settings, waits.get(run.id))


def _owner(person: Person, owner: str) -> str | None:
    if owner == "me" or owner == person.name:
        return person.name
    if owner == "all":
        return None if person.admin else person.name
    if not person.admin:
        raise NotAllowed("only admins list the runs of somebody else")
    return owner


def _cursor(text: str | None) -> tuple[float, str] | None:
    if text is None:
        return None
    at, _, run_id = text.partition("_")
    try:
        return float(at), run_id
    except ValueError:
        raise Invalid(
            "'before' is not a place in the list", "Take it from `next` of an earlier answer."
        ) from None
