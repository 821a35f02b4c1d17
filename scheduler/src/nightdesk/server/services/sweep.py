"""What is done now and then so that nothing stays behind: the safety net under the doorbell."""

from __future__ import annotations

import logging

from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.doorbell import Doorbell
from nightdesk.server.ports.engine import ContainerEngine
from nightdesk.server.ports.files import RunFolders
from nightdesk.server.ports.records import Records
from nightdesk.server.services.queue import dispatch

_KEEP_LOG_SECONDS = 600.0  # whoever follows a run's log has this long to read its end from the database
_log = logging.getLogger(__name__)


def sweep(records: Records, bell: Doorbell) -> None:
    """Ring again for runs that nobody cares for, and for those that wait with slots free."""
    orphans = records.orphans()
    if orphans:
        _log.warning("nobody cares for %s: ringing for a worker", ", ".join(orphans))
        bell.ring(orphans)
    dispatch(records, bell)


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
