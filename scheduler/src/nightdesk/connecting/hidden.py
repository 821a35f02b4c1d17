"""Secrets that are text like any other, and do not show when somebody prints what holds them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Hidden(str):
    """Text whose `repr` says nothing: tools that print variables with an error print that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[secret]'"


def hidden(value: Any) -> Any:
    """JSON with every text in it as :class:`Hidden`."""
    if isinstance(value, str):
        return Hidden(value)
    if isinstance(value, dict):
        return {key: hidden(each) for key, each in value.items()}
    if isinstance(value, list):
        return [hidden(each) for each in value]
    return value


def texts(value: Any) -> list[str]:
    """Every text in this JSON."""
    if isinstance(value, str):
        return [str(value)]
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return []
