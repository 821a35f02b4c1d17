"""What cannot be done, in words for whoever asked."""

from __future__ import annotations


class Refused(Exception):
    """`kind` is one of the platform's words for errors: invalid, not_found, too_large, unavailable."""

    def __init__(self, kind: str, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.hint = hint

    def as_json(self) -> dict[str, object]:
        """As it goes into the answer."""
        return {"ok": False, "kind": self.kind, "words": self.words, "hint": self.hint}


def human(count: float) -> str:
    """Bytes as people write them."""
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{count / 2**10:.0f} KB"
