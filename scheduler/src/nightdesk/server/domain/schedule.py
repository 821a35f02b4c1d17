"""A schedule: runs made of one notebook or script by a timetable, and what becomes of each time that is due."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.pipeline import Pipeline
from nightdesk.server.domain.repository import GitFile, Place
from nightdesk.server.domain.run import Priority, Run, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.domain.timetable import Timetable, local

LATE_SECONDS = 60.0  # what is done later than that counts as missed
MOST_NOTED = 100  # missed ticks that get a row each, however long the platform was away
MOST_CAUGHT_UP = 100
MOST_WAITING = 100  # ticks of one schedule that wait for the run before them
MOST_OF_ONE = 500  # schedules of one person
BY_COMMIT = "commit"  # and its name: who asked for a tick that a push made
_KEPT_DURATIONS = 5
PIPELINES = (".yaml", ".yml", ".json")  # what a file is called that describes a pipeline


class Missed(StrEnum):
    """What is done about ticks that came while the platform was away."""

    SKIP = "skip"
    ONCE = "once"  # one run, for the last of them
    ALL = "all"  # a run each for the last ones, up to a limit, one after the other


class Overlap(StrEnum):
    """What a tick does while the run before it is not over."""

    SKIP = "skip"
    QUEUE = "queue"  # it waits for its end
    REPLACE = "replace"  # that one is cancelled


class TickState(StrEnum):
    """What became of a tick. The last five are those of its run."""

    QUEUED = "queued"  # there is a run, which is not over; or its file is being fetched
    WAITING = "waiting"  # for the run before it
    SKIPPED = "skipped"
    MISSED = "missed"
    REFUSED = "refused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LOST = "lost"


OPEN = (TickState.QUEUED, TickState.WAITING)
BAD = frozenset({TickState.REFUSED, TickState.FAILED, TickState.TIMED_OUT, TickState.LOST})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What each run of the schedule is submitted with. ``time_parameter`` is the one that gets the tick's time."""

    file: str
    environment: (
        str  # NAME:VERSION for one version, NAME@CHANNEL or NAME for whichever is current at the tick
    )
    size: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    parameters_are_text: bool = False
    time_parameter: str | None = None
    priority: Priority = Priority.NORMAL
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float | None = None
    notify: str | None = None  # when its owner hears of the end of a run; None: as they said themselves


@dataclass(frozen=True, slots=True)
class Rules:
    """What happens to ticks that are missed or overlap, and after failures."""

    missed: Missed = Missed.ONCE
    catch_up: int = 10  # of Missed.ALL
    overlap: Overlap = Overlap.SKIP
    pause_after: int = 5  # bad ticks in a row; 0: never
    alert: bool = True  # its owner is told of bad ticks; ends of runs are for `Wishes.notify`


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The file, and what is taken along, as they were when the schedule got them: bytes, checksum, count."""

    sha256: str
    bytes: int
    files_count: int = 0
    files_bytes: int = 0
    taken_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule as it is on record. Times are seconds since 1970; ``revision`` grows with each change.

    ``failures`` counts bad ticks since the last good one; ``took`` has the seconds of the last good runs.
    """

    id: str
    owner: str
    name: str
    timetable: Timetable
    wishes: Wishes
    rules: Rules
    snapshot: Snapshot
    created_at: float
    created_by: str
    groups: tuple[str, ...] = ()
    revision: int = 1
    next_at: float | None = None
    paused_at: float | None = None
    paused_by: str | None = None  # empty: the platform
    paused_why: str | None = None
    failures: int = 0
    last_at: float | None = None
    last_state: str | None = None
    last_run: str | None = None
    took: tuple[float, ...] = ()
    source: Place | None = None  # where its file is fetched each time; None: the snapshot is what runs
    hook: dict[str, Any] | None = None  # of pushes that start a run: the secret that signs them, sealed

    @property
    def of_pipeline(self) -> bool:
        """Each tick makes a pipeline, not a run."""
        return self.wishes.file.lower().endswith(PIPELINES)

    @property
    def paused(self) -> bool:
        """Nothing is due until somebody resumes it."""
        return self.paused_at is not None

    def place(self, tick: Tick) -> Place | None:
        """Where the file of this tick is fetched: of one that a push asked for, from its commit."""
        if isinstance(self.source, GitFile) and tick.commit:
            return replace(self.source, commit=tick.commit)
        return self.source

    @property
    def expected_seconds(self) -> float | None:
        """How long its next run may take, from the last good ones."""
        return statistics.median(self.took) if self.took else None

    def submission(self, at: float) -> Submission:
        """What is submitted for the tick of this time."""
        wishes, parameters = self.wishes, dict(self.wishes.parameters)
        if wishes.time_parameter is not None:
            parameters[wishes.time_parameter] = local(at, self.timetable.zone)
        return Submission(
            file=wishes.file,
            name=self.name,
            environment=wishes.environment,
            size=wishes.size,
            parameters=parameters,
            parameters_are_text=wishes.parameters_are_text,
            priority=wishes.priority,
            timeout_seconds=wishes.timeout_seconds,
            cell_timeout_seconds=wishes.cell_timeout_seconds,
            retries=wishes.retries,
            retry_wait_seconds=wishes.retry_wait_seconds,
            notify=wishes.notify,
        )

    def pausing(self, at: float, by: str, why: str) -> Schedule:
        """The same, paused; as it is where it was already."""
        if self.paused:
            return self
        return replace(self, paused_at=at, paused_by=by, paused_why=why, next_at=None)

    def resumed(self, now: float) -> Schedule:
        """The same, due again from now on: what came meanwhile was not missed. Failures count anew."""
        return replace(
            self,
            paused_at=None,
            paused_by=None,
            paused_why=None,
            failures=0,
            next_at=self.timetable.after(now),
        )


@dataclass(frozen=True, slots=True)
class Tick:
    """A time at which a schedule was due, and what became of it: unique for schedule and time.

    ``by`` is who asked for it where it was not the timetable. ``decided_at`` is when it was looked at.
    """

    schedule_id: str
    at: float
    state: TickState
    decided_at: float
    words: str = ""
    by: str | None = None
    run_id: str | None = None
    took_seconds: float | None = None
    pipeline_id: str | None = None  # where it made a pipeline, and no run

    @property
    def commit(self) -> str:
        """The commit whose push asked for it, or nothing."""
        who, _, commit = (self.by or "").partition(" ")
        return commit if who == BY_COMMIT else ""


@dataclass(frozen=True, slots=True)
class Going:
    """What of a schedule is not over: the run or pipeline of its newest tick, and how many ticks wait for it."""

    run_id: str | None = None
    waiting: int = 0
    fetching: bool = False  # its file is on the way, and there will be a run

    @property
    def busy(self) -> bool:
        """A further run would overlap."""
        return self.run_id is not None or self.waiting > 0 or self.fetching


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about a schedule that is due.

    ``ticks`` are to be recorded, those that are QUEUED with a run; ``replaces`` says that whatever of it goes on or
    waits is to end.
    """

    ticks: tuple[Tick, ...]
    next_at: float | None
    replaces: bool = False


def plan(schedule: Schedule, now: float, going: Going = Going()) -> Plan:
    """What becomes of the ticks of this schedule from the one that is next to now."""
    table, rules = schedule.timetable, schedule.rules
    if schedule.next_at is None:
        return Plan((), None)
    due: list[float] = list(table.latest(schedule.next_at, now, MOST_NOTED)) or [schedule.next_at]
    late = [at for at in due if now - at > LATE_SECONDS]
    on_time = due[len(late) :]
    kept: list[float] = []
    if rules.missed is Missed.ONCE and not on_time:
        kept = late[-1:]
    elif rules.missed is Missed.ALL:
        kept = late[-rules.catch_up :]
    why = {
        Missed.SKIP: "Nothing ran then; missed times are skipped.",
        Missed.ONCE: "Nothing ran then; one run stands for all missed times.",
        Missed.ALL: f"Nothing ran then; only the last {rules.catch_up} are caught up.",
    }[rules.missed]
    found = [_tick(schedule, at, TickState.MISSED, now, why) for at in late[: len(late) - len(kept)]]
    made, replaces = _overlapping(schedule, [*kept, *on_time], now, going, in_turn=len(kept) > 1)
    return Plan((*found, *made), table.after(now), replaces)


def _overlapping(
    schedule: Schedule, due: list[float], now: float, going: Going, in_turn: bool
) -> tuple[list[Tick], bool]:
    """The ticks that are to run, as far as the rule on overlaps lets them."""
    found: list[Tick] = []
    busy, waiting, overlap = going.busy, going.waiting, schedule.rules.overlap
    if in_turn and overlap is not Overlap.QUEUE:
        overlap = Overlap.QUEUE  # what is caught up runs one after the other
    if overlap is Overlap.REPLACE and due:
        words = "Replaced by a later time that was due as well."
        found = [_tick(schedule, at, TickState.SKIPPED, now, words) for at in due[:-1]]
        if busy:
            return [*found, _tick(schedule, due[-1], TickState.WAITING, now)], True
        return [*found, _tick(schedule, due[-1], TickState.QUEUED, now)], False
    for at in due:
        if not busy:
            found.append(_tick(schedule, at, TickState.QUEUED, now))
            busy = True
        elif overlap is Overlap.SKIP:
            found.append(_tick(schedule, at, TickState.SKIPPED, now, "The run before it was not over."))
        elif waiting >= MOST_WAITING:
            words = f"{MOST_WAITING} times wait already for the run before them."
            found.append(_tick(schedule, at, TickState.SKIPPED, now, words))
        else:
            found.append(_tick(schedule, at, TickState.WAITING, now))
            waiting += 1
    return found, False


def _tick(schedule: Schedule, at: float, state: TickState, now: float, words: str = "") -> Tick:
    return Tick(schedule.id, at, state, now, words)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that the owner of a schedule is to know. ``state`` is the tick's."""

    schedule_id: str
    owner: str
    name: str
    at: float
    state: str
    words: str
    run_id: str | None = None
    id: int = 0
    paused: bool = False  # it was the last one that the rules allow


def counted(schedule: Schedule, tick: Tick) -> tuple[Schedule, Alert | None]:
    """The schedule after what became of this tick, and what its owner is told.

    A cancelled run is neither good nor bad. After as many bad ones in a row as its rules say it is paused.
    """
    after = replace(schedule, last_at=tick.at, last_state=tick.state.value, last_run=tick.run_id)
    if tick.state is TickState.SUCCEEDED:
        took = schedule.took if tick.took_seconds is None else (*schedule.took, tick.took_seconds)
        return replace(after, failures=0, took=took[-_KEPT_DURATIONS:]), None
    if tick.state not in BAD:
        return after, None
    after = replace(after, failures=schedule.failures + 1)
    what = {
        TickState.REFUSED: "was refused",
        TickState.FAILED: "failed",
        TickState.TIMED_OUT: "took too long",
        TickState.LOST: "was lost",
    }[tick.state]
    when = local(tick.at, schedule.timetable.zone)
    words = f"The run of {when[:16].replace('T', ' ')} ({schedule.timetable.zone}) {what}"
    words += f": {tick.words}" if tick.words else "."
    most = schedule.rules.pause_after
    if most and after.failures >= most and not after.paused:
        why = f"{_times(after.failures)} in a row did not succeed; the last one {what}."
        after = after.pausing(tick.decided_at, "", why)
        words += f" The schedule is paused: {why}"
    alert = Alert(
        schedule.id,
        schedule.owner,
        schedule.name,
        tick.decided_at,
        tick.state,
        words,
        tick.run_id,
        paused=after.paused and not schedule.paused,
    )
    return after, alert if schedule.rules.alert else None


def _times(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def settled(tick: Tick, run: Run) -> Tick:
    """The tick once its run is over."""
    assert run.status.final, run.id  # noqa: S101
    took = None
    if run.started_at is not None and run.finished_at is not None:
        took = max(run.finished_at - run.started_at, 0.0)
    words = "" if run.status is Status.SUCCEEDED else (run.reason or "")
    return replace(
        tick,
        state=TickState(run.status.value),
        words=words,
        took_seconds=took,
        decided_at=run.finished_at or tick.decided_at,
    )


def settled_with(tick: Tick, pipeline: Pipeline) -> Tick:
    """The tick once its pipeline is over."""
    assert pipeline.status.final, pipeline.id  # noqa: S101
    ended = pipeline.finished_at or tick.decided_at
    return replace(
        tick,
        state=TickState(pipeline.status.value),
        words=pipeline.reason or "",
        took_seconds=max(ended - pipeline.created_at, 0.0),
        decided_at=ended,
    )


def check_rules(rules: Rules) -> Rules:
    """Raise :class:`Invalid` for numbers that no schedule can have."""
    if not 1 <= rules.catch_up <= MOST_CAUGHT_UP:
        raise Invalid(
            f"at most {MOST_CAUGHT_UP} missed times are caught up, and at least 1", field="catch_up"
        )
    if not 0 <= rules.pause_after <= 1000:
        raise Invalid(
            "a schedule is paused after 1 to 1000 bad runs in a row, or with 0 never", field="pause_after"
        )
    return rules
