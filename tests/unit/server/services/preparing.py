"""A notebook as the tests hand it over, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.services.notebook import Prepared, prepare

from ..workbench import VERSION, code

PARAMETERS = code(
    ["year = 2026  # of the report\n", "region: str | None = None\n", "rate = 0.5"], "parameters"
)


def checked(raw: bytes, given: dict[str, Any] | None = None, text: bool = False) -> Prepared:
    """Prepared for the version of the tests."""
    return prepare(raw, VERSION, given or {}, text)


def document(prepared: Prepared) -> nbformat.NotebookNode:
    """What the runner gets: a valid notebook of format 4."""
    node = nbformat.from_dict(json.loads(prepared.source.decode("utf-8")))
    nbformat.validate(node)
    assert node.nbformat == 4
    return node


def refusal(raw: bytes, given: dict[str, Any] | None = None, text: bool = False) -> tuple[str, str]:
    """Message and hint of the refusal."""
    with pytest.raises(Invalid) as caught:
        checked(raw, given, text)
    return caught.value.message, caught.value.hint or ""
