"""Notebooks without what running them leaves in them, so that a difference between two is one of code.

What goes are outputs, execution counts, and what Jupyter and papermill note about an execution. All else stays as it
was, order and indentation too. Outputs of a cell stay where it says so, as nbstripout has it: by the tag or the metadata
`keep_output`, or for the whole notebook by its metadata. Standard library only.
"""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Notes about an execution, or about how a cell was looked at.
_OF_CELLS = ("ExecuteTime", "collapsed", "execution", "papermill", "scrolled", "heading_collapsed", "hidden")
_OF_NOTEBOOKS = ("signature", "widgets", "papermill")
_INDENT = re.compile(rb"[\[{]\r?\n([ \t]+)\S")


class NoNotebook(Exception):
    """What was to be stripped is no notebook."""


def stripped(content: bytes) -> bytes:
    """The notebook without outputs; the same bytes where there is nothing to take away. Raises NoNotebook."""
    if not content.strip():
        return content
    mark = (
        f"number-{os.urandom(8).hex()} "  # numbers are written as they were: as text, until it is text again
    )
    try:
        notebook = json.loads(content.decode("utf-8"), parse_float=lambda number: mark + number)
    except (ValueError, RecursionError) as error:
        raise NoNotebook(f"it is no JSON: {error}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise NoNotebook("it is JSON, but no notebook")
    if not _strip(notebook):
        return content
    found = _INDENT.search(content)
    indent = found[1].decode("ascii") if found else None
    ends = b"\r\n" if b"\r\n" in content else b"\n"
    text = json.dumps(notebook, ensure_ascii=False, indent=indent, separators=(",", ": " if indent else ":"))
    text = re.sub(f'"{mark}([^"]*)"', r"\1", text)
    made = text.encode("utf-8", "surrogatepass").replace(b"\n", ends)
    return made + ends if content.endswith(b"\n") else made


def _strip(notebook: dict[str, Any]) -> bool:
    """Take it all away; whether there was something."""
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    changed = _drop(metadata, _OF_NOTEBOOKS)
    keeps_all = bool(metadata.get("keep_output"))
    for cell in _cells(notebook):
        changed = _strip_cell(cell, keeps_all) or changed
    return changed


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of nbformat 4, or those of the worksheets of nbformat 3."""
    sheets = notebook.get("worksheets")
    holders = [notebook, *(sheets if isinstance(sheets, list) else [])]
    found = [holder.get("cells") for holder in holders if isinstance(holder, dict)]
    return [cell for cells in found if isinstance(cells, list) for cell in cells if isinstance(cell, dict)]


def _strip_cell(cell: dict[str, Any], keeps_all: bool) -> bool:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    keeps = keeps_all or _keeps(metadata)
    changed = _drop(metadata, _OF_CELLS)
    if cell.get("cell_type") != "code":
        return changed
    if not keeps and cell.get("outputs"):
        cell["outputs"] = []
        changed = True
    for name in ("execution_count", "prompt_number"):
        if cell.get(name) is not None and not keeps:
            cell[name] = None
            changed = True
    return changed


def _keeps(metadata: dict[str, Any]) -> bool:
    tags = metadata.get("tags")
    tagged = isinstance(tags, list) and "keep_output" in tags
    said = metadata.get("keep_output")
    if said is not None:
        return bool(said)
    return tagged or bool(metadata.get("init_cell"))


def _drop(metadata: dict[str, Any], names: tuple[str, ...]) -> bool:
    found = [name for name in names if name in metadata]
    for name in found:
        del metadata[name]
    return bool(found)
