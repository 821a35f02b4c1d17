"""All outputs of a run as one zip, made while it is sent: nothing of it is kept, here or on a disk."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from zipstream import ZipStream

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.api import AttemptNumber, of_attempt, seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API

_PIECE = 2**20
NAME = "outputs.zip"
router = APIRouter(prefix=API, tags=["outputs"])


@router.get("/runs/{run_id}/outputs.zip", response_class=StreamingResponse)
def get_all_outputs(
    platform: Platform, person: SignedIn, run_id: str, attempt: AttemptNumber = None
) -> Response:
    """All files of the run's last attempt, or of an earlier one, as one zip. They are not compressed again."""
    last = seen_run(platform, person, run_id)
    run = of_attempt(last, attempt)
    found = platform.records.outputs([run.id], run.attempt)[run.id]
    if not found:
        if not run.final and run is last:
            raise Conflict(f"the run is {run.status}: its outputs are there when it is over")
        raise NotFound("the run has no outputs", "List them with `nightdesk show RUN`.")
    note_sight(platform.records, person, run, NAME)
    packed = ZipStream(sized=True)
    for output in found:
        packed.add(_content(platform, run, output), output.name, size=output.size)
    name = run.id if attempt is None else f"{run.id}-attempt-{run.attempt}"
    headers = {
        "Content-Length": str(len(packed)),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.zip",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(iter(packed), media_type="application/zip", headers=headers)


def _content(platform: WebPlatform, run: Run, output: Output) -> Iterator[bytes]:
    """Opened when its turn has come."""
    with platform.store.open(output_key(run, output.name)) as file:
        while piece := file.read(_PIECE):
            yield piece
