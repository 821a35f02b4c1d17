"""Masking: the secrets of connections that the code was given do not leave the runner.

Whoever hands a secret to the code appends it to the file `$NIGHTDESK_MASKS` before, as a line `{"secrets": […]}`.
Whatever is to be shown is looked through after the file, so that nothing that the code did with a secret is
ever ahead of it. This is a net for accidents, not a wall: code that wants to show a secret finds a form of its own.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARK = "[secret]"
HEAD = 20
"""Characters of a long form by which it is recognised, so that one which was cut, as in a table, is too."""
READ_BYTES = 1_000_000
MOST = 1_000
"""Secrets of one run."""
# What a terminal or a page does not show; it may stand in the midst of a secret that is coloured.
COLOURS = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\[[0-9;?]*$|$)")
TAGS = re.compile(r"<[^<>]*>")
PICTURES = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
"""Beginnings of the types whose content is no text; of images SVG alone is."""


class Masks:
    """What is to be masked, as the file at `path` has it by now."""

    def __init__(self, path: str) -> None:
        self.masked = False
        """Whether anything was."""
        self.known = 0
        """How many secrets there are; it only grows."""
        self.path = path
        self._offset = 0
        self._secrets: set[str] = set()
        self._forms: dict[str, list[str]] = {}
        self._pattern: re.Pattern[str] | None = None
        self._longest = 0

    def look(self) -> bool:
        """Take in what was appended to the file; whether there is anything to mask."""
        try:
            if os.stat(self.path).st_size != self._offset:
                self._read()
        except OSError:
            pass  # nobody was given a secret, or somebody tidied up: what is known stays known
        return self._pattern is not None

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return self._text(text) if self.look() else text

    def value(self, value: Any) -> Any:
        """The same for all the text in a JSON value; what has to change is made anew."""
        return self._value(value) if self.look() else value

    def shown(self, content: dict[str, Any]) -> dict[str, Any]:
        """The same for what a kernel says is to be shown, or for an output of a notebook."""
        if not self.look():
            return content
        return {
            key: self._bundle(value) if key == "data" and isinstance(value, dict) else self._value(value)
            for key, value in content.items()
        }

    def find(self, text: str, *, more: bool = False) -> tuple[list[tuple[int, int]], int]:
        """Where secrets begin and end. With `more` text to come, also where one begins that may end there."""
        unseen = COLOURS if "\x1b" in text else None
        view = View(text, unseen)
        spans, tail = self._find(view.text, more)
        found = [(view.place(begin), view.place(end - 1) + 1) for begin, end in spans]
        return found, view.place(tail) if tail < len(view.text) else len(text)

    def _find(self, text: str, more: bool) -> tuple[list[tuple[int, int]], int]:
        spans: list[tuple[int, int]] = []
        at = 0
        while self._pattern:
            found = self._pattern.search(text, at)
            if not found:
                break
            begin, end = found.span()
            if more and len(text) - begin < self._longest and self._may_become_one(text[begin:]):
                return spans, begin
            for form in self._forms[found.group()]:
                end = max(end, begin + _common(form, text, begin))
            spans.append((begin, end))
            at = end
        return spans, self._tail(text, at) if more else len(text)

    def _may_become_one(self, text: str) -> bool:
        return any(form.startswith(text) and form != text for forms in self._forms.values() for form in forms)

    def _tail(self, text: str, at: int) -> int:
        """Where the end of `text` begins that is the beginning of a form; its length when there is none."""
        tail = len(text)
        for forms in self._forms.values():
            for form in forms:
                begin = text.find(form[0], max(at, len(text) - len(form) + 1), tail)
                while begin >= 0:
                    if form.startswith(text[begin:]):
                        tail = begin
                        break
                    begin = text.find(form[0], begin + 1, tail)
        return tail

    def _text(self, text: str, unseen: re.Pattern[str] | None = None) -> str:
        if "\x1b" in text:
            unseen = COLOURS
        view = View(text, unseen)
        spans, _ = self._find(view.text, more=False)
        if not spans:
            return text
        self.masked = True
        kept, at = [], 0
        for first, last in spans:
            begin, end = view.place(first), view.place(last - 1) + 1
            kept += [text[at:begin], MARK, *(unseen.findall(text[begin:end]) if unseen else ())]
            at = end
        return "".join([*kept, text[at:]])

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, dict):
            return {self._value(key): self._value(each) for key, each in value.items()}
        return value

    def _bundle(self, data: dict[str, Any]) -> dict[str, Any]:
        """A value for each type: pictures are left as they are, tags may stand in the midst of a secret."""
        masked: dict[str, Any] = {}
        for mime, value in data.items():
            if mime.startswith(PICTURES) and "svg" not in mime:
                masked[mime] = value
                continue
            masked[mime] = self._value(value)
            if ("html" in mime or "svg" in mime) and isinstance(value, str):
                masked[mime] = self._text(masked[mime], TAGS)
        return masked

    def _read(self) -> None:
        with open(self.path, "rb") as file:
            if os.fstat(file.fileno()).st_size < self._offset:
                self._offset = 0  # another file by now
            file.seek(self._offset)
            chunk = file.read(READ_BYTES)
        whole = chunk.rfind(b"\n") + 1
        if not whole and len(chunk) == READ_BYTES:
            whole = READ_BYTES  # a line of that length holds no secrets
        self._offset += whole
        before = len(self._secrets)
        for line in chunk[:whole].splitlines():
            self._secrets.update(_secrets_of(line)[: MOST - len(self._secrets)])
        if len(self._secrets) > before:
            self._compile()

    def _compile(self) -> None:
        from .secret_forms import forms_of

        forms = {form for secret in self._secrets for form in forms_of(secret) if form not in MARK}
        self._forms = {}
        for form in sorted(forms):
            self._forms.setdefault(form[:HEAD], []).append(form)
        heads = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, heads))) if heads else None
        self._longest = max(map(len, forms), default=0)
        self.known = len(self._secrets)


class View:
    """A text without what nobody sees, and where each of its characters stands in the whole."""

    def __init__(self, text: str, unseen: re.Pattern[str] | None) -> None:
        self.text = text
        self._starts: list[int] = []
        self._places: list[int] = []
        if unseen is None:
            return
        parts, at, length = [], 0, 0
        for found in unseen.finditer(text):
            self._add(length, at)
            parts.append(text[at : found.start()])
            length += found.start() - at
            at = found.end()
        self._add(length, at)
        self.text = "".join([*parts, text[at:]])

    def _add(self, start: int, place: int) -> None:
        self._starts.append(start)
        self._places.append(place)

    def place(self, index: int) -> int:
        """Where in the whole text the character at `index` of this one is."""
        if not self._starts:
            return index
        part = bisect_right(self._starts, index) - 1
        return self._places[part] + index - self._starts[part]


class Seam:
    """One stream's text without secrets, wherever its pieces end.

    The end of a piece that may be a secret's beginning is held back. Once it was shown nevertheless, it is
    remembered, so that only that beginning of a secret is ever seen.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._tail = ""
        self._shown = 0

    @property
    def held(self) -> int:
        """Characters of a secret's beginning of which some are held back; 0 when none are."""
        return len(self._tail) if len(self._tail) > self._shown else 0

    def feed(self, text: str) -> str:
        """What may be shown of what was held back and of `text`."""
        return self._take(self._tail + text, more=True)

    def release(self) -> str:
        """What is held back, because nothing may follow it soon."""
        text = self._tail
        shown = self._take(text, more=False)
        _, begin = self._masks.find(text, more=True)
        self._tail = text[begin:]
        self._shown = len(self._tail)
        return shown

    def _take(self, text: str, *, more: bool) -> str:
        spans, tail = self._masks.find(text, more=more)
        kept, at = [], self._shown
        for begin, end in spans:
            if end > at:
                self._masks.masked = True
                kept += [text[at:begin], MARK]
                at = end
        kept.append(text[at:tail])
        self._tail = text[tail:]
        self._shown = max(0, at - tail)
        return "".join(kept)


def _common(form: str, text: str, begin: int) -> int:
    """How many characters of `form` stand in `text` from `begin` on; its head does."""
    if text.startswith(form, begin):
        return len(form)
    low, high = min(len(form), HEAD), min(len(form), len(text) - begin)
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(form[:middle], begin):
            low = middle
        else:
            high = middle - 1
    return low


def _secrets_of(line: bytes) -> list[str]:
    try:
        secrets = json.loads(line)["secrets"]
    except (ValueError, TypeError, KeyError):
        return []
    return [each for each in secrets if isinstance(each, str)] if isinstance(secrets, list) else []
