"""The table of a sweep: its columns, and its rows in the order that somebody chose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_LONGEST = 60  # characters of a value


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is what addresses sort by; ``kind`` one of place, parameter, status, metric and took."""

    key: str
    title: str
    kind: str

    def value(self, member: dict[str, Any]) -> Any:
        """What stands there in this row; None where nothing does."""
        if self.kind == "parameter":
            return member["parameters"].get(self.title)
        if self.kind == "metric":
            return member["metrics"].get(self.title)
        return member[{"place": "place", "status": "status", "took": "took_seconds"}[self.kind]]

    def shown(self, member: dict[str, Any]) -> str:
        """A parameter as text; a dash where the run goes without it."""
        if self.title not in member["parameters"]:
            return "\N{EN DASH}"
        value = member["parameters"][self.title]
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def columns_of(document: dict[str, Any]) -> list[Column]:
    """Place, what differs, what was measured, status, how long it took."""
    return [
        Column("place", "#", "place"),
        *(Column(f"p:{name}", name, "parameter") for name in document["varied"]),
        *(Column(f"m:{name}", name, "metric") for name in document["metrics"]),
        Column("status", "Status", "status"),
        Column("took", "Took", "took"),
    ]


def in_order(document: dict[str, Any], columns: list[Column], sort: str) -> list[dict[str, Any]]:
    """The rows by a column, ``-KEY`` the other way round; those without a value last, whichever way."""
    members: list[dict[str, Any]] = document["members"]
    column = next((each for each in columns if each.key == sort.removeprefix("-")), None)
    if column is None:
        return members
    there = [each for each in members if column.value(each) is not None]
    there.sort(key=lambda each: _rank(column.value(each)), reverse=sort.startswith("-"))
    return there + [each for each in members if column.value(each) is None]


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers by their size before everything else by its text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (0, float(value), "") if abs(value) < 1e300 else (0, 1e300 if value > 0 else -1e300, "")
    return (1, 0.0, value if isinstance(value, str) else json.dumps(value))
