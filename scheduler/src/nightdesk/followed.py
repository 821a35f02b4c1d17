"""What a run, a pipeline and a sweep from code have in common: they are asked for anew, and waited for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nightdesk.background import Client
    from nightdesk.client.events import Waiting


class Known(TypedDict):
    """What the platform says of each."""

    id: str
    name: str
    url: str


class Events(Protocol):
    """The client's way to follow one of them to its end."""

    def __call__(
        self, id: str, /, *, waiting: Waiting | None = None, patient: bool = True
    ) -> Iterator[object]: ...


_Answer = TypeVar("_Answer", bound=Known)


class Followed(ABC, Generic[_Answer]):
    """Something on the platform, as it was when it was last asked for; `refresh` asks anew."""

    _what: str

    def __init__(self, client: Client, answer: _Answer) -> None:
        self._client = client
        self.answer = answer
        """All that the platform said of it, as docs/api.md has it."""

    @property
    def id(self) -> str:
        """Its name in addresses and commands."""
        return self.answer["id"]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.answer["name"]

    @property
    def url(self) -> str:
        """Its page."""
        return self.answer["url"]

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether nothing of it waits or goes on."""

    @abstractmethod
    def refresh(self) -> Self:
        """Ask the platform how it is now."""

    def _until_over(self, events: Events, timeout: float | None) -> Self:
        """As it is at its end, waited for over restarts of the platform and broken connections.

        Raises TimeoutError where it goes on after so many seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout

        def look(_lost: float = 0.0) -> None:
            if deadline is not None and time.monotonic() > deadline:
                raise _NotYet

        try:
            for _event in events(self.id, waiting=look, patient=True):
                look()
        except _NotYet:
            if not self.refresh().over:
                words = f"{self._what} {self.id} is {self._state} after {timeout:g} s; it goes on"
                raise TimeoutError(words) from None
        return self.refresh()

    @property
    def _state(self) -> str:
        return "not over"

    def _html(self, told: str) -> str:
        """A line for a notebook: a link to its page, and what is told of it, as HTML."""
        from html import escape

        link = f'<a href="{escape(self.url)}" target="_blank" rel="noopener">{escape(self.name)}</a>'
        return f"<p>{link} <code>{self.id}</code> {told}</p>"


class _NotYet(Exception):
    """The time to wait is over."""
