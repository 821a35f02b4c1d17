"""The port ``Probe`` over Docker: a container like a run's, which is told on standard input what to try."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import docker
from docker.errors import APIError, DockerException
from docker.types import LogConfig
from requests.exceptions import ReadTimeout, RequestException
from urllib3.exceptions import HTTPError, ReadTimeoutError

from nightdesk.connection_places import ConnectionMount, missing
from nightdesk.server.adapters.docker_engine import bound
from nightdesk.server.adapters.probe_kit import COMMAND, packed
from nightdesk.server.adapters.told_container import run_told
from nightdesk.server.domain.errors import EngineError

_MEMORY = 2**30
_SECONDS = 50
_TMPFS = {
    "/tmp": "size=256m,mode=1777",  # noqa: S108 - in the container
    "/home/nightdesk": "size=64m,uid=1000,gid=1000,mode=755",
}


class DockerProbe:
    """Containers of one platform in the network of its runs, which ``ensure_network`` makes where no run was yet."""

    def __init__(self, project: str, ensure_network: Callable[[], None]) -> None:
        self._project = project
        self._ensure_network = ensure_network
        self._client = docker.APIClient(version="1.45", timeout=_SECONDS)

    def tried(
        self, image: str, openings: Sequence[Mapping[str, Any]], places: Iterable[ConnectionMount]
    ) -> list[dict[str, Any]]:
        name = f"{self._project}-connection-test-{secrets.token_hex(4)}"
        self._ensure_network()
        try:
            container = self._create(name, image, tuple(places))
            return self._outcome(container, packed(openings))
        except (ReadTimeout, ReadTimeoutError) as error:
            raise EngineError(
                f"it has not ended within {_SECONDS} seconds: something swallows what is sent"
            ) from error
        except (DockerException, RequestException, HTTPError, OSError, ValueError) as error:
            words = str(getattr(error, "explanation", None) or type(error).__name__)
            raise EngineError(f"it could not be tried: {words}") from error
        finally:
            with contextlib.suppress(DockerException, RequestException):
                self._client.remove_container(name, force=True)

    def _outcome(self, container: str, kit: bytes) -> list[dict[str, Any]]:
        run_told(self._client, container, kit, _SECONDS)
        printed = self._client.logs(container, stdout=True, stderr=False).decode("utf-8", "replace")
        lines = printed.strip().splitlines()
        if not lines:
            # What it says on standard error may hold what it was given: it is not shown.
            raise EngineError("it could not be tried: the program in the container ended without a word")
        outcomes: list[dict[str, Any]] = json.loads(lines[-1])
        return outcomes

    def _create(self, name: str, image: str, places: tuple[ConnectionMount, ...]) -> str:
        labels = {"project": self._project, "role": "connection-test"}
        config = self._client.create_host_config(
            init=True,
            read_only=True,
            network_mode=f"{self._project}_runs",
            tmpfs=_TMPFS,
            mounts=bound(places),
            mem_limit=_MEMORY,
            memswap_limit=_MEMORY,
            pids_limit=128,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
        )
        try:
            made = self._client.create_container(
                image=image,
                name=name,
                command=list(COMMAND),
                entrypoint=["sh"],
                user="1000:1000",
                working_dir="/home/nightdesk",
                environment={"HOME": "/home/nightdesk"},
                labels={f"org.nightdesk.{key}": value for key, value in labels.items()},
                host_config=config,
                stdin_open=True,
            )
        except APIError as error:
            gone = missing(str(error.explanation), places)
            if gone is None:
                raise
            return self._create(name, image, tuple(place for place in places if place != gone))
        return str(made["Id"])
