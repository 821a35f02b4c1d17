"""The port ``Doorbell`` over Celery and Redis: ids out, nothing back."""

from __future__ import annotations

import logging
import time

from celery import Celery
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

QUEUE = "nightdesk"
TASK = "nightdesk.supervise"
CHANNEL = "nightdesk:changed"
PEOPLE_CHANNEL = "nightdesk:people"

_QUIET_SECONDS = 5.0
_log = logging.getLogger(__name__)


def celery_app(redis_url: str) -> Celery:
    """The Celery application that api and worker share; see ``docs/architecture.md`` for why so."""
    app = Celery("nightdesk", broker=redis_url, set_as_current=False)
    day = 24 * 3600
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,  # the database remembers; a message that comes back would only be noise
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "visibility_timeout": day,
            "socket_connect_timeout": 2,
            "socket_timeout": 5,
            "retry_on_timeout": False,
        },
        result_backend_transport_options={"visibility_timeout": day},
        visibility_timeout=day,
        task_publish_retry=False,
    )
    return app


class RedisBell:
    """Rings through Celery; news for watchers go over a Redis channel."""

    def __init__(self, app: Celery, redis_url: str) -> None:
        self._app = app
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)
        self._quiet_until = 0.0

    def ring(self, run_ids: list[str]) -> bool:
        try:
            with self._app.producer_pool.acquire(block=True, timeout=5) as producer:
                for run_id in run_ids:
                    self._app.send_task(TASK, args=[run_id], producer=producer, retry=False)
        except (KombuError, RedisError, OSError) as error:
            _log.warning(
                "the doorbell is out of reach (%s); the sweeper will ring again", type(error).__name__
            )
            return False
        return True

    def changed(self, run_id: str) -> None:
        self._tell(CHANNEL, run_id)

    def people_changed(self, name: str) -> None:
        self._tell(PEOPLE_CHANNEL, name)

    def _tell(self, channel: str, words: str) -> None:
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._redis.publish(channel, words)
        except (RedisError, OSError):
            # A Redis that hangs costs a second each time: whoever watches looks by themselves meanwhile.
            self._quiet_until = time.monotonic() + _QUIET_SECONDS

    def answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except (RedisError, OSError):
            return False
