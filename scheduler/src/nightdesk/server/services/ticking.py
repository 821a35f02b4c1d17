"""What schedulers do: queue runs for what is due, and write down how they ended. Any number of them may, and may die.

What is decided about a schedule is recorded with its runs in one transaction, and counts only if nobody else decided
something about it meanwhile. Time is a parameter: whoever calls says what time it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, Any

from nightdesk.server.domain.environment import Version
from nightdesk.server.domain.errand import Errand, ErrandKind, ErrandState
from nightdesk.server.domain.errors import Conflict, NightdeskError, NotAllowed, Refused, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.policy import Limit
from nightdesk.server.domain.repository import GitFile, Place, place_json
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.schedule import Going, Plan, Schedule, Tick, TickState, counted, plan
from nightdesk.server.domain.submission import Submission
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Standing
from nightdesk.server.ports.schedules import Decision, Launch, StoredInput
from nightdesk.server.services.clockwork import Clockwork as Clockwork
from nightdesk.server.services.inputs import FILES, PREPARED, SMALL_BYTES, SOURCE, input_key
from nightdesk.server.services.scheduled_pipelines import pipeline_for
from nightdesk.server.services.submit import Asked, check_waiting, compose

BATCH = 250  # schedules in one transaction: others write in between
_ASK_ONE_BY_ONE = 10  # of more people the hub tells at once
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Looked:
    """What one look did: runs queued, runs that were asked to end, and when the next schedule is due."""

    queued: int = 0
    pipelines: tuple[str, ...] = ()  # that were put on record: they are to be carried on
    replaced: tuple[str, ...] = ()
    next_at: float | None = None


def look(clock: Clockwork, now: float) -> Looked:
    """Do all that is due at this time.

    Raises:
        Unavailable: database, store or hub do not answer; nothing is lost, look again.
    """
    records, done = clock.records, Looked()
    settle(clock)
    while waiting := records.ready(BATCH):
        plans = [
            (schedule, Plan((replace(tick, state=TickState.QUEUED, decided_at=now),), schedule.next_at))
            for schedule, tick in waiting
        ]
        if not _record(clock, plans, done, waited=True):
            break
    while due := records.due_schedules(now, BATCH):
        going = records.going([schedule.id for schedule in due])
        plans = []
        for schedule in due:
            goes = going.get(schedule.id, Going())
            made = plan(schedule, now, goes)
            plans.append((schedule, made))
            if made.replaces and goes.run_id is not None:
                done.replaced = (*done.replaced, goes.run_id)
        if not _record(clock, plans, done):
            break
    done.next_at = records.next_due()
    return done


def launch_now(clock: Clockwork, schedule: Schedule, tick: Tick) -> Tick:
    """Queue the run of a tick that somebody just asked for, unless one goes on; the tick as it is then."""
    settle(clock)
    for each, waiting in clock.records.ready(10_000):
        if each.id == schedule.id:
            now = clock.records.now()
            queued = replace(waiting, state=TickState.QUEUED, decided_at=now)
            _record(clock, [(each, Plan((queued,), each.next_at))], Looked(), waited=True)
    found = [each for each in clock.records.ticks(schedule.id, 200) if each.at == tick.at]
    return found[0] if found else tick


def settle(clock: Clockwork) -> None:
    """Write down how runs of schedules ended, and tell of failures."""
    count = BATCH
    while count == BATCH:
        count, alerts = clock.records.settle(BATCH)
        if alerts:
            clock.tell(clock.records, alerts)


def _record(
    clock: Clockwork, plans: list[tuple[Schedule, Plan]], done: Looked, *, waited: bool = False
) -> bool:
    """Make the runs that are planned, and put all of it on record; whether anything counted."""
    workshop = Workshop(clock, plans)
    decisions = [workshop.decision(schedule, each, waited) for schedule, each in plans]
    kept = clock.records.decide(decisions)
    alerts = [alert for each in kept for alert in each.alerts]
    if alerts:
        clock.tell(clock.records, alerts)
    launches = [launch for each in kept for launch in each.launches]
    done.queued += sum(launch.run is not None for launch in launches)
    for pipeline in [launch.pipeline for launch in launches if launch.pipeline is not None]:
        done.pipelines = (*done.pipelines, pipeline.id)
    return bool(kept)


def refused(tick: Tick, error: NightdeskError) -> Tick:
    """The tick with the words why there is no run."""
    words = error.message[:1].upper() + error.message[1:] + "."
    return replace(tick, state=TickState.REFUSED, words=words)


def _errand(schedule: Schedule, tick: Tick, place: Place) -> Errand:
    """What a worker is to fetch for a tick. A private repository's login is the api's to give."""
    connection = place.connection if isinstance(place, GitFile) else None
    if isinstance(place, GitFile) and connection is None:
        place = place.at(None)
    return Errand(
        id=secrets.token_hex(8),
        kind=ErrandKind.GIT if isinstance(place, GitFile) else ErrandKind.HOME,
        owner=schedule.owner,
        wanted={"place": place_json(place)},
        state=ErrandState.READY if connection is None else ErrandState.LOCKED,
        connection=connection,
        schedule_id=schedule.id,
        tick_at=tick.at,
    )


class Workshop:
    """Makes the runs of one batch: what they go by is asked once for all of them."""

    def __init__(self, clock: Clockwork, plans: list[tuple[Schedule, Plan]]) -> None:
        self._clock = clock
        records = clock.records
        running = [
            schedule for schedule, each in plans if any(tick.state is TickState.QUEUED for tick in each.ticks)
        ]
        owners = list(dict.fromkeys(schedule.owner for schedule in running))
        self._people = _people(clock, owners)
        self._versions: list[Version] = records.versions() if running else []
        waiters = records.waiters(owners)
        self._now, self._waiting = waiters.now, waiters.waiting
        self._inputs = records.schedule_inputs([schedule.id for schedule in running])
        self._limited: dict[str, Standing] = {}

    def decision(self, schedule: Schedule, planned: Plan, waited: bool) -> Decision:
        """What is to be recorded about one schedule."""
        after = replace(schedule, revision=schedule.revision + 1, next_at=planned.next_at)
        launches, alerts = [], []
        for tick in planned.ticks:
            launch = Launch(tick, waited=waited)
            if tick.state is TickState.QUEUED:
                launch = self._launch(schedule, tick, waited)
            after, alert = counted(after, launch.tick)
            alerts += [alert] if alert is not None else []
            launches.append(launch)
        return Decision(schedule, after, tuple(launches), planned.replaces, tuple(alerts))

    def _launch(self, schedule: Schedule, tick: Tick, waited: bool) -> Launch:
        place = schedule.place(tick)
        if place is not None:
            words = "Its file is being fetched."
            return Launch(replace(tick, words=words), waited=waited, errand=_errand(schedule, tick, place))
        bare = Launch(tick, waited=waited)
        if schedule.of_pipeline:
            return self.launch(schedule, bare, lambda: self._pipeline(schedule, tick))
        return self.launch(schedule, bare, lambda: self._made(schedule, tick))

    def launch(
        self, schedule: Schedule, bare: Launch, make: Callable[[], tuple[Run | Pipeline, dict[str, bytes]]]
    ) -> Launch:
        """The tick with the run or pipeline that is made, or with the words why there is none."""
        tick = bare.tick
        try:
            made, inputs = make()
        except Refused as error:
            return replace(bare, tick=refused(tick, error))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - what is wrong with one schedule must not hold up all others
            _log.exception("schedule %s: unexpected", schedule.id)
            words = "Something went wrong inside the platform; it is in its log."
            return replace(bare, tick=replace(tick, state=TickState.REFUSED, words=words))
        if isinstance(made, Pipeline):
            of_it = replace(tick, pipeline_id=made.id, words="")
            return replace(bare, tick=of_it, pipeline=made, inputs=inputs)
        self._waiting[made.owner] = self._waiting.get(made.owner, 0) + 1
        return replace(bare, tick=replace(tick, run_id=made.id, words=""), run=made, inputs=inputs)

    def _pipeline(self, schedule: Schedule, tick: Tick) -> tuple[Pipeline, dict[str, bytes]]:
        """The pipeline of this tick and its small inputs; large ones are in the store then."""
        owner, inputs = self._owner(schedule), self._inputs.get(schedule.id, {})
        with contextlib.ExitStack() as opened:
            given = {
                name: opened.enter_context(_opened(self._clock.store, each)) for name, each in inputs.items()
            }
            return pipeline_for(self._clock, owner, schedule, tick.at, given)

    def piped(
        self, schedule: Schedule, tick: Tick, given: dict[str, IO[bytes]], git: dict[str, Any] | None
    ) -> tuple[Pipeline, dict[str, bytes]]:
        """The pipeline of this tick from what was fetched.

        Raises:
            Refused: it cannot be run as it stands, or its owner may not.
        """
        return pipeline_for(self._clock, self._owner(schedule), schedule, tick.at, given, git)

    def _owner(self, schedule: Schedule) -> Person:
        owner = self._people.get(schedule.owner)
        if owner is None:
            raise NotAllowed(f"there is nobody called {schedule.owner} any more")
        return owner

    def _made(self, schedule: Schedule, tick: Tick) -> tuple[Run, dict[str, bytes]]:
        """The run of this tick and its small inputs; large ones are in the store then."""
        with contextlib.ExitStack() as opened:
            given: dict[str, IO[bytes]] = {
                name: opened.enter_context(_opened(self._clock.store, stored))
                for name, stored in self._inputs.get(schedule.id, {}).items()
            }
            source = given.pop(SOURCE).read()
            if hashlib.sha256(source).hexdigest() != schedule.snapshot.sha256:
                raise Conflict("the stored file is not the one that was scheduled", "Give it its file anew.")
            wanted = schedule.submission(tick.at)
            return self.composed(schedule, tick, wanted, source, (given, schedule.snapshot.files_count))

    def composed(
        self,
        schedule: Schedule,
        tick: Tick,
        wanted: Submission,
        source: bytes,
        along: tuple[dict[str, IO[bytes]], int],
    ) -> tuple[Run, dict[str, bytes]]:
        """The run of this tick from its file and, with their count, what comes along.

        Raises:
            Refused: it cannot be run as it stands, or its owner may not.
        """
        owner = self._owner(schedule)
        standing = self._standing(schedule, owner)
        check_waiting(standing, self._clock.settings, owner.name)
        given = {**along[0], SOURCE: io.BytesIO(source)}
        asked = Asked(owner, owner, owner.name)
        run, prepared = compose(self._clock.settings, asked, wanted, source, standing)
        if prepared is not source:
            given[PREPARED] = io.BytesIO(prepared)
        run = replace(
            run,
            files_count=along[1] if FILES in given else 0,
            schedule_id=schedule.id,
            scheduled_at=tick.at,
            created_at=self._now,
        )
        return run, self._kept(run, given)

    def _kept(self, run: Run, given: dict[str, IO[bytes]]) -> dict[str, bytes]:
        sizes = {name: file.seek(0, io.SEEK_END) for name, file in given.items()}
        for file in given.values():
            file.seek(0)
        if sum(sizes.values()) <= SMALL_BYTES:
            return {name: file.read() for name, file in given.items()}
        self._clock.store.put_all({input_key(run.id, name): file for name, file in given.items()})
        return {}

    def _standing(self, schedule: Schedule, owner: Person) -> Standing:
        limits = owner.rights.limits
        standing = Standing(
            self._now, self._waiting.get(owner.name, 0), schedule.expected_seconds, self._versions
        )
        if Limit.RUN_HOURS not in limits and Limit.HOME not in limits:
            return standing
        if owner.name not in self._limited:
            self._limited[owner.name] = self._clock.records.standing(owner.name, "", limits)
        more = self._limited[owner.name]
        return replace(standing, run_seconds=more.run_seconds, home_bytes=more.home_bytes)


def _opened(store: FileStore, stored: StoredInput) -> IO[bytes]:
    if stored.content is not None:
        return io.BytesIO(stored.content)
    return store.open(stored.key or "")


def _people(clock: Clockwork, names: list[str]) -> dict[str, Person]:
    """Owners with their groups and rights of now; who is not in it is nobody any more."""
    if not names:
        return {}
    if len(names) <= _ASK_ONE_BY_ONE:
        found = [clock.people.person(name) for name in names]
    else:
        wanted = set(names)
        found = [person for person in clock.people.people() if person.name in wanted]
    return {each.name: clock.policies.with_rights(each) for each in found if each is not None}
