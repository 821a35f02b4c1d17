"""What a run left: list, download, and the notebook as a page."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import IO, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.convertors import PathConvertor, register_url_convertor

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.report import NOTEBOOK_PAGE, rendered_key
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.services.rendering import LARGE
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.api import AttemptNumber, of_attempt, seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.growing import Growing, InMaking
from nightdesk.server.web.paths import API
from nightdesk.server.web.renderer import Renderer
from nightdesk.server.web.shapes import output_json
from nightdesk.server.web.streaming import file_response

_CHUNK = 256 * 1024
_PATIENCE = 0.5  # seconds for the page of a small one to be made whole; of a longer one the beginning is sent meanwhile
RENDER_BYTES = 100 * 2**20  # of a notebook; the page of a larger one is none that a browser shows
# What comes out of a run was made by somebody's code: it may show itself, and nothing more.
SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; media-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/json", "text/html"}
router = APIRouter(prefix=API, tags=["outputs"])


@router.get("/runs/{run_id}/outputs")
def list_outputs(
    platform: Platform, person: SignedIn, run_id: str, attempt: AttemptNumber = None
) -> dict[str, Any]:
    """The files of the run's last attempt, or of an earlier one."""
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    return {"outputs": [output_json(output) for output in outputs_of(platform, run)]}


class _AnyName(PathConvertor):
    """What files are called: slashes and, other than in ``path``, line ends as well."""

    regex = r"[\s\S]*"


register_url_convertor("output", _AnyName())


@router.get("/runs/{run_id}/outputs/{name:output}", response_class=StreamingResponse)
def get_output(
    request: Request,
    platform: Platform,
    person: SignedIn,
    run_id: str,
    name: str,
    attempt: AttemptNumber = None,
) -> Response:
    """One file, or with `Range` a part of it. `notebook.html` is made when it is first asked for, and kept."""
    last = seen_run(platform, person, run_id)
    run = of_attempt(last, attempt)
    outputs = {output.name: output for output in outputs_of(platform, run)}
    output = outputs.get(name)
    notebook = outputs.get("notebook.ipynb")
    if output is None and name == "notebook.html" and notebook is not None:
        page = page_of_notebook(request, platform, run, notebook, run.name)
        if notebook.size > LARGE or not page.whole(_PATIENCE):
            note_sight(platform.records, person, run, name)
            return framed(page.read())
        output = next((each for each in outputs_of(platform, run) if each.name == name), None)
    if output is None:
        if not run.final and run is last:
            raise Conflict(f"the run is {run.status}: its outputs are there when it is over")
        raise NotFound(f"the run has no output '{name[:200]}'", "List them with `nightdesk show RUN`.")
    note_sight(platform.records, person, run, name)
    etag = f'"{output.sha256}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": disposition(name),
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    key = output_key(run, output.name)
    return file_response(request, platform.store, key, output.size, headers, media_type(name))


def outputs_of(platform: WebPlatform, run: Run) -> list[Output]:
    """What the run's attempt left."""
    return platform.records.outputs([run.id], run.attempt)[run.id]


def page_of_notebook(
    request: Request, platform: WebPlatform, run: Run, notebook: Output, title: str, code: bool = True
) -> Growing:
    """A notebook's page, which is being made and is kept then: the run's own one among its outputs.

    Raises:
        Conflict: it is too large for that, or no notebook.
        Unavailable: it takes too long, or others are being made.
    """
    if notebook.size > RENDER_BYTES:
        raise Conflict(
            f"the notebook has {human_bytes(notebook.size)}, too much to be shown as a page",
            "Download notebook.ipynb.",
        )
    own = notebook.name == "notebook.ipynb" and code
    key = output_key(run, NOTEBOOK_PAGE) if own else rendered_notebook_key(run, notebook, code)
    renderer: Renderer = request.app.state.renderer

    def make() -> Iterator[bytes]:
        with platform.store.open(output_key(run, notebook.name)) as file:
            yield from renderer.html(file, notebook.size, title, code)

    def keep(page: IO[bytes]) -> None:
        stored = platform.store.put(key, page)
        if own:
            platform.records.add_output(run, stored)

    in_making: InMaking = request.app.state.in_making
    return in_making.page(key, make, keep)


def rendered_notebook_key(run: Run, notebook: Output, code: bool) -> str:
    """Where a notebook's page is kept, with the inputs of its cells or without."""
    return rendered_key(run, f"{notebook.sha256}-{'code' if code else 'no-code'}.html")


def framed(made: bytes | IO[bytes] | Iterator[bytes]) -> Response:
    """A page under the policy of outputs."""
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": "private, max-age=0, must-revalidate"}
    if isinstance(made, bytes):
        return Response(made, media_type="text/html; charset=utf-8", headers=headers)
    shown = (
        made if isinstance(made, Iterator) and not hasattr(made, "read") else pieces(cast("IO[bytes]", made))
    )
    return StreamingResponse(shown, media_type="text/html; charset=utf-8", headers=headers)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A file's content; it is closed at the end."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def media_type(name: str) -> str:
    """What a file of this name is sent as: nothing that a browser would run."""
    kind, packed = mimetypes.guess_type(name)
    if kind is None or packed:
        return "application/octet-stream"
    if kind.startswith("text/") and kind != "text/html":
        kind = "text/plain"
    return kind if kind in SHOWN or not kind.startswith(("text/", "image/")) else "application/octet-stream"


def disposition(name: str) -> str:
    """Whether it is shown or saved, and under which name."""
    last = name.rsplit("/", 1)[-1]
    shown = media_type(name) in SHOWN
    return f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(last, safe='')}"
