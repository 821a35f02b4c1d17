"""What the platform answers about a file that is not handed over yet, as types."""

from __future__ import annotations

from typing import Any, TypedDict

from nightdesk.client.answers import NamedEnvironment


class SeenKernel(TypedDict):
    name: str
    display_name: str
    language: str


class SeenParameter(TypedDict):
    """One variable of a parameters cell; `types` empty: it takes anything; `computed`: its default is no literal."""

    name: str
    types: list[str]
    optional: bool
    default: Any
    computed: bool
    help: str


class Inspection(TypedDict):
    """A file that a submit would take; `parameters` null: any name goes."""

    file: str
    kind: str
    environment: NamedEnvironment
    kernel: SeenKernel | None
    cells: int
    parameters: list[SeenParameter] | None
    notes: list[str]
