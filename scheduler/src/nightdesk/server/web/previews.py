"""Outputs to look at: the first rows of a table, a notebook as a page, a picture, a tree, a text.

Everything that needs a parser is made in the process that renders; what is markup is shown in a frame of its own,
under the policy of outputs.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.report import NOTEBOOK_PAGE
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.services import previews as work
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.api import AttemptNumber, of_attempt, seen_run, shape
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.outputs import framed, outputs_of, page_of_notebook, rendered_notebook_key
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.renderer import Renderer

_SECONDS = 20.0
_MEMORY = 2**30
_TEXT = 256 * 1024  # bytes of a text, and of a table's beginning eight times as many
_DOCUMENT = 8 * 2**20  # bytes of JSON, Markdown or a drawing: of a larger one the beginning is shown as text
_READ = 256 * 2**20  # bytes that are read of a Parquet file: its end, and the first rows of each column
_KINDS = {
    ".ipynb": "notebook",
    ".html": "html", ".htm": "html",
    ".png": "image", ".jpg": "image", ".jpeg": "image", ".gif": "image", ".webp": "image",
    ".svg": "drawing",
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".json": "json", ".geojson": "json",
    ".md": "markdown", ".markdown": "markdown",
}  # fmt: skip
_FRAMED = {"notebook", "html", "markdown", "drawing"}
router = APIRouter(prefix=API, tags=["outputs"])
pages = APIRouter(include_in_schema=False)


def previewer() -> Renderer:
    """A process for what is quick, beside the one that makes pages of notebooks."""
    return Renderer(_SECONDS, _MEMORY)


@router.get("/runs/{run_id}/preview/{name:output}")
def preview_output(
    request: Request,
    platform: Platform,
    person: SignedIn,
    run_id: str,
    name: str,
    attempt: AttemptNumber = None,
) -> dict[str, Any]:
    """The beginning of a file: of a table the first rows with the types of its columns, of JSON a tree, of text the first
    lines; of what is looked at as a page its address.
    """
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    return preview(request, platform, run, _found(platform, run, name), attempt)


@router.get("/runs/{run_id}/view/{name:output}", response_class=StreamingResponse)
def view_output(
    request: Request,
    platform: Platform,
    person: SignedIn,
    run_id: str,
    name: str,
    attempt: AttemptNumber = None,
) -> Response:
    """A notebook, Markdown or a drawing as a page that can do nothing."""
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    output = _found(platform, run, name)
    note_sight(platform.records, person, run, name)
    return framed(view(request, platform, run, output))


@pages.get(f"{BASE}/runs/{{run_id}}/outputs/{{name:output}}")
def output_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    run_id: str,
    name: str,
    attempt: AttemptNumber = None,
) -> Response:
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    output = _found(platform, run, name)
    note_sight(platform.records, person, run, name)
    others = [each.name for each in outputs_of(platform, run)]
    place = others.index(name) if name in others else 0
    return page(
        request,
        "output.html",
        person,
        run=shape(platform, run),
        file=preview(request, platform, run, output, attempt),
        last=posixpath.basename(name),
        folder=posixpath.dirname(name),
        before=others[place - 1] if place else None,
        after=others[place + 1] if place + 1 < len(others) else None,
        attempt=attempt,
    )


def preview(
    request: Request, platform: WebPlatform, run: Run, output: Output, attempt: int | None = None
) -> dict[str, Any]:
    """The beginning of a file as a dictionary with its ``kind``."""
    kind = kind_of(output.name)
    query = "" if attempt is None else f"?attempt={attempt}"
    file = f"{API}/runs/{run.id}/outputs/{quote(output.name, safe='/')}{query}"
    found: dict[str, Any] = {
        "name": output.name,
        "size": output.size,
        "kind": kind,
        "url": file,
        "view": None,
    }
    if kind in _FRAMED:
        as_it_is = kind == "html" or output.name == "notebook.ipynb"
        shown = file.replace("/outputs/notebook.ipynb", f"/outputs/{NOTEBOOK_PAGE}") if as_it_is else None
        view = f"{API}/runs/{run.id}/view/{quote(output.name, safe='/')}{query}"
        return found | {"view": shown or view}
    if kind == "image":
        return found
    make = {"csv": _csv, "parquet": _parquet, "json": _json}.get(kind)
    trouble = None
    if make is not None:
        try:
            made: dict[str, Any] = json.loads(make(request.app.state.previewer, platform, run, output))
            return found | made
        except Conflict as error:
            trouble = f"{error.message[:1].upper()}{error.message[1:]}."
    return found | _text(platform, run, output) | {"trouble": trouble}


def view(
    request: Request, platform: WebPlatform, run: Run, output: Output, code: bool = True
) -> bytes | IO[bytes] | Iterator[bytes]:
    """A page that is made of a file: its bytes, open where the store keeps it, or as it is being made."""
    kind = kind_of(output.name)
    if kind == "notebook":
        key = rendered_notebook_key(run, output, code)
        if platform.store.exists(key):
            return platform.store.open(key)
        title = run.name if output.name == "notebook.ipynb" else posixpath.basename(output.name)
        return page_of_notebook(request, platform, run, output, title, code).read()
    if kind not in {"markdown", "drawing"}:
        raise NotFound(f"'{output.name[:200]}' is nothing that is made a page of", "Download it.")
    if output.size > _DOCUMENT:
        raise Conflict(
            f"the file has {human_bytes(output.size)}, too much to be shown as a page", "Download it."
        )
    title = posixpath.basename(output.name)
    with platform.store.open(output_key(run, output.name)) as file:
        content = file.read()
    made: Renderer = request.app.state.previewer
    if kind == "drawing":
        return made.do(work.page_of_svg, content, title)
    return made.do(work.page_of_markdown, content.decode("utf-8", "replace"), title)


def kind_of(name: str) -> str:
    """How a file of this name is looked at."""
    return _KINDS.get(posixpath.splitext(name.lower())[1], "text")


def _found(platform: WebPlatform, run: Run, name: str) -> Output:
    outputs = {output.name: output for output in outputs_of(platform, run)}
    found = outputs.get(name)
    if found is None and name == NOTEBOOK_PAGE and "notebook.ipynb" in outputs:
        return Output(NOTEBOOK_PAGE, 0, outputs["notebook.ipynb"].sha256)  # it is made when it is asked for
    if found is None:
        raise NotFound(f"the run has no output '{name[:200]}'", "List them with `nightdesk show RUN`.")
    return found


def _beginning(platform: WebPlatform, run: Run, output: Output, most: int) -> bytes:
    with platform.store.open(output_key(run, output.name)) as file:
        return file.read(most)


def _csv(made: Renderer, platform: WebPlatform, run: Run, output: Output) -> bytes:
    text = _beginning(platform, run, output, 8 * _TEXT).decode("utf-8-sig", "replace")
    return made.do(work.table_of_csv, text, output.size <= 8 * _TEXT)


def _parquet(made: Renderer, platform: WebPlatform, run: Run, output: Output) -> bytes:
    with platform.store.open(output_key(run, output.name)) as file:
        return made.do(work.table_of_parquet, file=(file, output.size, _READ))


def _json(made: Renderer, platform: WebPlatform, run: Run, output: Output) -> bytes:
    if output.size > _DOCUMENT:
        raise Conflict(f"it has {human_bytes(output.size)}, too much for a tree")
    text = _beginning(platform, run, output, _DOCUMENT).decode("utf-8-sig", "replace")
    return made.do(work.tree_of_json, text, what="the document")


def _text(platform: WebPlatform, run: Run, output: Output) -> dict[str, Any]:
    beginning = _beginning(platform, run, output, _TEXT)
    if b"\x00" in beginning or (beginning and _unreadable(beginning) > 0.1):
        return {"kind": "other"}
    text = beginning.decode("utf-8", "replace").replace("\r\n", "\n")
    return {"kind": "text", "text": text, "more": output.size > len(beginning)}


def _unreadable(beginning: bytes) -> float:
    """What share of it is no text."""
    text = beginning[:4096].decode("utf-8", "replace")
    return text.count("\ufffd") / len(text)
