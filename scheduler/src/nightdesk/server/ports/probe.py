"""What the services need to try a connection from where runs are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from nightdesk.connection_places import ConnectionMount


class Probe(Protocol):
    """Tries connections in a container of the runs' network."""

    def tried(
        self, image: str, openings: Sequence[Mapping[str, Any]], places: Iterable[ConnectionMount]
    ) -> list[dict[str, Any]]:
        """How each went: ``{"ok", "steps": [{"name", "ok", "words"}], "words", "hint"}``.

        Args:
            image: the digest of the one to try in.
            openings: what code would be handed, of each login.
            places: of the machine, that are mounted.

        Raises:
            EngineError: it could not be tried.
        """
