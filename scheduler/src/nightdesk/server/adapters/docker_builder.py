"""The port ``Workshop``: images are made by BuildKit through its own client, and tried in containers.

The client (``buildx``) is a program; all else goes over the Docker SDK. An image is made in the two steps of
setup/images.sh: its packages, and the platform's client on top.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Concatenate, ParamSpec, TypeVar

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from nightdesk.server.adapters.docker_trial import Trial
from nightdesk.server.adapters.subprocesses import run_aloud
from nightdesk.server.domain.build_failure import explain
from nightdesk.server.domain.errors import EngineError
from nightdesk.server.domain.layers import layers_of
from nightdesk.server.ports.builder import BuildFailed, ImageSeen, Interrupted, Order, Say

_BUILDX = "/usr/libexec/docker/cli-plugins/docker-buildx"
_BASE = "nightdesk/base:latest"
_LAB = "nightdesk/lab-extension:latest"
_HELD = "nightdesk/held"
_MEANWHILE = "nightdesk/build"
_BUILD_SECONDS = 3600.0
_ANSWER_SECONDS = 60
_KEPT_LOG = 100_000  # characters in which the cause of a failure is looked for
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class BuildPlaces:
    """Where things are: the platform's own ``images`` and ``scheduler`` below ``sources``, and below ``secrets``
    the files ``ca``, ``pip``, ``npm`` and ``proxies`` that setup/images.sh leaves there."""

    sources: Path
    secrets: Path
    scratch: Path

    def proxies(self) -> dict[str, str]:
        """This machine's proxies, by the names of their variables."""
        try:
            lines = (self.secrets / "proxies").read_text("utf-8").splitlines()
        except OSError:
            return {}
        pairs = (line.partition("=") for line in lines)
        return {name: value for name, _, value in pairs if name in PROXIES and value}


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _engine_call(
    method: Callable[Concatenate[DockerWorkshop, _P], _T],
) -> Callable[Concatenate[DockerWorkshop, _P], _T]:
    """Vendor errors become ours."""

    @wraps(method)
    def call(self: DockerWorkshop, /, *arguments: _P.args, **named: _P.kwargs) -> _T:
        try:
            return method(self, *arguments, **named)
        except APIError as error:
            raise EngineError(str(error.explanation or error)) from error
        except (DockerException, RequestException, HTTPError, OSError) as error:
            raise EngineError(f"the container engine does not answer: {type(error).__name__}") from error

    return call


class DockerWorkshop:
    """Builds and images on the engine of this machine."""

    def __init__(self, project: str, places: BuildPlaces) -> None:
        self._project = project
        self._places = places
        self._client = docker.APIClient(timeout=_ANSWER_SECONDS, version="auto")

    def make(self, order: Order, say: Say, stop: Event) -> str:
        packages = f"{_MEANWHILE}:{order.name}"
        self._build(
            order.folder, {"BASE": _BASE, **order.arguments}, {}, ["--load", "--tag", packages], say, stop
        )
        sources = self._places.sources
        labels = [part for name, value in order.labels.items() for part in ("--label", f"{name}={value}")]
        id_file = order.folder.parent / "image.id"
        self._build(
            sources / "images/client",
            {"BASE": packages, "TOOLS": _BASE, "LAB": _LAB},
            {"scheduler": sources / "scheduler", "base": sources / "images/base"},
            ["--load", "--iidfile", str(id_file), *labels],
            say,
            stop,
        )
        return id_file.read_text("ascii").strip()

    def _build(
        self,
        folder: Path,
        arguments: Mapping[str, str],
        contexts: Mapping[str, Path],
        options: list[str],
        say: Say,
        stop: Event,
    ) -> None:
        said: list[str] = []

        def heard(text: str) -> None:
            said.append(text)
            say(text)

        proxies = self._places.proxies()
        command = [_BUILDX, "build", "--progress", "plain", "--provenance=false", *options]
        for name in ("ca", "pip", "npm"):
            path = self._places.secrets / name
            if path.is_file() and path.stat().st_size:
                command += ["--secret", f"id={name},src={path}"]
        for name in proxies:
            command += ["--build-arg", name]
        for name, value in arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, context in contexts.items():
            command += ["--build-context", f"{name}={context}"]
        code = run_aloud([*command, str(folder)], self._environment(proxies), heard, stop, _BUILD_SECONDS)
        if code is None:
            raise BuildFailed(f"the build has not ended within {_BUILD_SECONDS / 60:.0f} minutes")
        if code != 0:
            raise BuildFailed("the image could not be built", _cause("".join(said)[-_KEPT_LOG:]))

    def _environment(self, proxies: Mapping[str, str]) -> dict[str, str]:
        home = self._places.scratch / ".buildx"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        return {**kept, **proxies, "HOME": str(home), "BUILDX_CONFIG": str(home)}

    @_engine_call
    def try_out(self, image: str, name: str, kit: bytes, say: Say, stop: Event) -> dict[str, Any]:
        return Trial(self._client, f"{self._project}-trial-{name}", self._project).run(image, kit, say, stop)

    @_engine_call
    def look(self, reference: str) -> ImageSeen | None:
        try:
            found = self._client.inspect_image(reference)
            history = self._client.history(found["Id"])
        except ImageNotFound:
            return None
        steps = [(str(step["CreatedBy"]), int(step["Size"])) for step in reversed(history)]
        layers = layers_of(found["RootFS"].get("Layers") or [], steps)
        return ImageSeen(str(found["Id"]), int(found["Size"]), tuple(layers))

    @_engine_call
    def pull(self, reference: str, say: Say, stop: Event) -> None:
        name, tag = _split(reference)
        try:
            for item in self._client.pull(name, tag=tag, stream=True, decode=True):
                if stop.is_set():
                    raise Interrupted
                if "error" in item:
                    raise BuildFailed(f"{reference} cannot be had: {item['error']}", _PULL_HINT)
                if "id" not in item:
                    say(f"{item.get('status', '')}\n")
        except APIError as error:
            words = str(error.explanation or error)
            raise BuildFailed(f"{reference} cannot be had: {words}", _PULL_HINT) from None

    @_engine_call
    def name(self, image: str, environment: str, version: str) -> str:
        repository = f"nightdesk/{environment}"
        before = self.look(f"{repository}:{version}")
        if before is not None and before.id != image:
            # Another platform on this machine has one of this name, or had; its runs ask for it by digest.
            self._client.tag(before.id, repository, f"was-{_short(before.id)}")
        self._client.tag(image, repository, version)
        self.hold({image: environment})
        return f"{repository}:{version}"

    def look_through(self, reference: str, stop: Event) -> None:
        # Before the first step with secrets on an image BuildKit 0.13 reads all its files, for seconds, and
        # remembers what it found.
        with (
            contextlib.suppress(BuildFailed, Interrupted, OSError),
            TemporaryDirectory(dir=self._places.scratch) as name,
        ):
            folder = Path(name)
            (folder / "Dockerfile").write_text(
                f"FROM {reference}\nUSER root\nRUN --mount=type=secret,id=pip true\n", "utf-8"
            )
            self._build(folder, {}, {}, ["--output", "type=cacheonly"], lambda _text: None, stop)

    @_engine_call
    def held_as(self, image: str) -> str | None:
        if self.look(image) is None:
            return None
        self.hold({image: ""})
        return f"{_HELD}:{self._own_tag(image)}"

    def base(self) -> ImageSeen | None:
        return self.look(_BASE)

    @_engine_call
    def hold(self, images: Mapping[str, str]) -> None:
        there = {str(found["Id"]): found.get("RepoTags") or [] for found in self._client.images()}
        for image in images:
            tag = self._own_tag(image)
            if image in there and f"{_HELD}:{tag}" not in there[image]:
                self._client.tag(image, _HELD, tag)

    @_engine_call
    def discard(self, image: str, environment: str) -> bool:
        try:
            names = set(self._client.inspect_image(image).get("RepoTags") or [])
        except ImageNotFound:
            return True
        if any(container["ImageID"] == image for container in self._client.containers(all=True)):
            return False
        own = f"{_HELD}:{self._own_tag(image)}"
        others = {name for name in names if name.startswith(f"{_HELD}:")} - {own}
        ours = (
            {name for name in names if name.startswith(f"nightdesk/{environment}:")} if not others else set()
        )
        gone = {own, *ours} & names
        for name in gone:  # with the last name the image itself goes; what somebody else named stays
            self._client.remove_image(name)
        if not names:
            self._client.remove_image(image)
        return not others

    def forget(self, name: str) -> None:
        with contextlib.suppress(DockerException, RequestException, HTTPError, OSError):
            self._client.remove_container(f"{self._project}-trial-{name}", force=True)
        with contextlib.suppress(DockerException, RequestException, HTTPError, OSError):
            self._client.remove_image(f"{_MEANWHILE}:{name}")

    def _own_tag(self, image: str) -> str:
        return f"{self._project}-{_short(image)}"


_PULL_HINT = "Look at its name, or bring it to this machine: `docker pull`, `docker load`."


def _cause(log: str) -> str:
    return explain(log) or "The log says which step failed, and why."


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:12]


def _split(reference: str) -> tuple[str, str | None]:
    """``host:5000/name:tag`` in two; a digest goes where the tag goes."""
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    name, mark, tag = reference.rpartition(":")
    return (name, tag) if mark and "/" not in tag else (reference, "latest")
