"""A code cell's outputs, assembled from a kernel's messages as Jupyter's own clients do it."""

from __future__ import annotations

import json

from .limits import Allowance
from .room import LEAST, Room, shorten, weight_of
from .screen import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KINDS = {
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}
SPLIT_TYPES = ("application/javascript", "image/svg+xml")


class Displays:
    """Outputs that were given a display id and follow its updates, in whichever cell they stand."""

    def __init__(self) -> None:
        self._shown: dict[str, list[tuple[Outputs, dict[str, Any]]]] = {}

    def add(self, display_id: str, owner: Outputs, output: dict[str, Any]) -> None:
        self._shown.setdefault(display_id, []).append((owner, output))

    def update(self, display_id: str, content: dict[str, Any]) -> None:
        for owner, output in self._shown.get(display_id, []):
            owner.renew(output, content)

    def forget(self, display_id: str, output: dict[str, Any]) -> None:
        self._shown[display_id] = [shown for shown in self._shown[display_id] if shown[1] is not output]


class Outputs:
    """Appends to `items` in place: the list that the notebook's cell holds."""

    def __init__(
        self, items: list[dict[str, Any]], displays: Displays, allowance: Allowance, room: Room
    ) -> None:
        self.items = items
        self._displays = displays
        self._allowance = allowance
        self._room = room
        self._marker: dict[str, Any] | None = None
        self._ids: list[tuple[str, dict[str, Any]]] = []
        self._clear_at_next = False

    @property
    def left_out(self) -> str:
        """Words about what found no room; empty when everything did."""
        return self._room.words()

    @property
    def printed_enough(self) -> bool:
        """Whether printed text is of no use any more."""
        return self._allowance.exhausted

    def stream(self, name: str, text: str) -> None:
        """Printed text: it continues the last output where that is of the same stream."""
        self._clear_if_asked()
        last = self.items[-1] if self.items else {}
        follows = last.get("output_type") == "stream" and last["name"] == name and last is not self._marker
        parts = last["text"] if follows else None
        if parts and text[:1] == "\r" and text[1:2] not in ("", "\n", "\r"):
            self._overwrite_last_line(parts)
            text = text[1:]
        text = self._allowance.take(text)
        if parts is not None:
            parts.append(text)
        elif text and self._has_room(LEAST):
            self.items.append({"output_type": "stream", "name": name, "text": [text]})

    def _overwrite_last_line(self, parts: list[str]) -> None:
        while parts:
            part = parts.pop()
            keep = part.rfind("\n") + 1
            self._allowance.give_back(part[keep:])
            if keep:
                parts.append(part[:keep])
                return

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Anything else that is shown; kinds that are not outputs are passed over."""
        fields = KINDS.get(kind)
        if fields is None:
            return
        self._clear_if_asked()
        output = {"output_type": kind, **{field: content[field] for field in fields}}
        display_id = (content.get("transient") or {}).get("display_id")
        if kind == "error":
            shorten(output)
            self.items.append(output)
            return
        if display_id:
            self._displays.update(display_id, content)
        if not self._has_room(weight_of(output)):
            return
        if display_id:
            self._displays.add(display_id, self, output)
            self._ids.append((display_id, output))
        self.items.append(output)

    def renew(self, output: dict[str, Any], content: dict[str, Any]) -> None:
        """Show something else in an output's place; it stays as it is where the new one finds no room."""
        if self._has_room(weight_of(content), instead_of=weight_of(output)):
            output["data"] = content["data"]
            output["metadata"] = content["metadata"]

    def _has_room(self, weight: int, instead_of: int = 0) -> bool:
        """Take the room; where there is none, one marker says how much was left out since."""
        if self._room.take(weight, instead_of):
            return True
        if self._marker is None:
            self._marker = {"output_type": "stream", "name": "stderr", "text": []}
            self.items.append(self._marker)
        self._marker["text"] = [self._room.words()]
        return False

    def clear(self, wait: bool) -> None:
        """`clear_output`: now, or with `wait` when the next output comes."""
        self._clear_at_next = True
        if not wait:
            self._clear_if_asked()

    def _clear_if_asked(self) -> None:
        if not self._clear_at_next:
            return
        self._clear_at_next = False
        weight = 0
        for output in self.items:
            if output is self._marker:
                continue
            if output["output_type"] == "stream":
                self._allowance.give_back("".join(output["text"]))
                weight += LEAST
            elif output["output_type"] != "error":
                weight += weight_of(output)
        self._room.give_back(weight)
        self._marker = None
        self.items.clear()
        for display_id, output in self._ids:
            self._displays.forget(display_id, output)
        self._ids.clear()

    def leave_out(self, larger_than: int) -> None:
        """Put words in the place of every output that takes more bytes than that."""
        for index, output in enumerate(self.items):
            size = len(json.dumps(output))
            if size > larger_than:
                words = f"[nightdesk: an output of {size:,} bytes was left out, because storage is full]\n"
                self.items[index] = {"output_type": "stream", "name": "stderr", "text": [words]}

    def settle(self, mask: Callable[[str], str] = str) -> None:
        """Bring all outputs into the form a notebook file has; more may still come.

        Printed text is masked as a whole: what came in pieces too slow to wait for is together here.
        """
        for output in self.items:
            if output["output_type"] == "stream":
                output["text"] = mask(visible("".join(output["text"]))).splitlines(keepends=True)
            elif "data" in output:
                for mime, value in output["data"].items():
                    if isinstance(value, str) and (mime.startswith("text/") or mime in SPLIT_TYPES):
                        output["data"][mime] = value.splitlines(keepends=True)
