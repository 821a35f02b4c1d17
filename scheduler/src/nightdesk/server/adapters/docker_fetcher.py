"""The port ``Fetcher`` over Docker: a container of the platform's base, which is told on standard input what to fetch.

What a repository holds is anybody's, and its address is whatever somebody typed. So git runs in the network that runs have,
where no service of the platform is, and the filter of what leaves it holds; without rights, and without anything
worth reading. Homes are read by a container that has no network, and of all volumes that one, read-only.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

import docker
from docker.errors import DockerException, ImageNotFound
from docker.types import LogConfig, Mount, Ulimit
from requests.exceptions import ReadTimeout, RequestException
from urllib3.exceptions import HTTPError, ReadTimeoutError

from nightdesk.server.adapters.docker_homes import DockerHomes
from nightdesk.server.adapters.fetch_kit import COMMAND, HOME, OUT, SECRETS, packed
from nightdesk.server.adapters.git_repositories import Chunks
from nightdesk.server.adapters.told_container import run_told
from nightdesk.server.domain.errors import EngineError, Invalid, NotFound, Refused, TooLarge, Unavailable
from nightdesk.server.domain.repository import GitFile, HomeFile
from nightdesk.server.ports.fetching import Fetched, Login, Most

_IMAGE = "nightdesk/base:latest"
_SECONDS = 100
_MEMORY = 2**30
_LARGEST_FILE = 2 * 2**30
_LARGEST_SAID = 2**20
_IN_MEMORY = 8 * 2**20
_KINDS: dict[str, type[Refused] | type[Unavailable]] = {
    "invalid": Invalid,
    "not_found": NotFound,
    "too_large": TooLarge,
    "unavailable": Unavailable,
}


class DockerFetcher:
    """Containers of one platform; ``ensure_network`` makes the network of its runs where no run was yet."""

    def __init__(
        self, project: str, homes: DockerHomes, ca: Path, ensure_network: Callable[[], None]
    ) -> None:
        """``ca`` holds certificates that are trusted instead of the system's, where it is there."""
        self._project = project
        self._homes = homes
        self._ca = ca
        self._ensure_network = ensure_network
        self._client = docker.APIClient(version="1.45", timeout=_SECONDS)

    def from_git(self, wanted: GitFile, login: Login | None, most: Most) -> Fetched:
        told: dict[str, Any] = {
            "kind": "git",
            "address": wanted.address,
            "ref": wanted.ref,
            "commit": wanted.commit,
            "path": wanted.path,
            "along": wanted.along,
            "most_source": most.source,
            "most_files": most.files,
        }
        if login is not None:
            told["login"] = {"username": login.user, "password": login.password}
        return self._fetched(told, [], most)

    def from_home(self, person: str, wanted: HomeFile, most: Most) -> Fetched:
        volume = self._homes.volume(person)
        if volume is None:
            raise NotFound(
                f"{person} has no home yet", "It is made with the first session; put the file there first."
            )
        told = {
            "kind": "home",
            "path": wanted.path,
            "along": wanted.folder,
            "most_source": most.source,
            "most_files": most.files,
        }
        return self._fetched(told, [Mount(HOME, volume, read_only=True)], most)

    def tell(self, url: str, headers: Mapping[str, str], document: Mapping[str, Any]) -> None:
        told = {"kind": "status", "url": url, "headers": dict(headers), "document": dict(document)}
        self._done(told, [], lambda _container, _said: None)

    def _fetched(self, told: Mapping[str, Any], mounts: list[Mount], most: Most) -> Fetched:
        def take(container: str, said: Mapping[str, Any]) -> Fetched:
            source = self._file(container, "source", most.source).read()
            files, size = None, 0
            if said["files"]:
                files = self._file(container, "files.tar.gz", most.files)
                size = files.seek(0, 2)
                files.seek(0)
            return Fetched(source, files, size, str(said["commit"]), tuple(map(str, said["left_out"])))

        fetched: Fetched = self._done(told, mounts, take)
        return fetched

    def _done(self, told: Mapping[str, Any], mounts: list[Mount], take: Callable[[str, Any], Any]) -> Any:
        name = f"{self._project}-fetch-{secrets.token_hex(4)}"
        if not mounts:
            self._ensure_network()
        try:
            ca = self._ca.read_bytes() if self._ca.is_file() else b""
            container = self._create(name, mounts)
            run_told(self._client, container, packed(told, ca), _SECONDS)
            said = json.loads(self._file(container, "said.json", _LARGEST_SAID).read())
            if not said["ok"]:
                raise _KINDS[said["kind"]](str(said["words"]), str(said["hint"]) or None)
            return take(container, said)
        except ImageNotFound:
            raise EngineError(f"{_IMAGE} is not on this machine", "Run `make up`.") from None
        except (ReadTimeout, ReadTimeoutError):
            raise Unavailable(f"it has not come within {_SECONDS} seconds") from None
        except (DockerException, RequestException, HTTPError, OSError, ValueError, KeyError) as error:
            words = str(getattr(error, "explanation", None) or type(error).__name__)
            raise EngineError(f"it could not be fetched: {words}") from error
        finally:
            with contextlib.suppress(DockerException, RequestException, HTTPError):
                self._client.remove_container(name, force=True, v=True)

    def _create(self, name: str, mounts: list[Mount]) -> str:
        labels = {"project": self._project, "role": "fetch"}
        config = self._client.create_host_config(
            init=True,
            network_mode="none" if mounts else f"{self._project}_runs",
            mounts=mounts,
            tmpfs={SECRETS: "size=16m,uid=1000,gid=1000,mode=700"},
            mem_limit=_MEMORY,
            memswap_limit=_MEMORY,
            pids_limit=64,
            cpu_shares=256,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            ulimits=[Ulimit(name="fsize", soft=_LARGEST_FILE, hard=_LARGEST_FILE)],
            log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
        )
        made = self._client.create_container(
            image=_IMAGE,
            name=name,
            command=list(COMMAND),
            entrypoint=["sh"],
            user="1000:1000",
            working_dir="/tmp",  # noqa: S108 - in the container
            environment={"HOME": "/tmp"},  # noqa: S108
            labels={f"org.nightdesk.{key}": value for key, value in labels.items()},
            host_config=config,
            stdin_open=True,
        )
        return str(made["Id"])

    def _file(self, container: str, name: str, most: int) -> IO[bytes]:
        """A file that the program left; at most so many bytes of it and one more, which says that there is more."""
        chunks, _ = self._client.get_archive(container, f"{OUT}/{name}")
        kept = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the caller closes it
        with tarfile.open(fileobj=cast("IO[bytes]", Chunks(chunks)), mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                while file is not None and kept.tell() <= most and (piece := file.read(2**20)):
                    kept.write(piece)
        kept.seek(0)
        return kept
