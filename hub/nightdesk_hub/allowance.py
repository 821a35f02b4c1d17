"""How much a person may have: what of it their sessions and runs have already, and what to say when it is too much.

The numbers come with the api's offers, and are the last ones while the api is away. What sessions have the hub knows itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nightdesk_hub.offers import Size

#: From this part of its limit on a home is said to be nearly full.
WARN_AT = 0.9


class TooMuch(Exception):
    """It does not start; the message says which limit it is, and what to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one session has."""

    cpus: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits, None where there is none, and what runs and the home have taken of them."""

    sessions: int | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    home_bytes: int | None = None
    run_cpus: float = 0.0
    run_memory_bytes: int = 0
    home_holds: int | None = None

    @property
    def home_is_full(self) -> bool:
        """The home holds more than it may."""
        return (
            self.home_bytes is not None and self.home_holds is not None and self.home_holds > self.home_bytes
        )

    def check(self, size: Size, others: Iterable[Taken], sizes: Iterable[Size]) -> None:
        """Raise :class:`TooMuch` where one more session of this size is.

        Args:
            size: of the session that is to start.
            others: sessions of the same person that go on or are starting.
            sizes: all that the person may choose from.
        """
        taken = list(others)
        if self.sessions is not None and len(taken) >= self.sessions:
            raise TooMuch(
                "You may have no sessions."
                if not self.sessions
                else f"You have {_count(len(taken), 'session')}, and your limit is {self.sessions}. "
                "End one before you start another."
            )
        if self.home_is_full:
            self._check_smallest(size, list(sizes))
        cpus = sum(one.cpus for one in taken) + self.run_cpus
        if self.cpus is not None and cpus + size.cpus > self.cpus:
            raise TooMuch(
                f"{size.title} has {_cores(size.cpus)}. Your sessions and runs have {cpus:g} now, and your limit "
                f"is {self.cpus:g}. Choose a smaller size, or wait until some have ended."
            )
        memory = sum(one.memory_bytes for one in taken) + self.run_memory_bytes
        if self.memory_bytes is not None and memory + size.memory_bytes > self.memory_bytes:
            raise TooMuch(
                f"{size.title} has {amount(size.memory_bytes)} of memory. Your sessions and runs have "
                f"{amount(memory)} now, and your limit is {amount(self.memory_bytes)}. Choose a smaller size, "
                "or wait until some have ended."
            )

    def notices(self, sizes: Iterable[Size], taken: int) -> list[str]:
        """What somebody should know before they choose."""
        said = []
        if self.sessions is not None and taken >= self.sessions > 0:
            said.append(
                f"You have {_count(taken, 'session')}, as many as you may: end one before you start another."
            )
        if self.home_is_full:
            said.append(self._full_words(list(sizes)))
        elif self.home_bytes and self.home_holds is not None and self.home_holds >= WARN_AT * self.home_bytes:
            said.append(
                f"Your home is nearly full: it holds {amount(self.home_holds)} of {amount(self.home_bytes)}."
            )
        return said

    def _check_smallest(self, size: Size, sizes: list[Size]) -> None:
        if size != smallest(sizes):
            raise TooMuch(self._full_words(sizes))

    def _full_words(self, sizes: list[Size]) -> str:
        return (
            f"Your home holds {amount(self.home_holds or 0)}, and its limit is {amount(self.home_bytes or 0)}. "
            f"Start a session of size {smallest(sizes).title} and delete what you do not need any more; larger "
            "sessions and runs are refused until then. It is measured again when the session ends."
        )


def smallest(sizes: list[Size]) -> Size:
    """The size that takes least."""
    return min(sizes, key=lambda size: (size.memory_bytes, size.cpus, size.name))


def parse_allowance(answer: dict[str, Any]) -> Allowance:
    """Out of the api's answer; an older one says nothing of limits.

    Raises:
        ValueError: it is not what the api promises.
    """
    limits, used = answer.get("limits") or {}, answer.get("in_use") or {}
    try:
        return Allowance(
            sessions=_whole(limits.get("sessions")),
            cpus=None if limits.get("cpus") is None else float(limits["cpus"]),
            memory_bytes=_whole(limits.get("memory_bytes")),
            home_bytes=_whole(limits.get("home_bytes")),
            run_cpus=float(used.get("run_cpus") or 0),
            run_memory_bytes=int(used.get("run_memory_bytes") or 0),
            home_holds=_whole(used.get("home_bytes")),
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"no limits: {error!r}") from None


def amount(count: int) -> str:
    """`512 MiB`, `1.5 GiB`."""
    if count < 2**30:
        return f"{count / 2**20:.3g} MiB"
    return f"{count / 2**30:.4g} GiB"


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _cores(cpus: float) -> str:
    return "1 core" if cpus == 1 else f"{cpus:g} cores"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
