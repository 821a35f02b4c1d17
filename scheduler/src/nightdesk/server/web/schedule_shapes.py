"""The JSON of schedules and ticks, as docs/api.md has it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.repository import COMMIT, GitFile, HomeFile, place_json
from nightdesk.server.domain.schedule import Schedule, Tick
from nightdesk.server.domain.tick_record import Record
from nightdesk.server.domain.timetable import Timetable, local
from nightdesk.server.services.finish import iso
from nightdesk.server.services.schedules import SHOWN_TICKS
from nightdesk.server.web.paths import BASE

RECORD_DAYS = 30


def schedule_json(schedule: Schedule, settings: Settings) -> dict[str, Any]:
    """A schedule as lists have it."""
    wishes, rules, table = schedule.wishes, schedule.rules, schedule.timetable
    return {
        "id": schedule.id,
        "name": schedule.name,
        "owner": schedule.owner,
        "when": table.words,
        "cron": table.cron,
        "every_seconds": table.every,
        "zone": table.zone,
        "on_push": table.on_push,
        "next_at": iso(schedule.next_at),
        "paused": None
        if schedule.paused_at is None
        else {
            "at": iso(schedule.paused_at),
            "by": schedule.paused_by or None,
            "why": schedule.paused_why or "",
        },
        "file": wishes.file,
        "source": source_json(schedule),
        "environment": wishes.environment,
        "version_is": version_is(wishes.environment),
        "size": wishes.size,
        "parameters": wishes.parameters,
        "parameters_are_text": wishes.parameters_are_text,
        "time_parameter": wishes.time_parameter,
        "priority": wishes.priority.value,
        "timeout_seconds": wishes.timeout_seconds,
        "cell_timeout_seconds": wishes.cell_timeout_seconds,
        "retries": wishes.retries,
        "retry_wait_seconds": wishes.retry_wait_seconds,
        "notify": wishes.notify,
        "missed": rules.missed.value,
        "catch_up": rules.catch_up,
        "overlap": rules.overlap.value,
        "pause_after": rules.pause_after,
        "alert": rules.alert,
        "failures": schedule.failures,
        "last": None
        if schedule.last_at is None
        else {"at": iso(schedule.last_at), "state": schedule.last_state or "", "run": schedule.last_run},
        "expected_seconds": schedule.expected_seconds,
        "created_at": iso(schedule.created_at),
        "created_by": schedule.created_by,
        "url": f"{settings.public_url}{BASE}/schedules/{schedule.id}",
    }


def source_json(schedule: Schedule) -> dict[str, Any]:
    """What runs: a copy, or where it is fetched each time; size and checksum are those of the last look by somebody."""
    place, kind = schedule.source, "snapshot"
    words = "a copy of the file from when it was handed over; changing the file changes nothing here"
    if isinstance(place, HomeFile):
        kind = "home"
        words = f"read each time from the home of {schedule.owner}, as it is then: {place.path}"
    elif isinstance(place, GitFile):
        kind = "git"
        held = "always this commit" if COMMIT.fullmatch(place.ref) else "as it is then"
        words = f"fetched each time, {held}: {place.words}"
    named = place_json(place) or {}
    return {
        "kind": kind,
        "words": words,
        "taken_at": iso(schedule.snapshot.taken_at),
        "bytes": schedule.snapshot.bytes,
        "sha256": schedule.snapshot.sha256,
        "files": schedule.snapshot.files_count,
        **{name: named.get(name) for name in ("repository", "address", "ref", "path", "folder")},
        "hook": None
        if schedule.hook is None
        else {"by": schedule.hook["by"], "at": iso(schedule.hook["at"])},
    }


def whole_schedule_json(schedule: Schedule, record: Record, now: float, settings: Settings) -> dict[str, Any]:
    """One schedule with its next ticks and how it has done."""
    ahead = [] if schedule.paused else next_ticks(schedule.timetable, now)
    return schedule_json(schedule, settings) | {
        "next_ticks": ahead,
        "record": {
            "days": RECORD_DAYS,
            "ticks": {str(state): count for state, count in sorted(record.counts.items())},
            "success_rate": None if record.rate is None else round(record.rate, 4),
        },
    }


def next_ticks(table: Timetable, now: float) -> list[dict[str, Any]]:
    """The next five, in UTC and as the clock on the wall shows them."""
    return [
        {"at": iso(at), "local": local(at, table.zone)} for at in islice(table.following(now), SHOWN_TICKS)
    ]


def tick_json(tick: Tick, settings: Settings) -> dict[str, Any]:
    """A time at which the schedule was due."""
    return {
        "at": iso(tick.at),
        "state": tick.state.value,
        "words": tick.words,
        "by": tick.by,
        "run": tick.run_id,
        "pipeline": tick.pipeline_id,
        "decided_at": iso(tick.decided_at),
        "took_seconds": None if tick.took_seconds is None else round(tick.took_seconds, 3),
        "run_url": None if tick.run_id is None else f"{settings.public_url}{BASE}/runs/{tick.run_id}",
    }


def version_is(environment: str) -> str:
    """``pinned`` to one version, or ``followed``: a channel's, or an environment's default."""
    return "pinned" if ":" in environment else "followed"
