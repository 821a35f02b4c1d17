"""What becomes of a tick once its file has been fetched: a run, or the words why there is none.

As with other ticks, what is decided counts only if nobody else decided something about the schedule meanwhile; then it is
looked at anew.
"""

from __future__ import annotations

import io
import logging
import time
from dataclasses import dataclass, replace
from typing import IO

from nightdesk.server.domain.errand import Errand
from nightdesk.server.domain.errors import NightdeskError, Unavailable
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.repository import GitFile, place_of
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.schedule import Plan, Schedule, Tick, TickState, counted
from nightdesk.server.ports.fetching import Fetched
from nightdesk.server.ports.schedules import Decision, Launch
from nightdesk.server.services.archive import check_archive
from nightdesk.server.services.inputs import FILES, SOURCE
from nightdesk.server.services.submit import check_source_size
from nightdesk.server.services.ticking import Clockwork, Workshop, refused

_TRIES = 20
_PAUSE_SECONDS = 3.0  # the hub, or the database, may be away for a minute
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: whether a run is queued, and pipelines that are to be carried on."""

    queued: bool = False
    pipelines: tuple[str, ...] = ()


def end_tick(
    clock: Clockwork, errand: Errand, came: Fetched | NightdeskError, pause: float = _PAUSE_SECONDS
) -> Ended:
    """Make the run or pipeline of the tick that waits for this errand. The errand is done then."""
    ended = Ended()
    for left in range(_TRIES, 0, -1):
        try:
            said = _decided(clock, errand, came)
        except Unavailable as error:
            _log.warning("the tick of errand %s waits: %s", errand.id, error.message)
            if left == 2:
                came = error
            time.sleep(pause)
            continue
        if said is not None:
            ended = said
            break
    clock.records.drop_errand(errand.id)
    return ended


def _decided(clock: Clockwork, errand: Errand, came: Fetched | NightdeskError) -> Ended | None:
    """What there is now; None: somebody else has changed the schedule, look again."""
    assert errand.schedule_id is not None  # noqa: S101
    assert errand.tick_at is not None  # noqa: S101
    schedule = clock.records.schedule(errand.schedule_id)
    found = clock.records.ticks(errand.schedule_id, 1, errand.tick_at + 0.0001)
    if schedule is None or not found or found[0].at != errand.tick_at:
        return Ended()
    tick = replace(found[0], decided_at=clock.records.now())
    if tick.state is not TickState.QUEUED or tick.run_id is not None or tick.pipeline_id is not None:
        return Ended()  # it was replaced meanwhile, or another worker was first
    launch = _launch(clock, schedule, tick, errand, came)
    after = replace(schedule, revision=schedule.revision + 1)
    after, alert = counted(after, launch.tick)
    alerts = () if alert is None else (alert,)
    kept = clock.records.decide([Decision(schedule, after, (launch,), alerts=alerts)])
    if not kept:
        return None
    told = [alert for each in kept for alert in each.alerts]
    if told:
        clock.tell(clock.records, told)
    launches = [launch for each in kept for launch in each.launches]
    made = [launch.pipeline.id for launch in launches if launch.pipeline is not None]
    return Ended(any(launch.run is not None for launch in launches), tuple(made))


def _launch(
    clock: Clockwork, schedule: Schedule, tick: Tick, errand: Errand, came: Fetched | NightdeskError
) -> Launch:
    if isinstance(came, NightdeskError):
        return Launch(refused(tick, came), fetched=True)
    workshop = Workshop(clock, [(schedule, Plan((tick,), schedule.next_at))])

    def made() -> tuple[Run | Pipeline, dict[str, bytes]]:
        check_source_size(came.source, clock.settings)
        given: dict[str, IO[bytes]] = {}
        count = 0
        if came.files is not None:
            most = clock.settings.runs.max_files_bytes
            came.files.seek(0)
            count = check_archive(came.files, came.files_bytes, most, beside=schedule.wishes.file)
            given[FILES] = came.files
        place = place_of(errand.wanted["place"])
        git = place.fetched(came.commit) if isinstance(place, GitFile) else None
        if schedule.of_pipeline:
            given[SOURCE] = io.BytesIO(came.source)
            return workshop.piped(schedule, tick, given, git)
        wanted = replace(schedule.submission(tick.at), git=git, left_out=came.left_out)
        return workshop.composed(schedule, tick, wanted, came.source, (given, count))

    return workshop.launch(schedule, Launch(tick, fetched=True), made)
