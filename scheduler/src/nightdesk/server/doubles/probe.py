"""The port ``Probe`` in memory: says what it is told to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nightdesk.connection_places import ConnectionMount
from nightdesk.server.domain.errors import EngineError


class MemoryProbe:
    """``words`` is what is said of a step that failed, empty: all are well; ``away`` is an engine that does not answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[Mapping[str, Any]], list[ConnectionMount]]] = []
        self.words = ""
        self.away = False

    def tried(
        self, image: str, openings: Sequence[Mapping[str, Any]], places: Iterable[ConnectionMount]
    ) -> list[dict[str, Any]]:
        """The same of each."""
        if self.away:
            raise EngineError("the container engine does not answer")
        self.asked.append((image, list(openings), list(places)))
        step = {"name": "login", "ok": not self.words, "words": self.words or "let in"}
        return [{"ok": not self.words, "steps": [step], "words": step["words"], "hint": ""} for _ in openings]
