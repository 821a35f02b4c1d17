"""Notebooks for tests, from the text of their cells."""

from __future__ import annotations

import json
from typing import Any


def code(source: str, *tags: str) -> dict[str, Any]:
    """A code cell."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "source": source,
    }


def document(*cells: str | dict[str, Any], kernel: str | None = "python3") -> dict[str, Any]:
    """A notebook of format 4; text becomes a code cell. Without a kernel it names none."""
    made = [code(cell) if isinstance(cell, str) else dict(cell) for cell in cells]
    for number, cell in enumerate(made, 1):
        cell["id"] = f"cell-{number}"
    metadata: dict[str, Any] = {}
    if kernel:
        metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def notebook(*cells: str | dict[str, Any], kernel: str | None = "python3") -> bytes:
    """The same as the bytes of a file."""
    return json.dumps(document(*cells, kernel=kernel)).encode()


def printed(executed: bytes) -> str:
    """All that the cells of an executed notebook printed."""
    cells = json.loads(executed)["cells"]
    texts = [output.get("text", "") for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(text) for text in texts)
