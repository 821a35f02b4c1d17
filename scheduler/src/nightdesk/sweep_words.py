"""How people write sets of parameters: on the command line and in the form on the page."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

DRAWN = ("uniform", "loguniform", "int", "choice")


class Unreadable(ValueError):
    """What was written means nothing; `message` says why, `hint` how it is written."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def grid_of(lines: Sequence[str]) -> dict[str, list[Any]]:
    """`lr=0.1,0.01`: values between commas, or a JSON list. Raises Unreadable."""
    grid: dict[str, list[Any]] = {}
    for text in lines:
        name, value = _pair(text)
        if name in grid:
            raise Unreadable(f"{name} is given twice", "Name all its values at once.")
        grid[name] = _values(text, value)
    return grid


def point_of(text: str) -> dict[str, str]:
    """`lr=0.1 depth=2`: one set of parameters, as a shell reads it. Raises Unreadable."""
    import shlex

    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise Unreadable(f"{text[:100]!r} cannot be read: {str(error).lower()}") from error
    point: dict[str, str] = {}
    for part in parts:
        name, value = _pair(part)
        if name in point:
            raise Unreadable(f"{text[:100]!r} has {name} twice")
        point[name] = value
    if not point:
        raise Unreadable("a set of parameters is empty", "For example lr=0.1 depth=2.")
    return point


def draws_of(lines: Sequence[str]) -> dict[str, dict[str, Any]]:
    """`lr=loguniform:0.0001,0.1`, `depth=int:1,8`, `model=choice:linear,tree`. Raises Unreadable."""
    draws: dict[str, dict[str, Any]] = {}
    for text in lines:
        name, value = _pair(text)
        kind, colon, rest = value.partition(":")
        if not colon or kind not in DRAWN:
            raise Unreadable(
                f"{text[:100]!r} is no NAME=KIND:VALUES",
                "Write lr=uniform:0,1, lr=loguniform:0.0001,0.1, depth=int:1,8 or model=choice:a,b.",
            )
        if name in draws:
            raise Unreadable(f"{name} is given twice")
        if kind == "choice":
            draws[name] = {"kind": kind, "values": _values(text, rest)}
        else:
            low, high = _ends(text, rest, whole=kind == "int")
            draws[name] = {"kind": kind, "low": low, "high": high}
    return draws


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise Unreadable(f"{text[:100]!r} is no NAME=VALUES", "For example lr=0.1,0.01.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Unreadable(f"{name!r} is not UTF-8 text")
    return name, value.strip()


def _values(text: str, value: str) -> list[Any]:
    if not value.startswith("["):
        return [each.strip() for each in value.split(",")]
    import json

    try:
        return list(json.loads(value, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{text[:100]!r} is no JSON list: {error}") from error


def _ends(text: str, value: str, *, whole: bool) -> tuple[float, float]:
    parts = value.split(",")
    try:
        if len(parts) != 2:
            raise ValueError(value)
        low, high = (int(part) if whole else float(part) for part in parts)
        if low != low or high != high or abs(low) == float("inf") or abs(high) == float("inf"):
            raise ValueError(value)
    except ValueError:
        kind = "whole numbers" if whole else "numbers"
        raise Unreadable(f"{text[:100]!r} needs two {kind}, such as 1,8") from None
    return low, high


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")
