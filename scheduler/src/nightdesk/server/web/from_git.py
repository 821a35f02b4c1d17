"""The REST routes of runs whose code the platform fetches itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.person import Person, owner_for
from nightdesk.server.domain.repository import GitFile, check_git_file
from nightdesk.server.domain.submission import kind_of
from nightdesk.server.services.fetching import along, fetched
from nightdesk.server.services.submit import submit
from nightdesk.server.web.api import Wishes, shape, submission_of
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API

_AT_ONCE = 8  # each waits for a worker, and must not hold up the pages
router = APIRouter(prefix=API, tags=["runs"])


def fetches() -> CapacityLimiter:
    """The turns of those who wait for a fetch, for one process."""
    return CapacityLimiter(_AT_ONCE)


class Repository(BaseModel):
    """A file of a repository."""

    model_config = ConfigDict(extra="forbid")

    repository: str = Field(
        max_length=500, description="an address of http or https without a login, or the name of a connection"
    )
    path: str = Field(max_length=1000, description="the file in it")
    ref: str = Field(default="", max_length=500, description="a branch, a tag, or a whole commit")
    folder: str | None = Field(
        default=None,
        max_length=1000,
        description="what comes along: left out, the file's own folder; empty: all of it",
    )

    def wanted(self) -> GitFile:
        """As it is checked."""
        return check_git_file(GitFile(self.repository, self.path, self.ref, self.folder))


class GitSubmitRequest(Wishes):
    """A run of a file in a repository."""

    source: Repository


@router.post("/runs/from-git", status_code=201, response_class=JSONResponse)
async def submit_from_git(
    http: Request, platform: Platform, person: SignedIn, wanted: GitSubmitRequest
) -> Response:
    """Have a file fetched from a repository and run it. 201 with the run; 200 where the key was seen before."""
    new, document = await run_sync(_submit, platform, person, wanted, limiter=http.app.state.fetches)
    if new:
        http.app.state.dispatcher.wake()
    return JSONResponse(document, status_code=201 if new else 200)


def _submit(platform: WebPlatform, person: Person, request: GitSubmitRequest) -> tuple[bool, dict[str, Any]]:
    place = request.source.wanted()
    kind_of(place.file)
    submission = submission_of(platform, person, request, {"file": place.file})
    if request.key is not None:
        known = platform.records.run_by_key(owner_for(person, request.as_user), request.key)
        if known is not None:
            return False, shape(platform, known)
    with fetched(platform.desk, platform.store, person, place) as (came, found):
        assert isinstance(found, GitFile)  # noqa: S101
        submission = replace(submission, git=found.fetched(came.commit), left_out=came.left_out)
        sent = came.source, along(came)
        run, new = submit(platform.records, platform.store, platform.settings, person, submission, sent)
    return new, shape(platform, run)
