"""``python -m nightdesk.server.worker``: supervises runs until it is told to leave.

Celery brings run ids; one thread each sees a run through. More threads say that the worker lives and
look for wishes to cancel, adopt what other workers left (see ``keeper``), measure what its runs take
(see ``sampler``) and what homes hold (see ``scales``), tell people of ends (see ``postman``), queue runs for what is due
by a schedule (see ``timekeeper``), remove outputs that have had their time (see ``janitor``), and build versions of
environments (see ``builder``).
"""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import sys
import threading
import warnings
from types import FrameType

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import worker_shutting_down

from nightdesk.config import ConfigError
from nightdesk.server.bootstrap import SUPERVISE_TASK, WorkerPlatform, worker_platform
from nightdesk.server.domain.errors import DatabaseTooNew
from nightdesk.server.ports.records import Records
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.worker.builder import Builder
from nightdesk.server.worker.engine_socket import Door
from nightdesk.server.worker.errands import ErrandBoy
from nightdesk.server.worker.janitor import Janitor
from nightdesk.server.worker.keeper import Pulse, Sweeper, Ticking
from nightdesk.server.worker.postman import Postman
from nightdesk.server.worker.sampler import Eye
from nightdesk.server.worker.scales import Scales
from nightdesk.server.worker.tester import Tester
from nightdesk.server.worker.timekeeper import Timekeeper


def main() -> int:
    """Run until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Root in this container, with three capabilities; what Celery warns of is pickle, which is off.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    try:
        platform = worker_platform()
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except DatabaseTooNew as error:
        print(f"nightdesk: {error.message}. {error.hint}", file=sys.stderr)
        return 1
    name = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    bury_predecessors(platform.parts.records, socket.gethostname())
    supervisor = Supervisor(platform.parts, name)
    threads: list[Ticking] = [role(platform.parts, supervisor) for role in (Pulse, Sweeper, Eye, Door)]
    threads += [Scales(platform.parts.records, platform.homes), Postman(platform.post)]
    threads.append(Timekeeper(platform.parts, platform.clock, supervisor))
    threads.append(Janitor(platform.parts))
    threads.append(Tester(platform.tests))
    threads.append(ErrandBoy(platform.errands, platform.parts, platform.clock, supervisor, name))
    builder = Builder(platform.builds, name)
    register_task(platform.celery, supervisor)
    leave_on_signals(supervisor, threads, builder)
    for thread in (*threads, builder):
        thread.start()
    run_celery(platform, name)
    return 0


def bury_predecessors(records: Records, host: str) -> None:
    """A container has one worker: those that had this one's name before are dead, and nobody need wait."""
    for worker in records.workers():
        if worker.name.rpartition("-")[0] == host:
            records.let_go(worker.name)


def register_task(app: Celery, supervisor: Supervisor) -> None:
    """The one task: an id comes in, nothing goes out."""

    @app.task(name=SUPERVISE_TASK)  # type: ignore[untyped-decorator]
    def supervise(run_id: str) -> None:
        supervisor.supervise(run_id)


def leave_on_signals(supervisor: Supervisor, threads: list[Ticking], builder: Builder) -> None:
    """On SIGTERM every run is let go at once; their containers go on, and others adopt them.

    The build that goes on is ended after that: it takes a moment, and runs are not to wait for it.
    """
    once = threading.Event()

    def leave(**_: object) -> None:
        if not once.is_set():
            once.set()
            for thread in threads:
                thread.stop()
            supervisor.let_go()
            builder.stop()

    worker_shutting_down.connect(leave, weak=False)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, on_signal)  # until Celery puts its own in place


def run_celery(platform: WorkerPlatform, name: str) -> None:
    """Celery in this process, with threads: supervising is waiting, not computing."""
    threads = max(16, 4 * platform.settings.runs.slot_count)
    worker = platform.celery.Worker(
        hostname=f"nightdesk@{name}",
        pool="threads",
        concurrency=threads,
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()


if __name__ == "__main__":
    sys.exit(main())
