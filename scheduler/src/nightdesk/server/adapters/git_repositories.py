"""The port ``Repositories``: git runs in a container of the platform's base, not where the engine's socket is.

What a repository holds is anybody's, and git has a long history of being talked into things. So it gets a
container of its own, without rights and without anything worth reading, and only plain files come out of it.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import IO, Any, cast

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from nightdesk.server.domain.errors import EngineError
from nightdesk.server.ports.builder import BuildFailed, Interrupted, Say

_IMAGE = "nightdesk/base:latest"
_SECONDS = 300
_LOOK_SECONDS = 0.2
_MOST_BYTES = 200 * 2**20
_SCRIPT = """\
set -e
mkdir /tmp/repository && cd /tmp/repository
git init --quiet .
git fetch --quiet --depth 1 --no-tags -- "$NIGHTDESK_ADDRESS" "$NIGHTDESK_REF"
git checkout --quiet --force FETCH_HEAD
git rev-parse HEAD >/tmp/commit
rm -rf .git
"""
# What a repository says must not make git run programs, ask anybody, or read other places.
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
}


class GitRepositories:
    """Repositories over http and https, one commit deep."""

    def __init__(self, project: str, certificates: Path, proxies: Mapping[str, str]) -> None:
        """``certificates`` are trusted instead of the system's, where the file is there."""
        self._project = project
        self._certificates = certificates
        self._proxies = proxies
        self._client = docker.APIClient(timeout=60, version="auto")

    def fetch(self, address: str, ref: str, into: Path, say: Say, stop: Event) -> str:
        say(f"Fetching {ref or 'the default branch'} of {address}.\n")
        container = ""
        try:
            container = self._create(address, ref)
            self._client.start(container)
            self._wait(container, say, stop)
            commit = b"".join(file.read() for file, _ in self._files(container, "/tmp/commit"))  # noqa: S108
            self._take(container, into)
            return commit.decode("ascii").strip()
        except ImageNotFound:
            raise EngineError(f"{_IMAGE} is not on this machine", "Run `make up`.") from None
        except APIError as error:
            raise EngineError(str(error.explanation or error)) from error
        except (DockerException, RequestException, HTTPError) as error:
            raise EngineError(f"the container engine does not answer: {type(error).__name__}") from error
        finally:
            if container:
                with contextlib.suppress(DockerException, RequestException, HTTPError):
                    self._client.remove_container(container, force=True)

    def _create(self, address: str, ref: str) -> str:
        trusted = self._certificates.read_bytes() if self._certificates.is_file() else b""
        settings = {**_SETTINGS, **({"http.sslCAInfo": "/tmp/ca"} if trusted else {})}  # noqa: S108
        environment = {
            "HOME": "/tmp",  # noqa: S108 - in a container that goes at once
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": str(len(settings)),
            "NIGHTDESK_ADDRESS": address,
            "NIGHTDESK_REF": ref or "HEAD",
            **self._proxies,
        }
        for number, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        labels = {"org.nightdesk.project": self._project, "org.nightdesk.role": "fetch"}
        made = self._client.create_container(
            image=_IMAGE,
            command=["timeout", str(_SECONDS), "sh", "-c", _SCRIPT],
            entrypoint=[],
            user="1000:1000",
            working_dir="/tmp",  # noqa: S108
            environment=environment,
            labels=labels,
            host_config=self._client.create_host_config(
                init=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                pids_limit=64,
                mem_limit="1g",
                memswap_limit="1g",
            ),
        )
        container = str(made["Id"])
        if trusted:
            self._client.put_archive(container, "/tmp", _tar("ca", trusted))  # noqa: S108
        return container

    def _wait(self, container: str, say: Say, stop: Event) -> None:
        while (state := self._client.inspect_container(container)["State"])["Running"]:
            if stop.wait(_LOOK_SECONDS):
                raise Interrupted
        if state["ExitCode"] == 0:
            return
        if state["ExitCode"] == 124:  # how `timeout` tells
            raise BuildFailed(f"the repository has not come within {_SECONDS} s")
        said = self._client.logs(container, tail=20).decode("utf-8", "replace").strip()
        say(f"{said}\n")
        last = said.splitlines()[-1][:300] if said else f"git ended with {state['ExitCode']}"
        raise BuildFailed(
            f"the repository could not be fetched: {last}",
            "Look at its address and at the branch, tag or commit. It has to be readable without signing in.",
        )

    def _take(self, container: str, into: Path) -> None:
        total = 0
        for file, entry in self._files(container, "/tmp/repository"):  # noqa: S108
            parts = entry.name.split("/")[1:]
            if not parts or ".." in parts or parts[0] == ".git":
                continue
            target = into.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = file.read(_MOST_BYTES - total + 1)
            total += len(content)
            if total > _MOST_BYTES:
                raise BuildFailed(
                    f"the repository holds more than {_MOST_BYTES / 2**20:.0f} MB",
                    "Give the recipe a repository of its own.",
                )
            target.write_bytes(content)
            target.chmod(0o755 if entry.mode & 0o100 else 0o644)

    def _files(self, container: str, path: str) -> Iterator[tuple[IO[bytes], tarfile.TarInfo]]:
        """The plain files at a path in the container; nothing else comes out."""
        chunks, _ = self._client.get_archive(container, path)
        with tarfile.open(fileobj=cast("IO[bytes]", Chunks(chunks)), mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield file, member


class Chunks:
    """Pieces of bytes as a file that is read from start to end."""

    def __init__(self, chunks: Any) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (piece := next(self._chunks, b"")):
            self._rest += piece
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def _tar(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
