"""Live progress: one Redis subscription for the whole process wakes whoever watches a run.

Redis is only the bell. While it is away the watchers look by themselves each second. They look together: twenty cost the
database what one does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from redis.asyncio import Redis
from redis.exceptions import RedisError

from nightdesk.server.bootstrap import CHANGED_CHANNEL, PEOPLE_CHANNEL, WebPlatform
from nightdesk.server.domain.errors import NotFound, SignInNeeded
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import LogChunk, Usage
from nightdesk.server.services.logs import log_chunks
from nightdesk.server.services.sharing import check_visible
from nightdesk.server.services.sightings import note_sight
from nightdesk.server.web.api import seen_run, shape
from nightdesk.server.web.auth import Platform, SignedIn, Token
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import usage_json
from nightdesk.server.web.shared_looks import SharedLooks

# A proxy in between may hold a connection open whose other end has died. Pings are events and not
# comments, because a script in a browser hears nothing of comments.
_PING_SECONDS = 5.0
_LOOK_SECONDS = 5.0  # even with the bell: a ring may be lost
_LOOK_ALONE_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 30.0  # whether somebody who watches still may, where no change was heard of
_JUST_NOW = 0.9  # of the pause between two looks: so young, what another watcher has seen is as good
_BATCH = 200  # log pieces in one answer
Seen = tuple[Run, dict[str, Any], list[LogChunk], Usage | None, int]
"""The run, as of the attempt whose log comes next; it as JSON; the next pieces of that log; what it takes now; the number
of its last metric."""
Found = TypeVar("Found")
PING = "event: ping\ndata: {}\n\n"
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_log = logging.getLogger(__name__)
router = APIRouter(prefix=API, tags=["runs"])


class News:
    """Who watches which run, build, pipeline or sweep, and whether the bell can be heard."""

    def __init__(self, redis_url: str, people_changed: Callable[[str], None]) -> None:
        """``people_changed`` is called with the name of whoever was changed, empty: anybody."""
        self._url = redis_url
        self._people_changed = people_changed
        self._watchers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._further: dict[asyncio.Event, set[str]] = {}  # what else an event is set for
        self._looks: dict[str, SharedLooks] = defaultdict(SharedLooks)
        self.heard = False

    async def listen(self) -> None:
        """Runs as long as the process does; comes back by itself when Redis does."""
        while True:
            try:
                async with (
                    Redis.from_url(self._url, socket_connect_timeout=2) as redis,
                    redis.pubsub() as channel,
                ):
                    await channel.subscribe(CHANGED_CHANNEL, PEOPLE_CHANNEL)
                    self._forget("")  # what was told while nobody listened
                    self.heard = True
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self._tell(message["channel"].decode(), message["data"].decode())
            except (RedisError, OSError) as error:
                if self.heard:
                    _log.warning("the bell is out of reach (%s); looking each second", type(error).__name__)
                self.heard = False
            await asyncio.sleep(1)

    def _tell(self, channel: str, words: str) -> None:
        if channel == PEOPLE_CHANNEL:
            self._forget(words)
        elif words in self._watchers:
            self._looks[words].rang()
            for event in self._watchers[words]:
                event.set()

    def people_changed(self) -> None:
        """Whoever watches looks again whether they still may."""
        for events in self._watchers.values():
            for event in events:
                event.set()

    def _forget(self, name: str) -> None:
        self._people_changed(name)
        self.people_changed()

    @contextlib.contextmanager
    def watch(self, *ids: str) -> Any:
        """An event that is set whenever there may be news of a run, build or pipeline of these ids."""
        event = asyncio.Event()
        for each in ids:
            self._watchers[each].add(event)
        try:
            yield event
        finally:
            for each in {*ids, *self._further.pop(event, ())}:
                self._watchers[each].discard(event)
                if not self._watchers[each]:
                    del self._watchers[each]
                    self._looks.pop(each, None)

    def also(self, event: asyncio.Event, run_ids: Iterable[str]) -> None:
        """Set an event that :meth:`watch` gave at news of these as well."""
        known = self._further.setdefault(event, set())
        for run_id in run_ids:
            known.add(run_id)
            self._watchers[run_id].add(event)

    async def seen(self, run_id: str, place: Any, look: Callable[[], Found]) -> Found:
        """What ``look`` finds at this place of the log of a run or build, or found just now for somebody else who watches.

        Raises whatever ``look`` does.
        """
        return await self._looks[run_id].at(place, look, self.pause * _JUST_NOW)

    @property
    def pause(self) -> float:
        """Seconds between two looks without a ring."""
        return _LOOK_SECONDS if self.heard else _LOOK_ALONE_SECONDS


@router.get("/runs/{run_id}/events", response_class=StreamingResponse)
def run_events(
    request: Request,
    platform: Platform,
    person: SignedIn,
    token: Token,
    run_id: str,
    after: Annotated[str | None, Query(description="the id of the last event that was seen")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: `run` at each change, `log` as it is printed, `usage` as it is measured, `metrics` where the
    code has logged some (which `GET /runs/{run_id}/metrics` tells), then `end`.

    In silence a `ping` each few seconds says that the connection holds.
    """
    seen_run(platform, person, run_id)
    attempt, start = _place(last_event_id or after)
    onlooker = Onlooker(platform, token, person)
    events = _events(request.app.state.news, platform, onlooker, run_id, (attempt, start))
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


class Onlooker:
    """Whoever watches. A connection may last for hours: who has left a group meanwhile sees no more of it."""

    def __init__(self, platform: WebPlatform, token: str, person: Person) -> None:
        self._platform = platform
        self._token = token
        self._person = person
        self._changes = platform.people.changes
        self._asked = time.monotonic()

    def now(self) -> Person:
        """The person with the rights of now: asked again when something was changed, and now and then.

        Raises:
            SignInNeeded: the token is nobody's any more.
            Unavailable: the hub does not answer.
        """
        changes, now = self._platform.people.changes, time.monotonic()
        if changes != self._changes or now - self._asked >= _ASK_AGAIN_SECONDS:
            person = self._platform.people.of_token(self._token)
            if person is None:
                raise SignInNeeded("nobody is signed in any more")
            self._person = self._platform.policies.with_rights(person)
            self._changes, self._asked = changes, now
        return self._person


async def _events(
    news: News, platform: WebPlatform, onlooker: Onlooker, run_id: str, place: tuple[int, int]
) -> AsyncIterator[str]:
    attempt, start = place
    shown: str | None = None
    measured: float | None = None
    logged: tuple[int, int] | None = None
    silent = 0.0
    with news.watch(run_id) as woken:
        while True:
            woken.clear()
            try:
                look = await news.seen(
                    run_id, (attempt, start), partial(_look, platform, run_id, attempt, start)
                )
                seen, document, chunks, sample, last = look
                await run_sync(_check_still_sees, platform, onlooker, seen)
            except (NotFound, SignInNeeded):
                return  # theirs no more: who connects again is told so
            if seen.attempt != attempt:
                attempt, start = seen.attempt, 0
            text = json.dumps(document, ensure_ascii=False)
            news_of_it = json.dumps({**document, "elapsed_seconds": None})  # whoever watches has a clock
            if news_of_it != shown:
                shown, silent = news_of_it, 0.0
                yield f"event: run\ndata: {text}\n\n"
            if sample is not None and sample.at != measured:
                measured, silent = sample.at, 0.0
                yield f"event: usage\ndata: {json.dumps(usage_json(sample))}\n\n"
            if last and (seen.attempt, last) != logged:
                logged, silent = (seen.attempt, last), 0.0
                yield f"event: metrics\ndata: {json.dumps({'attempt': seen.attempt, 'last': last})}\n\n"
            for chunk in chunks:
                start, silent = chunk.start + len(chunk.text), 0.0
                yield _log_event(attempt, start, chunk)
            if chunks:
                continue
            if seen.final:
                yield f"event: end\ndata: {text}\n\n"
                return
            silent += await quiet(news, woken)
            if is_due(silent):
                silent = 0.0
                yield PING


async def quiet(news: News, woken: asyncio.Event) -> float:
    """Wait until there may be news; the seconds for which there was none, 0 where somebody rang."""
    pause = news.pause
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), pause)
        return 0.0
    return pause


def is_due(silent: float) -> bool:
    """Whether a ping has to say that the connection holds, after so many seconds without a word."""
    return silent >= _PING_SECONDS


def _check_still_sees(platform: WebPlatform, onlooker: Onlooker, run: Run) -> None:
    person = onlooker.now()
    check_visible(platform.records, person, run, run.id)
    note_sight(platform.records, person, run)


def _look(platform: WebPlatform, run_id: str, attempt: int, start: int) -> Seen:
    """For all who watch it: nothing in it is one person's."""
    # The run first, then its log: what is printed before a final status is on record by then.
    run = platform.records.run(run_id)
    if run is None:
        raise NotFound(f"there is no run '{run_id[:40]}'")
    document = shape(platform, run)
    sample = None if run.final else platform.records.latest_usage(run)
    if 0 < attempt < run.attempt:  # the end of an earlier attempt's log is not passed over
        earlier = replace(run, attempt=attempt)
        if chunks := _pieces(platform, earlier, start):
            return earlier, document, chunks, sample, platform.records.metrics_end(earlier)
    pieces = _pieces(platform, run, start if run.attempt == attempt else 0)
    return run, document, pieces, sample, platform.records.metrics_end(run)


def _pieces(platform: WebPlatform, run: Run, start: int) -> list[LogChunk]:
    return list(islice(log_chunks(platform.records, platform.store, run, start), _BATCH))


def _log_event(attempt: int, end: int, chunk: LogChunk) -> str:
    data = json.dumps({"stream": chunk.stream, "cell": chunk.cell, "text": chunk.text}, ensure_ascii=False)
    return f"id: {attempt}.{end}\nevent: log\ndata: {data}\n\n"


def _place(text: str | None) -> tuple[int, int]:
    attempt, _, start = (text or "").partition(".")
    known = attempt.isdecimal() and start.isdecimal() and len(attempt) <= 9 and len(start) <= 18
    return (int(attempt), int(start)) if known else (0, 0)
