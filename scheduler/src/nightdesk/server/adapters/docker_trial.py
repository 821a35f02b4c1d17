"""Trying an image: the preflight program goes in on standard input, its words come out."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from threading import Event
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from nightdesk.preflight.pack import COMMAND
from nightdesk.server.adapters.docker_engine import DockerLog
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.ports.builder import BuildFailed, Interrupted, Say

_MEMORY = 2 * 2**30
_SECONDS = 900.0
_LOOK_SECONDS = 0.2
# A run's conditions. setup/images.sh has the same ones for what it builds without the platform.
_TMPFS = {
    "/tmp": "mode=1777",  # noqa: S108 - in the container
    "/home/nightdesk": "uid=1000,gid=1000,mode=755",
    "/nightdesk": "uid=1000,gid=1000,exec",
}


class Trial:
    """One container, in which the program runs."""

    def __init__(self, client: Any, name: str, project: str) -> None:
        self._client = client
        self._name = name
        self._project = project
        self._failures: list[str] = []
        self._report: dict[str, Any] | None = None

    def run(self, image: str, kit: bytes, say: Say, stop: Event) -> dict[str, Any]:
        """Try the image; the program's report.

        Raises:
            BuildFailed: the image does not pass.
            Interrupted: ``stop`` was set.
        """
        self._remove()
        container = self._create(image)["Id"]
        try:
            ended = Event()
            reader = threading.Thread(
                target=self._follow, args=(container, kit, say, ended), name=self._name, daemon=True
            )
            reader.start()
            waited = 0.0
            while not ended.wait(_LOOK_SECONDS):
                waited += _LOOK_SECONDS
                if stop.is_set():
                    raise Interrupted
                if waited > _SECONDS:
                    raise BuildFailed(f"trying the image has not ended within {_SECONDS / 60:.0f} minutes")
            return self._verdict(container)
        finally:
            self._remove()

    def _follow(self, container: str, kit: bytes, say: Say, ended: Event) -> None:
        try:
            stdin = self._client.attach_socket(container, params={"stdin": 1, "stream": 1})
            try:
                self._client.start(container)
                threading.Thread(target=_send, args=(stdin, kit), daemon=True).start()
                logs = self._client.logs(container, stdout=True, stderr=False, stream=True, follow=True)
                for line in DockerLog(logs):
                    self._heard(line, say)
            finally:
                for part in (stdin._response, stdin, stdin._sock):  # each keeps the connection open
                    with contextlib.suppress(OSError, ValueError):
                        part.close()
        except (DockerException, RequestException, HTTPError, OSError, ValueError, EngineError) as error:
            self._failures.append(f"the trial broke off: {getattr(error, 'explanation', None) or error}")
        finally:
            ended.set()

    def _heard(self, line: bytes, say: Say) -> None:
        try:
            record = json.loads(line)
        except ValueError:
            say(line.decode("utf-8", "replace") + "\n")
            return
        if "report" in record:
            self._report = record["report"]
            return
        mark = "ok    " if record["ok"] else "FAILED"
        say(f"{mark} {record['check']} ({record['seconds']} s): {record['words']}\n")
        if not record["ok"]:
            self._failures.append(f"{record['check']}: {record['words']}")

    def _verdict(self, container: str) -> dict[str, Any]:
        state = self._client.inspect_container(container)["State"]
        if self._failures:
            raise BuildFailed(f"the image does not pass: {'; '.join(self._failures)}")
        if self._report is None or state["ExitCode"] != 0:
            raise BuildFailed(f"the image does not pass: {self._broken(container, state)}")
        return self._report

    def _broken(self, container: str, state: dict[str, Any]) -> str:
        if state.get("OOMKilled"):
            return f"trying it took more than {_MEMORY / 2**30:.0f} GB of memory"
        said = self._client.logs(container, stdout=False, stderr=True, tail=10).decode("utf-8", "replace")
        if "python3: not found" in said:
            return "it has no python3: install Python 3.9 or newer in it"
        return str(state.get("Error") or said.strip() or f"the trial ended with {state['ExitCode']}")[-1000:]

    def _create(self, image: str) -> dict[str, Any]:
        labels = {"project": self._project, "role": "trial"}
        config = self._client.create_host_config(
            init=True,
            read_only=True,
            network_mode="none",
            tmpfs=_TMPFS,
            mem_limit=_MEMORY,
            memswap_limit=_MEMORY,
            pids_limit=512,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        try:
            made: dict[str, Any] = self._client.create_container(
                image=image,
                name=self._name,
                command=list(COMMAND),
                entrypoint=["sh"],
                user="1000:1000",
                working_dir="/nightdesk",
                environment={"HOME": "/home/nightdesk"},
                labels={f"org.nightdesk.{key}": value for key, value in labels.items()},
                host_config=config,
                stdin_open=True,
            )
        except NotFound as error:
            raise BuildFailed(f"the image is gone: {error.explanation}") from None
        return made

    def _remove(self) -> None:
        with contextlib.suppress(APIError):
            self._client.remove_container(self._name, force=True)


def _send(stdin: Any, kit: bytes) -> None:
    """All of it, and then the end, which the program waits for."""
    with contextlib.suppress(OSError):
        stdin._sock.sendall(kit)
        stdin._sock.shutdown(socket.SHUT_WR)
