"""The notebook of a run that goes on, as far as it has been executed.

The runner saves it every few seconds, whole or not at all. It is made a page of when somebody looks, under the same guards as
one that is over: another process, a sandbox, no scripts. Who looks at the same one reads the same page, and a new one is made
at most every few seconds, however often anybody asks.
"""

from __future__ import annotations

import html
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, NightdeskError
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.report import NOTEBOOK_PAGE
from nightdesk.server.domain.run import Run
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.growing import Growing
from nightdesk.server.web.outputs import RENDER_BYTES, framed
from nightdesk.server.web.paths import API
from nightdesk.server.web.renderer import Renderer

_REST_SECONDS, _LONGEST_REST = 3.0, 15.0  # between two pages of one run …
_REST_TIMES = 10  # … and within these so many times what the last one took
_MOST = 16  # pages that are kept, on the disk
router = APIRouter(prefix=API, tags=["outputs"])


@dataclass(frozen=True, slots=True)
class _Page:
    version: str
    growing: Growing
    began: float

    def rests(self, now: float) -> bool:
        """Whether it is too early for another."""
        took = self.growing.took
        if took is None:
            return self.growing.error is None
        return now < self.began + took + min(max(_REST_SECONDS, _REST_TIMES * took), _LONGEST_REST)


class SoFar:
    """The newest page of each run that somebody looks at."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[str, int], _Page] = OrderedDict()

    def page(self, run: Run, version: str, make: Callable[[], Iterator[bytes]]) -> tuple[str, Growing]:
        """The run's page and the version that it is of: a new one where there is news and it is time for one.

        Raises:
            NightdeskError: it cannot be made.
        """
        key = (run.id, run.attempt)
        with self._lock:
            known = self._pages.get(key)
            if known is None or (known.version != version and not known.rests(self._clock())):
                known = self._pages[key] = _Page(version, Growing(make(), _not_kept), self._clock())
            self._pages.move_to_end(key)
            while len(self._pages) > _MOST:
                self._pages.popitem(last=False)
        try:
            known.growing.begun()
        except NightdeskError:
            with self._lock:
                if self._pages.get(key) is known:
                    del self._pages[key]
            raise
        return known.version, known.growing


def _not_kept(_: object) -> None:
    """The next one is another."""


@router.get("/runs/{run_id}/so-far", response_class=StreamingResponse)
def notebook_so_far(
    request: Request,
    platform: Platform,
    person: SignedIn,
    run_id: str,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The notebook of a run that goes on as a page, as far as it has been executed; of one that is over, its own page."""
    run = seen_run(platform, person, run_id)
    if run.kind != "notebook":
        raise Conflict("the run is of a script, which has no cells", "Read its log.")
    if run.final:
        return RedirectResponse(f"{API}/runs/{run.id}/outputs/{NOTEBOOK_PAGE}", status_code=307)
    note_sight(platform.records, person, run)
    unfinished = platform.unfinished.notebook_so_far(run)
    if unfinished is None:
        return _words("No cell has been executed yet.")
    with unfinished.file:
        size = unfinished.size
    if size > RENDER_BYTES:
        return _words(
            f"The notebook has {human_bytes(size)} by now, too much to be shown as a page. "
            "Download it when the run is over."
        )
    so_far: SoFar = request.app.state.so_far
    wanted = f"{unfinished.version}-{run.cell}"
    try:
        version, page = so_far.page(run, wanted, lambda: _pieces(request, platform, run))
    except NightdeskError as error:
        return _words(f"It cannot be shown now: {error.message}.")
    etag = f'"{run.attempt}-{version}"'
    if if_none_match == etag:
        return Response(status_code=304, headers={"ETag": etag})
    answer = framed(page.read())
    answer.headers["ETag"] = etag
    return answer


def _pieces(request: Request, platform: WebPlatform, run: Run) -> Iterator[bytes]:
    renderer: Renderer = request.app.state.renderer
    unfinished = platform.unfinished.notebook_so_far(run)
    if unfinished is None:  # the run has ended this very moment
        raise Conflict("the run is over", "Look at its outputs.")
    with unfinished.file as file:
        yield from renderer.so_far(file, unfinished.size, run.name, run.cell)


def _words(words: str) -> Response:
    style = "font-family:system-ui,sans-serif"
    page = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>The notebook so far</title>'
        f'<p id="now" style="{style}">{html.escape(words)}</p></html>'
    )
    return framed(page.encode())
