"""The port ``Sealing`` in memory: what is sealed stays here, and a slip is handed out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from nightdesk.server.domain.errors import Unavailable


class MemorySealing:
    """``keys`` are ids, newest first; take one out and what was sealed under it stays shut."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys or ("first",))
        self._kept: dict[str, tuple[str, str]] = {}

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self.keys[0]

    def seal(self, name: str, secrets: Mapping[str, Any]) -> str:
        """A slip for what is kept here."""
        slip = f"1.{self.newest}.{uuid.uuid4().hex}"
        self._kept[slip] = (name, json.dumps(dict(secrets)))
        return slip

    def open(self, name: str, sealed: str) -> dict[str, Any]:
        """What the slip is for."""
        kept = self._kept.get(sealed)
        if kept is None or kept[0] != name or self.key_of(sealed) not in self.keys:
            raise Unavailable(f"what '{name}' was sealed with is not there any more")
        return dict(json.loads(kept[1]))

    def key_of(self, sealed: str) -> str:
        """As it stands on the slip."""
        parts = sealed.split(".")
        return parts[1] if len(parts) == 3 else ""

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.keys
