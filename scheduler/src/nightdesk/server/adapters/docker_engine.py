"""The port ``ContainerEngine`` over the Docker SDK's low-level client.

A run's container is named after run and attempt, so that the engine itself refuses a second one
(409), carries labels by which it is found again, and is never removed by the engine.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import LogConfig, Mount, Ulimit
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout, RequestException
from urllib3.exceptions import HTTPError, ReadTimeoutError

from nightdesk.connection_places import ConnectionMount, missing
from nightdesk.server.adapters.docker_stats import sample_of
from nightdesk.server.adapters.log_lines import in_lines
from nightdesk.server.domain.egress import bridge_of_runs
from nightdesk.server.domain.errors import ContainerGone, EngineError, ImageMissing
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.engine import ContainerSeen, Sample
from nightdesk.shared_folders import PLACE, SharedMount

_LABEL = "org.nightdesk."
_USER = "1000:1000"
_ANSWER_SECONDS = 30  # an engine that hangs is asked again, and a run is on its way, within a minute
_MAKING_SECONDS = 5.0  # a container takes a tenth of a second to be made, on a busy machine more
_BRIDGE_NAME = "com.docker.network.bridge.name"
_LOST_BY_ENGINE = 255
_TOGETHER_SECONDS = 15.0  # an engine that ends stops its containers within its own grace of 10 s and a little
_GATE = "/run/nightdesk"
_TMPFS = {"/tmp": "size=1g,mode=1777", "/home/nightdesk": "size=1g,uid=1000,gid=1000,mode=755"}  # noqa: S108


@dataclass(frozen=True, slots=True)
class RunContainers:
    """What every run container of one platform has in common."""

    project: str
    scratch_volume: str
    shared_volume: str
    folders_volume: str = ""  # of groups
    team_place: str = PLACE
    gate_volume: str = ""  # with the socket of what runs reach of the platform

    @property
    def network(self) -> str:
        """Runs live here: they reach the outside, never each other."""
        return f"{self.project}_runs"


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _engine_call(
    method: Callable[Concatenate[DockerEngine, _P], _T],
) -> Callable[Concatenate[DockerEngine, _P], _T]:
    """Vendor errors become ours; a container that is not there becomes ``ContainerGone``."""

    @wraps(method)
    def call(self: DockerEngine, /, *arguments: _P.args, **named: _P.kwargs) -> _T:
        try:
            return method(self, *arguments, **named)
        except NotFound as error:
            raise ContainerGone(str(error.explanation or error)) from error
        except APIError as error:
            raise EngineError(str(error.explanation or error)) from error
        except (DockerException, RequestException, HTTPError, OSError) as error:
            raise EngineError(f"the container engine does not answer: {type(error).__name__}") from error

    return cast("Callable[Concatenate[DockerEngine, _P], _T]", call)


class DockerEngine:
    """Run containers on one Docker engine."""

    def __init__(self, common: RunContainers) -> None:
        self._common = common
        self._client = docker.APIClient(version="1.45", timeout=_ANSWER_SECONDS, num_pools=64)

    @_engine_call
    def create(
        self, run: Run, shared: tuple[SharedMount, ...] = (), places: tuple[ConnectionMount, ...] = ()
    ) -> ContainerSeen:
        try:
            made = self._create(run, shared, places)
        except ImageNotFound as error:
            raise ImageMissing(
                f"the image of {run.environment}:{run.version} is not on this machine"
            ) from error
        except APIError as error:
            gone = missing(str(error.explanation), places)
            if gone is not None:
                return self.create(run, shared, tuple(place for place in places if place != gone))
            seen = self._made_by_another(run) if error.status_code == 409 else None
            if seen is None:
                raise
            return seen
        return ContainerSeen(str(made["Id"]), run.id, run.attempt, "created")

    @_engine_call
    def ensure_network(self) -> None:
        """The network of the runs: made where it is missing, or without the name that the filter goes by."""
        for found in self._client.networks(names=[f"^{self._common.network}$"]):
            if _BRIDGE_NAME in (found.get("Options") or {}):
                return
            try:
                self._client.remove_network(found["Id"])
            except APIError:  # an earlier version's runs are in it: the next worker that starts looks again
                return
        with contextlib.suppress(APIError):  # another worker was quicker
            self._client.create_network(
                self._common.network,
                driver="bridge",
                options={
                    "com.docker.network.bridge.enable_icc": "false",
                    _BRIDGE_NAME: bridge_of_runs(self._common.project),
                },
                labels={f"{_LABEL}project": self._common.project, f"{_LABEL}role": "runs-network"},
            )

    @_engine_call
    def start(self, container: ContainerSeen) -> None:
        # Starting one that has ended would run the code a second time, and what this worker knows of
        # its state may be old: it may have been held up while another one ran it.
        if self._client.inspect_container(container.id)["State"]["Status"] != "created":
            return
        try:
            self._client.start(container.id)
        except NotFound as error:
            if "network" not in str(error.explanation):
                raise
            self.ensure_network()
            self._client.start(container.id)

    @_engine_call
    def find(self, run: Run) -> ContainerSeen | None:
        found = self._list({"run": run.id, "attempt": str(run.attempt)})
        return found[0] if found else None

    @_engine_call
    def follow(self, container: ContainerSeen) -> DockerLog:
        return DockerLog(self._client.logs(container.id, stdout=True, stderr=False, stream=True, follow=True))

    @_engine_call
    def wait(self, container: ContainerSeen, timeout: float) -> Exit | None:
        try:
            self._client.wait(container.id, timeout=math.ceil(timeout))
        except (ReadTimeout, ReadTimeoutError):
            return None
        except RequestsConnectionError as error:
            if "timed out" in str(error):
                return None
            raise
        state = self._client.inspect_container(container.id)["State"]
        if state["Running"]:
            return None
        message = str(state.get("Error") or "")
        if state["ExitCode"] != 0 and not message:
            lines = self._client.logs(container.id, stdout=False, stderr=True, tail=3).decode(
                "utf-8", "replace"
            )
            message = " ".join(lines.split())[-500:]
        code, at = int(state["ExitCode"]), _time(state["FinishedAt"])
        return Exit(code, bool(state.get("OOMKilled")), message, at, self._ended_with_engine(code, at))

    @_engine_call
    def sample(self, container: ContainerSeen) -> Sample | None:
        state = self._client.inspect_container(container.id)["State"]
        return sample_of(state, self._client.stats(container.id, stream=False, one_shot=True))

    @_engine_call
    def stop(self, container: ContainerSeen, grace_seconds: float) -> None:
        with contextlib.suppress(APIError):  # only a paused container can be resumed
            self._client.unpause(container.id)
        self._client.stop(container.id, timeout=math.ceil(grace_seconds))

    @_engine_call
    def remove(self, container: ContainerSeen) -> None:
        try:
            self._client.remove_container(container.id, force=True, v=False)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # its removal is under way already
                raise

    @_engine_call
    def all(self) -> list[ContainerSeen]:
        return self._list({})

    @_engine_call
    def version(self) -> str:
        return str(self._client.version()["Version"])

    def _ended_with_engine(self, code: int, at: float | None) -> bool:
        """Whether the engine went, and took the container along.

        255 is its code for one that it does not find any more when it is back. This worker lives in a
        container of the same engine: when that ended at the same time before, the engine ended both.
        """
        if code == 0 or at is None:
            return False
        if code == _LOST_BY_ENGINE:
            return True
        try:
            before = _time(self._client.inspect_container(socket.gethostname())["State"]["FinishedAt"])
        except NotFound:  # a worker outside of containers
            return False
        return before is not None and abs(before - at) < _TOGETHER_SECONDS

    def _made_by_another(self, run: Run) -> ContainerSeen | None:
        """The container that has the name; one that is only just being made has a name before it is listed."""
        deadline = time.monotonic() + _MAKING_SECONDS
        while (seen := self.find(run)) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return seen

    def _create(
        self, run: Run, shared: tuple[SharedMount, ...], places: tuple[ConnectionMount, ...]
    ) -> dict[str, Any]:
        common = self._common
        threads = str(max(1, math.ceil(run.cpus)))
        labels = {
            "project": common.project,
            "role": "run",
            "run": run.id,
            "attempt": str(run.attempt),
            "user": run.owner,
        }
        made: dict[str, Any] = self._client.create_container(
            image=run.digest,
            name=f"{common.project}-run-{run.id}-{run.attempt}",
            hostname=f"run-{run.id}",
            command=["python3", "/nightdesk/in/runner"],
            entrypoint=[],
            user=_USER,
            working_dir="/nightdesk/work",
            environment={
                "HOME": "/home/nightdesk",
                "NIGHTDESK_RUN_ID": run.id,
                "NIGHTDESK_ATTEMPT": str(run.attempt),
                "NIGHTDESK_OUTPUT_DIR": "/nightdesk/out",
                "NIGHTDESK_JOB": "/nightdesk/in/job.json",
                "NIGHTDESK_API_SOCKET": f"{_GATE}/api.sock",
                "NIGHTDESK_TOKEN_FILE": "/nightdesk/in/token",
                "NIGHTDESK_METRICS": "/nightdesk/result/metrics.jsonl",
                "NIGHTDESK_ENVIRONMENT": run.environment,
                "NIGHTDESK_VERSION": run.version,
                "NIGHTDESK_DIGEST": run.digest,
                # Otherwise numeric libraries start a thread for each core of the machine, not of the size.
                "OMP_NUM_THREADS": threads,
            },
            labels={f"{_LABEL}{name}": value for name, value in labels.items()},
            host_config=self._client.create_host_config(
                init=True,
                read_only=True,
                # Where others stand beside the team's folder they stand in one that is nobody's.
                tmpfs=_TMPFS if common.team_place == PLACE else {**_TMPFS, PLACE: "size=64k,mode=755"},
                group_add=[mount.gid for mount in shared] or None,
                mounts=[
                    Mount(
                        "/nightdesk",
                        common.scratch_volume,
                        type="volume",
                        subpath=f"{run.id}/{run.attempt}",
                        no_copy=True,
                    ),
                    Mount(common.team_place, common.shared_volume, type="volume", read_only=True),
                    *(self._folder(mount) for mount in shared),
                    *self._gate(),
                    *bound(places),
                ],
                network_mode=common.network,
                mem_limit=run.memory_bytes,
                memswap_limit=run.memory_bytes,
                nano_cpus=int(run.cpus * 1e9),
                pids_limit=run.pids_limit,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                ulimits=[
                    Ulimit(name="core", soft=0, hard=0),
                    # No single file passes the limit, however quickly it grows between two looks at the folder.
                    Ulimit(name="fsize", soft=run.disk_bytes, hard=run.disk_bytes),
                ],
                log_config=LogConfig(type="json-file", config={"max-size": "100m", "max-file": "1"}),
                restart_policy={"Name": "no"},
            ),
        )
        return made

    def _gate(self) -> list[Mount]:
        volume = self._common.gate_volume
        return [Mount(_GATE, volume, type="volume", read_only=True, no_copy=True)] if volume else []

    def _folder(self, mount: SharedMount) -> Mount:
        """A folder of a group: of the machine, or of the volume, whose other folders this one does not show."""
        if mount.path is not None:
            return Mount(mount.place, mount.path, type="bind", read_only=not mount.writable)
        return Mount(
            mount.place,
            self._common.folders_volume,
            type="volume",
            subpath=mount.name,
            no_copy=True,
            read_only=not mount.writable,
        )

    def _list(self, labels: dict[str, str]) -> list[ContainerSeen]:
        wanted = {"project": self._common.project, "role": "run", **labels}
        filters = {"label": [f"{_LABEL}{name}={value}" for name, value in wanted.items()]}
        return [
            ContainerSeen(
                str(item["Id"]),
                item["Labels"][f"{_LABEL}run"],
                int(item["Labels"][f"{_LABEL}attempt"]),
                str(item["State"]),
            )
            for item in self._client.containers(all=True, filters=filters)
        ]


def bound(places: Iterable[ConnectionMount]) -> list[Mount]:
    """Places of the machine that connections show."""
    return [Mount(each.target, each.path, type="bind", read_only=not each.writable) for each in places]


def _time(text: str) -> float | None:
    """``2026-11-22T17:28:39.123456789Z`` as seconds since 1970; the year 1 means never."""
    return None if text.startswith("0001-") else datetime.fromisoformat(text).timestamp()


class DockerLog:
    """A container's output, line by line from its start, until it ends or :meth:`close` is called."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for line in in_lines(self._stream):
                if self._closed:
                    return
                yield line
        except (DockerException, RequestException, HTTPError, OSError, ValueError, AttributeError) as error:
            # ValueError and AttributeError: what reading from a response closed elsewhere raises
            if not self._closed:
                raise EngineError(f"the container's output broke off: {type(error).__name__}") from error
        finally:
            # Here and not in close(): closing a response waits for whoever reads from it.
            self._stream._response.close()

    def close(self) -> None:
        """Stop following; may be called from another thread."""
        self._closed = True
        with contextlib.suppress(
            DockerException, RequestException, HTTPError, OSError, ValueError, AttributeError
        ):
            self._stream.close()
