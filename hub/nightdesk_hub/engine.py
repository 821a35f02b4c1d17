"""The Docker engine, called off the event loop and never without a time limit."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Protocol

import docker
from docker.errors import DockerException
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException

#: What a call may raise when the engine is away, slow or refuses.
ENGINE_ERRORS = (DockerException, RequestException, TimeoutError)

CALL_SECONDS = 30
THREADS = 8


class Engine(Protocol):
    """An engine that methods of `docker.APIClient` can be called on by name."""

    @property
    def client(self) -> docker.APIClient:
        """The client itself, for building parts of requests."""

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """The answer of one method.

        Raises:
            docker.errors.APIError: the engine refused.
            requests.exceptions.RequestException: it is away.
            TimeoutError: it took too long.
        """


class DockerEngine:
    """The engine that the environment names, with a few threads of its own.

    One thread would do one thing at a time for everybody: a slow start would hold up every look at
    another's session.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="engine")
        self._client: docker.APIClient | None = None
        self._connecting = Lock()

    @property
    def client(self) -> docker.APIClient:
        """The client itself. Making it asks the engine for its version: call it from a thread."""
        with self._connecting:
            if self._client is None:
                self._client = docker.APIClient(version="auto", timeout=CALL_SECONDS, **kwargs_from_env())
            return self._client

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """See :meth:`Engine.call`."""

        def work() -> Any:
            return getattr(self.client, method)(*args, **kwargs)

        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # `stop` rightly takes longer than the engine's usual answer.
        limit = CALL_SECONDS + 30 if method == "stop" else CALL_SECONDS + 5
        return await asyncio.wait_for(future, limit)


def explain(error: BaseException) -> str:
    """What the engine said, in one line."""
    words = getattr(error, "explanation", None) or str(error) or type(error).__name__
    if isinstance(words, bytes):
        words = words.decode("utf-8", "replace")
    return " ".join(str(words).split())
