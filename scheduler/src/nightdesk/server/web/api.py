"""The REST routes of runs: submit, look, cancel, run again, and what they printed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NotFound
from nightdesk.server.domain.origin import git_of
from nightdesk.server.domain.outcome import comes_again
from nightdesk.server.domain.person import Person, check_may_cancel, check_sees
from nightdesk.server.domain.run import Priority, Run, Status
from nightdesk.server.domain.submission import Submission, WantedInput
from nightdesk.server.services.logs import log_text
from nightdesk.server.services.rerun import retry
from nightdesk.server.services.rerun_changed import Changes, retry_changed
from nightdesk.server.services.sharing import check_more_than_shown, visible_run
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.services.submit import Files, submit
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.form_route import FormRoute
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import run_json, usage_json

# A notebook is checked in milliseconds of computing, and more threads at that only get in each other's way: small
# ones take turns, while large ones and what comes with files to look through do not hold them up. Four, so that one is
# checked while the others wait for the disk, which they do together.
_SMALL_BYTES = 2**20
_SMALL_AT_ONCE = 4
router = APIRouter(prefix=API, tags=["runs"])


def small_submits() -> CapacityLimiter:
    """The turns of small submits, for one process."""
    return CapacityLimiter(_SMALL_AT_ONCE)


AttemptNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="left out: the newest")]


class InputRequest(BaseModel):
    """An output of another run, to lie beside the file under a name (left out: its own)."""

    model_config = ConfigDict(extra="forbid")

    run: str
    output: str
    name: str | None = None

    def wanted(self) -> WantedInput:
        """With a name in any case."""
        return WantedInput(self.name or self.output.rsplit("/", 1)[-1], self.run, self.output)


class GitRequest(BaseModel):
    """The checkout that the file is in."""

    model_config = ConfigDict(extra="forbid")

    commit: str
    branch: str | None = None
    dirty: bool | None = None
    remote: str | None = None


class Wishes(BaseModel):
    """What may be said about a run when it is submitted."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str | None = None
    environment: str | None = None
    size: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_are_text: bool = False
    priority: Priority = Priority.NORMAL
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float | None = None
    notify: str | None = None
    key: str | None = None
    inputs: list[InputRequest] = Field(default_factory=list, max_length=100)
    as_user: str | None = Field(default=None, alias="as")


class SubmitRequest(Wishes):
    """The part ``request`` of a submission."""

    file: str
    git: GitRequest | None = None


class RetryRequest(BaseModel):
    """How to run a run again."""

    model_config = ConfigDict(extra="forbid")

    exact: bool = False
    name: str | None = None
    environment: str | None = None
    size: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_are_text: bool = False
    timeout_seconds: float | None = None

    def changes(self) -> Changes | None:
        """What is to be otherwise than it was; None for nothing.

        Raises:
            Invalid: and exactly the same at once.
        """
        said = Changes(
            self.parameters,
            self.parameters_are_text,
            self.environment,
            self.size,
            self.name,
            self.timeout_seconds,
        )
        if said == Changes(text=self.parameters_are_text):
            return None
        if self.exact:
            raise Invalid("exactly again and with changes are two things", "Leave one of them out.")
        if said.timeout_seconds is not None and not math.isfinite(said.timeout_seconds):
            raise Invalid("the time limit must be a number of seconds", field="timeout_seconds")
        return said


def submission_of(platform: WebPlatform, person: Person, request: Wishes, more: dict[str, Any]) -> Submission:
    """What is wanted, with what the hub knows of whoever an admin submits it for."""
    if request.timeout_seconds is not None and not math.isfinite(request.timeout_seconds):
        raise Invalid("the time limit must be a number of seconds", field="timeout_seconds")
    said = request.model_dump(include=set(Wishes.model_fields) - {"inputs"})
    wanted = Submission(**said, **more, inputs=tuple(one.wanted() for one in request.inputs))
    if wanted.as_user not in {None, person.name} and person.admin:
        wanted = replace(wanted, owner=_owner(platform, str(wanted.as_user)))
    return wanted


async def submit_run(
    http: Request,
    platform: Platform,
    person: SignedIn,
    source: Annotated[UploadFile, File(description="the notebook or script")],
    request: Annotated[str, Form(description="what to do with it, as JSON")],
    files: Annotated[UploadFile | None, File(description="a gzip tar of the files to take along")] = None,
) -> Response:
    """Hand over a notebook or script. 201 with the run; 200 where the key was seen before."""
    small = files is None and (source.size or 0) <= _SMALL_BYTES
    limiter = http.app.state.small_submits if small else None
    new, document = await run_sync(_submit, platform, person, request, source, files, limiter=limiter)
    if new:
        http.app.state.dispatcher.wake()
    return JSONResponse(document, status_code=201 if new else 200)


router.add_api_route(
    "/runs",
    submit_run,
    methods=["POST"],
    status_code=201,
    response_class=JSONResponse,
    route_class_override=FormRoute,
)


def _submit(
    platform: WebPlatform, person: Person, request: str, source: UploadFile, files: UploadFile | None
) -> tuple[bool, dict[str, Any]]:
    said = read_part(SubmitRequest, request)
    git = None if said.git is None else git_of(said.git.model_dump())
    wanted = submission_of(platform, person, said, {"file": said.file, "git": git})
    raw = source.file.read(platform.settings.runs.max_source_bytes + 1)
    along = None if files is None else Files(files.file, files.size or 0)
    run, new = submit(platform.records, platform.store, platform.settings, person, wanted, (raw, along))
    return new, shape(platform, run)


def _owner(platform: WebPlatform, name: str) -> Person:
    """Somebody for whom an admin submits: their groups and limits are those that count."""
    return platform.policies.with_rights(platform.people.person(name) or Person(name))


@router.get("/runs/{run_id}")
def show_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """One run; of one that goes on with what it takes now."""
    run = seen_run(platform, person, run_id)
    sample = None if run.final else platform.records.latest_usage(run)
    return shape(platform, run) | {"usage": None if sample is None else usage_json(sample)}


@router.post("/runs/{run_id}/cancel")
def cancel_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """Ask a run to end. A queued one is cancelled at once; one that is over stays as it is."""
    return shape(platform, check_sees(person, cancelled(platform, person, run_id), run_id))


@router.post("/runs/{run_id}/retry", status_code=201)
def retry_run(
    http: Request, platform: Platform, person: SignedIn, run_id: str, wanted: RetryRequest | None = None
) -> dict[str, Any]:
    """Run the same again, as a new run of whoever asks; ``exact`` in the image of the recorded digest.

    With any of the others it is the same file with changes: ``parameters`` are all that it gets then.
    """
    wanted = wanted or RetryRequest()
    again = run_again(platform, person, run_id, wanted.exact, wanted.changes())
    http.app.state.dispatcher.wake()
    return shape(platform, again)


@router.get("/runs/{run_id}/log", response_class=PlainTextResponse)
def run_log(platform: Platform, person: SignedIn, run_id: str, attempt: AttemptNumber = None) -> Response:
    """What the run, or an earlier attempt of it, has printed so far, as text."""
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    pieces = (text.encode("utf-8", "replace") for text in log_text(platform.records, platform.store, run))
    return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")


def seen_run(platform: WebPlatform, person: Person, run_id: str) -> Run:
    """The run if this person may read it, else 404. Seeing another's is noted."""
    run = visible_run(platform.records, person, run_id)
    note_sight(platform.records, person, run)
    return run


def run_again(
    platform: WebPlatform, person: Person, run_id: str, exact: bool = False, changes: Changes | None = None
) -> Run:
    """A new run of this person: the same again, or the same file with changes. Who looks at its sweep is told.

    Raises:
        NotFound: there is none, or it is not theirs to see.
        NotAllowed: it is shown to them for reading.
        Refused: as of a submit.
    """
    run = seen_run(platform, person, run_id)
    check_more_than_shown(person, run)
    records, store, settings = platform.records, platform.store, platform.settings
    if changes is not None:
        return retry_changed(records, store, settings, person, run, changes)
    again = retry(records, store, settings, person, run, exact)
    if again.sweep_id is not None:
        platform.bell.changed(again.sweep_id)
    return again


def cancelled(platform: WebPlatform, person: Person, run_id: str) -> Run | None:
    """Ask for a run's end; the run as it is afterwards.

    Raises:
        NotFound: there is none, or it is not theirs to see.
        NotAllowed: they may see it and no more.
    """
    check_may_cancel(person, seen_run(platform, person, run_id))
    run = platform.records.request_cancel(run_id, person.name)
    platform.bell.changed(run_id)
    platform.waiting.forget()
    return run


def of_attempt(run: Run, attempt: int | None) -> Run:
    """The run as if this attempt were its last.

    Raises:
        NotFound: there was no such attempt.
    """
    if attempt is None or attempt == run.attempt:
        return run
    if attempt > run.attempt:
        raise NotFound(f"the run has no attempt {attempt}", f"Its last one is attempt {run.attempt}.")
    return replace(run, attempt=attempt)


def shape(platform: WebPlatform, run: Run) -> dict[str, Any]:
    """One run with its outputs, its place in the queue and for how long it has been going on."""
    return shapes(platform, [run])[0]


def shapes(platform: WebPlatform, runs: list[Run], outputs: bool = True) -> list[dict[str, Any]]:
    """The same of many, with as many questions to the database as of one."""
    records = platform.records
    over = [run.id for run in runs if run.final] if outputs else []
    left = records.outputs(over) if over else {}
    waiting = platform.waiting.reasons(runs)
    now = uptime = 0.0
    if any(not run.final and (run.started_at is not None or run.id not in waiting) for run in runs):
        now, uptime = records.now(), records.uptime()
        for run in runs:
            if run.status is Status.QUEUED and run.id not in waiting:
                waiting[run.id] = comes_again(run, now)
    return [
        run_json(
            run,
            left.get(run.id, []),
            platform.settings,
            waiting=waiting.get(run.id),
            elapsed=None if run.final or run.started_at is None else run.elapsed(now, uptime),
        )
        for run in runs
    ]
