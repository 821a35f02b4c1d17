"""What is done now and then so that nothing stays behind: the safety net under the doorbell."""

from __future__ import annotations

import logging

from nightdesk.server.domain.errors import EngineError, Unavailable
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.engine import ContainerEngine
from nightdesk.server.ports.files import RunFolders
from nightdesk.server.ports.records import Records
from nightdesk.server.services.clockwork import Clockwork
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.services.pipelining import clock_of, sweep_pipelines
from nightdesk.server.services.queue import dispatch
from nightdesk.server.services.supervise import Supervisor, in_background
from nightdesk.server.services.watch import Parts

_KEEP_LOG_SECONDS = 600.0  # whoever follows a run's log has this long to read its end from the database
_KEEP_USAGE_SECONDS = 90 * 24 * 3600.0  # how long after its end a run shows what it took, minute by minute
_KEEP_WORKER_SECONDS = 24 * 3600.0
_log = logging.getLogger(__name__)


def sweep(parts: Parts, supervisor: Supervisor, lookout: Lookout) -> None:
    """Adopt runs that nobody cares for; offer what waits, and take it here where no bell can be rung."""
    records = parts.records
    alive = lookout.alive(records.workers())
    for run in records.orphans(alive):
        in_background(supervisor.adopt, run, lookout.beat_of(run.worker))
    clock = clock_of(parts)
    for pipeline_id in [] if clock is None else _pipelines(clock):
        parts.bell.changed(pipeline_id)
    supervisor.take(dispatch(parts))


def _pipelines(clock: Clockwork) -> list[str]:
    try:
        return sweep_pipelines(clock)
    except (
        Unavailable
    ) as error:  # the hub or the store is away: what waits in the queue is not to wait for it
        _log.warning("pipelines are looked at later: %s", error.message)
        return []


def tidy(records: Records, engine: ContainerEngine, folders: RunFolders) -> None:
    """Remove containers and folders of runs that have ended, and log pieces that stand in the store by now."""
    try:
        for container in engine.all():
            run = records.run(container.run_id)
            if run is None:
                _log.warning("container of an unknown run %s is left alone", container.run_id)
            elif run.final or container.attempt < run.attempt:
                _log.info("removing what is left of run %s, attempt %d", run.id, container.attempt)
                engine.remove(container)
            elif run.status is Status.QUEUED and container.state == "created":
                engine.remove(container)
    except EngineError as error:
        _log.warning("tidying up failed: %s", error)
    for run_id, attempt in folders.attempts():
        run = records.run(run_id)
        if run is not None and (run.final or attempt < run.attempt):
            folders.remove(run_id, attempt)
    records.drop_logs(records.now() - _KEEP_LOG_SECONDS)
    records.drop_usage(records.now() - _KEEP_USAGE_SECONDS)
    records.forget_workers(records.now() - _KEEP_WORKER_SECONDS)
