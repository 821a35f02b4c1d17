"""Names with stars, as people search for them."""

from __future__ import annotations


class Pattern:
    """``*report*``: each star stands for any characters, and case does not count.

    Without a star it is one name, to the letter. Read in one go along the name, so that no pattern
    takes long.
    """

    def __init__(self, text: str) -> None:
        self.exact = "*" not in text
        self._text = text
        parts = text.lower().split("*")
        self.part = max((part for part in parts if part.isascii()), key=len, default="")
        """What every name that is meant contains, whatever the case: for a database to begin with."""
        self._first, *middle = parts
        self._last = middle.pop() if middle else ""
        self._middle = [part for part in middle if part]

    def fits(self, name: str) -> bool:
        """Whether the name is meant."""
        if self.exact:
            return name == self._text
        name = name.lower()
        at, end = len(self._first), len(name) - len(self._last)
        if at > end or not name.startswith(self._first) or not name.endswith(self._last):
            return False
        for part in self._middle:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True
