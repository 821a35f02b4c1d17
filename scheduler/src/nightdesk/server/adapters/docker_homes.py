"""The port ``Homes`` over the engine: a small container that sees the volumes and nothing else counts what is in them.

The engine could say how large its volumes are, but only of all of them at once, the store with its many files
among them.
"""

from __future__ import annotations

import contextlib
import socket

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.types import Mount
from requests.exceptions import RequestException

from nightdesk.server.domain.errors import EngineError

_LABEL = "org.nightdesk."
_ANSWER_SECONDS = 30
_MOST_SECONDS = 600
_MEMORY = 256 * 2**20


class DockerHomes:
    """Home volumes of one platform."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._client = docker.APIClient(version="1.45", timeout=_ANSWER_SECONDS)

    def people(self) -> list[str]:
        return sorted(self._volumes())

    def volume(self, person: str) -> str | None:
        """The name of somebody's home, or None."""
        return self._volumes().get(person)

    def sizes(self, people: list[str]) -> dict[str, int]:
        volumes = self._volumes()
        wanted = [name for name in people if name in volumes]
        if not wanted:
            return {}
        mounts = [
            Mount(f"/homes/{number}", volumes[name], read_only=True) for number, name in enumerate(wanted)
        ]
        printed = self._printed(["du", "-s", "-B1", *(str(mount["Target"]) for mount in mounts)], mounts)
        found = {}
        for line in printed.splitlines():
            size, _, path = line.partition("\t")
            if size.isdecimal() and path.rpartition("/")[2].isdecimal():
                found[wanted[int(path.rpartition("/")[2])]] = int(size)
        return found

    def _volumes(self) -> dict[str, str]:
        labels = [f"{_LABEL}project={self._project}", f"{_LABEL}role=home"]
        try:
            volumes = self._client.volumes(filters={"label": labels})["Volumes"] or []
        except (DockerException, RequestException, OSError) as error:
            raise EngineError(f"the engine does not list volumes: {type(error).__name__}") from error
        # Of several people of one name, one after the other, the last one's: theirs has the highest number.
        volumes.sort(key=lambda volume: (len(volume["Name"]), volume["Name"]))
        return {volume["Labels"][f"{_LABEL}user"]: volume["Name"] for volume in volumes}

    def _printed(self, command: list[str], mounts: list[Mount]) -> str:
        """What a command prints in a container of this worker's own image, as the user of the homes."""
        container = ""
        try:
            image = self._client.inspect_container(socket.gethostname())["Image"]
            host = self._client.create_host_config(
                mounts=mounts,
                network_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                mem_limit=_MEMORY,
                pids_limit=16,
                cpu_shares=64,
            )
            made = self._client.create_container(
                image,
                command,
                user="1000:1000",
                host_config=host,
                labels={f"{_LABEL}project": self._project, f"{_LABEL}role": "scales"},
            )
            container = str(made["Id"])
            self._client.start(container)
            self._client.wait(container, timeout=_MOST_SECONDS)  # du says 1 where it could not read something
            output: bytes = self._client.logs(container, stdout=True, stderr=False)
            return output.decode("utf-8", "replace")
        except (DockerException, RequestException, OSError) as error:
            raise EngineError(f"homes could not be measured: {error}") from error
        finally:
            if container:
                with contextlib.suppress(NotFound, APIError, RequestException, OSError):
                    self._client.remove_container(container, force=True)
