"""What a person may start: environments, their versions, and sizes. The platform's api knows; the
hub keeps the last answer for each person and goes on with it while the api is away.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

log = logging.getLogger("JupyterHub.offers")

ANSWER_SECONDS = 2.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class NoOffers(Exception):
    """Nothing can be offered now; the message says why and what to do."""


class ApiAway(Exception):
    """The api does not answer; the last answer may do."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an environment. `digest` is the image that sessions are started from."""

    environment: str
    version: str
    digest: str
    channels: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    default: bool = False
    created_at: str = ""

    def __str__(self) -> str:
        return f"{self.environment}:{self.version}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named line of versions, newest first. There is at least one."""

    name: str
    title: str
    description: str
    versions: tuple[Version, ...]

    @property
    def default(self) -> Version:
        """The version for somebody who names none."""
        return next((version for version in self.versions if version.default), self.versions[0])


@dataclass(frozen=True, slots=True)
class Size:
    """A bundle of limits; `memory_bytes` is bytes."""

    name: str
    title: str
    cpus: float
    memory_bytes: int
    default: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """What one person may choose from. Neither part is empty."""

    environments: tuple[Environment, ...]
    sizes: tuple[Size, ...]

    @property
    def default_size(self) -> Size:
        """The size for somebody who names none."""
        return next((size for size in self.sizes if size.default), self.sizes[0])


def parse_offers(answer: Any) -> Offers:
    """Offers out of the api's answer.

    Raises:
        NoOffers: there is no environment or no size to choose.
        ValueError: the answer is not what the api promises.
    """
    try:
        environments = [_environment(each) for each in answer["environments"]]
        sizes = tuple(_size(each) for each in answer["sizes"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no list of offers: {error!r}") from None
    offered = tuple(environment for environment in environments if environment.versions)
    if not offered:
        raise NoOffers(
            "No environment is registered yet: an admin makes the first one with "
            "`nightdesk env build` (or `make up`, which builds those that come with Nightdesk)."
        )
    if not sizes:
        raise NoOffers("No size is offered: an admin names some under `sizes` in nightdesk.yaml.")
    return Offers(offered, sizes)


def _environment(each: dict[str, Any]) -> Environment:
    name = str(each["name"])
    versions = tuple(_version(name, version) for version in each["versions"])
    return Environment(name, each.get("title") or name, each.get("description") or "", versions)


def _version(environment: str, each: dict[str, Any]) -> Version:
    digest = str(each["digest"])
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is not the digest of an image")
    return Version(
        environment=environment,
        version=str(each["version"]),
        digest=digest,
        channels=tuple(each.get("channels") or ()),
        kernels=tuple(str(kernel["display_name"]) for kernel in each.get("kernels") or ()),
        default=bool(each.get("default")),
        created_at=each.get("created_at") or "",
    )


def _size(each: dict[str, Any]) -> Size:
    return Size(
        name=str(each["name"]),
        title=each.get("title") or str(each["name"]),
        cpus=float(each["cpus"]),
        memory_bytes=int(each["memory_bytes"]),
        default=bool(each.get("default")),
    )


#: Asks for one person's offers. Raises ApiAway, or NoOffers when the api refuses.
Ask = Callable[[str], Awaitable[Any]]


def ask_api(url: str, token: str) -> Ask:
    """Asking the api at `url` with the hub's own token."""

    async def ask(user: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(url, params={"user": user}) as answer,
            ):
                if answer.status >= 500 or answer.status == 429:
                    raise ApiAway(f"it answers with status {answer.status}")
                if answer.status != 200:
                    raise NoOffers(
                        f"The platform does not say what you may start (status {answer.status}). "
                        "An admin finds the reason in the log of the api."
                    )
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiAway(str(error) or "no answer in time") from None

    return ask


class OfferBook:
    """Everybody's offers, with the last good answers in a file."""

    def __init__(self, ask: Ask, file: Path) -> None:
        self._ask = ask
        self._file = file
        self._kept: dict[str, Any] | None = None

    async def offers_for(self, user: str) -> Offers:
        """What this person may start now.

        Raises:
            NoOffers: nothing; the message is for the person.
        """
        try:
            answer = await self._ask(user)
            offers = parse_offers(answer)
        except (ApiAway, ValueError) as error:
            log.warning("no offers for %s from the api (%s): taking the last ones", user, error)
            return self._last(user)
        self._keep(user, answer)
        return offers

    def forget(self, user: str) -> None:
        """Drop what was kept for somebody who is gone."""
        if self._entries().pop(user, None) is not None:
            self._write()

    def _last(self, user: str) -> Offers:
        try:
            return parse_offers(self._entries()[user])
        except (KeyError, ValueError):
            raise NoOffers(
                "The list of environments cannot be reached just now. Try again in a minute; if that "
                "does not help, tell an admin that the platform's api does not answer the hub."
            ) from None

    def _entries(self) -> dict[str, Any]:
        if self._kept is None:
            try:
                kept = json.loads(self._file.read_text("utf-8"))
            except FileNotFoundError:
                kept = {}
            except (OSError, ValueError) as error:
                log.warning("%s cannot be read, starting it anew: %s", self._file, error)
                kept = {}
            self._kept = kept if isinstance(kept, dict) else {}
        return self._kept

    def _keep(self, user: str, answer: Any) -> None:
        if self._entries().get(user) != answer:
            self._entries()[user] = answer
            self._write()

    def _write(self) -> None:
        """Replace the file in one step, so that a crash leaves the old one or the new one."""
        try:
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(self._entries(), out)
            Path(name).replace(self._file)
        except OSError as error:
            log.warning("could not keep the offers in %s: %s", self._file, error)
