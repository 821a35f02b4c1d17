"""Asking the platform's api what somebody may start. The last answer for each person is kept, and the hub
goes on with it while the api is away.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from nightdesk_hub.offers import Member, NoOffers, Offers, parse_offers

log = logging.getLogger("JupyterHub.offers")

ANSWER_SECONDS = 2.0


class ApiAway(Exception):
    """The api does not answer; the last answer may do."""


#: Asks for one person's offers. Raises ApiAway, or NoOffers when the api refuses.
Ask = Callable[[Member], Awaitable[Any]]


def ask_api(url: str, token: str) -> Ask:
    """Asking the api at `url` with the hub's own token."""

    async def ask(member: Member) -> Any:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {token}"}
        query = [("user", member.name), ("admin", str(member.admin).lower())]
        query += [("group", group) for group in member.groups]
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(url, params=query) as answer,
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

    async def offers_for(self, member: Member) -> Offers:
        """What this person may start now.

        Raises:
            NoOffers: nothing; the message is for the person.
        """
        try:
            answer = await self._ask(member)
        except ApiAway as error:
            return self._last(member, error)
        try:
            offers = parse_offers(answer, member)
        except ValueError as error:
            return self._last(member, error)
        except NoOffers:
            self._keep(member.name, answer)
            raise
        self._keep(member.name, answer)
        return offers

    def forget(self, user: str) -> None:
        """Drop what was kept for somebody who is gone."""
        if self._entries().pop(user, None) is not None:
            self._write()

    def _last(self, member: Member, why: Exception) -> Offers:
        log.warning("no offers for %s from the api (%s): taking the last ones", member.name, why)
        try:
            return parse_offers(self._entries()[member.name], member)
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
