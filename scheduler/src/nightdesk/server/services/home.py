"""What people see first: of a member what is theirs and what is new, of an admin how the platform does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightdesk.client.notice import notice
from nightdesk.server.domain.channel import Action, Event
from nightdesk.server.domain.environment import Version, runnable
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.schedule import Alert, Schedule
from nightdesk.server.ports.people import People, Session
from nightdesk.server.ports.records import Records, RunFilter, WorkerSeen
from nightdesk.server.ports.schedules import ScheduleFilter
from nightdesk.server.services.queue import ALIVE_SECONDS

GOING = (Status.RUNNING, Status.STARTING, Status.QUEUED)
BAD = (Status.FAILED, Status.TIMED_OUT, Status.LOST)
DAY_SECONDS = 86400.0
_LOOKED_AT = 100  # of somebody's newest runs, for those that have ended
_SHOWN = 8
_EVENTS = 200
_NEW = frozenset({Action.REGISTERED, Action.PROMOTED, Action.ROLLED_BACK, Action.DEPRECATED, Action.REMOVED})


@dataclass(frozen=True, slots=True)
class Mine:
    """What a member finds at home. ``sessions`` is None where the hub does not answer; ``notices`` are about their versions."""

    sessions: list[Session] | None
    notices: list[str]
    going: list[Run]
    ended: list[Run]
    schedules: list[Schedule]
    alerts: list[Alert]
    news: list[Event]
    starting_in: Version | None


@dataclass(frozen=True, slots=True)
class WorkerNow:
    """A worker, and the runs that it has."""

    name: str
    alive: bool
    slots: int
    memory_bytes: int
    seen_at: float
    runs: list[Run]

    @property
    def taken_bytes(self) -> int:
        """What its runs may take together."""
        return sum(run.memory_bytes for run in self.runs)


@dataclass(frozen=True, slots=True)
class Everything:
    """What an admin finds: what runs where, who waits, and what went wrong in the last day."""

    workers: list[WorkerNow]
    waiting: list[Run]
    waiting_count: int
    failures: list[Run]
    sessions: list[Session] | None


def mine(records: Records, people: People, person: Person, since: float) -> Mine:
    """What is a person's own, and what is new since then."""
    versions = records.versions()
    sessions = _sessions(lambda: people.sessions(person.name))
    return Mine(
        sessions=sessions,
        notices=[words for words in (_notice(each, versions) for each in sessions or ()) if words],
        going=[
            run
            for status in GOING
            for run in records.runs(RunFilter(owner=person.name, status=status, limit=_SHOWN))
        ][:_SHOWN],
        ended=_ended(records.runs(RunFilter(owner=person.name, limit=_LOOKED_AT)), since),
        schedules=_next(records.schedules(ScheduleFilter(owner=person.name))),
        alerts=records.alerts(person.name),
        news=_news(records.environment_events(limit=_EVENTS), runnable(versions, person), since),
        starting_in=next(iter(runnable(versions, person)), None),
    )


def everything(records: Records, people: People, now: float) -> Everything:
    """How the platform does."""
    going = [
        run
        for status in (Status.RUNNING, Status.STARTING)
        for run in records.runs(RunFilter(status=status, limit=_EVENTS))
    ]
    line = records.line(ALIVE_SECONDS).waiting
    first = [records.run(each.id) for each in line[:_SHOWN]]
    ended = [
        run
        for status in BAD
        for run in records.runs(RunFilter(status=status, limit=_LOOKED_AT))
        if run.finished_at is not None and run.finished_at > now - DAY_SECONDS
    ]
    return Everything(
        workers=_workers(records.workers(), going, now),
        waiting=[run for run in first if run is not None],
        waiting_count=len(line),
        failures=sorted(ended, key=lambda run: -(run.finished_at or 0.0)),
        sessions=_sessions(people.sessions),
    )


def _sessions(ask: Callable[[], list[Session]]) -> list[Session] | None:
    try:
        return sorted(ask(), key=lambda session: (session.person, session.name))
    except Unavailable:  # the rest of the page is there without the hub
        return None


def _notice(session: Session, versions: list[Version]) -> str:
    known = [
        {"version": each.version, "channels": each.channels, "offer": each.offer.value}
        for each in versions
        if each.environment == session.environment
    ]
    return notice(f"{session.environment}:{session.version}", "", known)


def _ended(newest: list[Run], since: float) -> list[Run]:
    """Those that have ended since then: what did not work out first, then the newest."""
    ended = [run for run in newest if run.finished_at is not None and run.finished_at > since]
    return sorted(ended, key=lambda run: (run.status not in BAD, -(run.finished_at or 0.0)))


def _next(schedules: list[Schedule]) -> list[Schedule]:
    """Those that are due next, the paused ones last."""
    return sorted(schedules, key=lambda each: (each.next_at is None, each.next_at or 0.0))[:_SHOWN]


def _news(events: list[Event], mine: list[Version], since: float) -> list[Event]:
    """What happened to the environments that somebody may use."""
    names = {version.environment for version in mine}
    new = [each for each in events if each.at > since and each.action in _NEW and each.environment in names]
    return new[:_SHOWN]


def _workers(seen: list[WorkerSeen], going: list[Run], now: float) -> list[WorkerNow]:
    """Every worker with its runs; what no worker has stands under none."""
    of: dict[str, list[Run]] = {}
    for run in going:
        of.setdefault(run.worker or "", []).append(run)
    workers = [
        WorkerNow(
            each.name,
            each.seen_at > now - ALIVE_SECONDS,
            each.slots,
            each.memory_bytes,
            each.seen_at,
            of.pop(each.name, []),
        )
        for each in sorted(seen, key=lambda each: each.name)
    ]
    left = [run for runs in of.values() for run in runs]
    return [*workers, *([WorkerNow("", False, 0, 0, now, left)] if left else [])]
