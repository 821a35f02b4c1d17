"""The REST route of pipelines whose file and folder the platform fetches itself."""

from __future__ import annotations

import gzip
import io
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.repository import GitFile
from nightdesk.server.services.fetching import along, fetched
from nightdesk.server.services.pipelines import NewPipeline, make_pipeline
from nightdesk.server.services.submit import Files
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.from_git import Repository
from nightdesk.server.web.paths import API
from nightdesk.server.web.pipelines import go_on, shape
from nightdesk.server.web.schedules import clock_of

router = APIRouter(prefix=f"{API}/pipelines", tags=["pipelines"])
_END_OF_TAR = bytes(1024)


class GitPipelineRequest(BaseModel):
    """A pipeline whose file is in a repository; the rest is as of one that is sent."""

    model_config = ConfigDict(extra="forbid")

    source: Repository
    name: str | None = None
    environment: str | None = Field(default=None, max_length=200)
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameters_are_text: bool = False
    skip_unchanged: bool | None = None
    key: str | None = None


@router.post("/from-git", status_code=201, response_class=JSONResponse)
async def pipeline_from_git(
    http: Request, platform: Platform, person: SignedIn, wanted: GitPipelineRequest
) -> Response:
    """Have a pipeline fetched from a repository and run it. 201 with the pipeline; 200 where the key was seen before."""
    pipeline_id, new = await run_sync(_make, platform, person, wanted, limiter=http.app.state.fetches)
    document = await run_sync(_begun, http, platform, pipeline_id, new)
    return JSONResponse(document, status_code=201 if new else 200)


def _make(platform: WebPlatform, person: Person, request: GitPipelineRequest) -> tuple[str, bool]:
    place = request.source.wanted()
    if request.key is not None:
        known = platform.records.pipeline_by_key(person.name, request.key)
        if known is not None:
            return known.id, False
    with fetched(platform.desk, platform.store, person, place) as (came, found):
        assert isinstance(found, GitFile)  # noqa: S101
        said = request.model_dump(exclude={"source"})
        folder = along(came) or _empty()
        git = found.fetched(came.commit)
        wanted = NewPipeline(came.source, folder, file=place.file, git=git, **said)
        pipeline, new = make_pipeline(clock_of(platform), person, wanted)
        return pipeline.id, new


def _begun(http: Request, platform: WebPlatform, pipeline_id: str, new: bool) -> dict[str, Any]:
    if new:
        go_on(http, platform, pipeline_id)
    return shape(platform, pipeline_id)


def _empty() -> Files:
    """A folder without files: what is wrong with it is said by the pipeline's own checks."""
    packed = gzip.compress(_END_OF_TAR)
    return Files(io.BytesIO(packed), len(packed))
