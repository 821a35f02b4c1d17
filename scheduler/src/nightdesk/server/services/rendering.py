"""A notebook as a page that can do nothing: no scripts, nothing from elsewhere.

Runs in a process of its own (see ``services/drawing_room.py``): nbconvert is large, and a notebook may be. The page is made in
pieces, from its top on, so that a reader of a large one sees its beginning while the rest is being made.
"""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from nightdesk.server.services.formulas import of_latex_output
from nightdesk.server.services.scripted import without_script
from nightdesk.server.services.widget_view import views_of

LARGE = 2**20  # bytes of a notebook: of a larger one the frame is sent before it is read
_FIRST_BYTES = 64 * 1024  # of the notebook's own JSON in the first piece
_PIECE_BYTES = 512 * 1024  # and in each further one
_MOST_CELLS = 50  # of a piece
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# What is not in sight need not be laid out: a page of thousands of cells is there at once.
_STYLE = (
    "<style>.jp-Cell{content-visibility:auto;contain-intrinsic-size:auto 9rem}math[display=block]{margin:.6em 0}"
    ".widget{font-family:system-ui,sans-serif;font-size:.9rem}.widget table{border-collapse:collapse}"
    ".widget .row{display:flex;gap:.6em;flex-wrap:wrap;align-items:center}"
    ".coming{position:sticky;top:0;z-index:1;margin:0;padding:.5em 1em;font-family:system-ui,sans-serif;font-size:.9rem;"
    "background:#fff8d6;color:#333}.scripted{font-family:system-ui,sans-serif;font-size:.9rem;color:#555}.now{margin:1em;font-family:system-ui,sans-serif;font-size:.9rem;color:#555}</style>"
)
# There is no script to take it away again: a further style does, behind the last cell.
_COMING = '<p class="coming" role="status">A large notebook: its cells are coming …</p>'
# What is laid out from its end on is seen at its end first: no script can go there, and browsers follow no #now in a frame.
_END_FIRST = (
    "<style>html{height:100%;overflow:hidden}main{flex:none;margin-bottom:auto}"
    "body{box-sizing:border-box;height:100%;margin:0;overflow:auto;display:flex;flex-direction:column-reverse}</style>"
)
_NOW = '<p class="now" id="now">{}</p>'
_NONE_YET = "None of its {} cells has been executed yet."
_ALL_THERE = "<style>.coming{display:none}</style>"


@functools.cache
def _exporter(cells_alone: bool) -> Any:
    from nightdesk.server.services.formulas import PageExporter  # heavy: only where something is rendered

    exporter = PageExporter(
        template_name="lab", template_file="base.html.j2" if cells_alone else "index.html.j2"
    )
    exporter.require_js_url = ""
    exporter.mathjax_url = ""
    exporter.jquery_url = ""
    exporter.mermaid_js_url = ""
    exporter.embed_images = False
    return exporter


def _made(node: Any, title: str, code: bool, cells_alone: bool) -> str:
    exporter = _exporter(cells_alone)
    exporter.exclude_input = exporter.exclude_output_prompt = not code
    body, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": title}})
    return str(body)


def warm() -> None:
    """Import and make what any page needs, so that a fork of this process begins with it."""
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# $x$"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "1", "execution_count": 1, "outputs": []},
    ]
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": "python"}}}
    to_html(json.dumps({**document, "cells": cells}).encode(), "")


def html_pieces(file: Any, title: str, code: bool = True) -> Iterator[bytes]:
    """The notebook in an open file as HTML, piece by piece; it is served in a sandbox, so scripts in it stay dead.

    Of a large one the frame comes before it is known whether it is a notebook at all. Without ``code`` the inputs of its
    cells are left out: what they printed and showed stays.
    """
    return _pieces_of(file, title, code, None)


def pieces_so_far(file: Any, title: str, cell: int) -> Iterator[bytes]:
    """What a notebook that is being executed has up to ``cell``, the number of the code cell it is at; 0: before the first."""
    return _pieces_of(file, title, True, cell)


def _pieces_of(file: Any, title: str, code: bool, until: int | None) -> Iterator[bytes]:
    head, foot = _frame(title, code)
    if until is not None:
        head = head.replace("</head>", f"{_END_FIRST}</head>", 1)
    large = file.seek(0, io.SEEK_END) > LARGE
    file.seek(0)
    if large:
        yield f"{head}{_COMING}".encode("utf-8", "replace")
    raw = json.loads(file.read().decode("utf-8", "replace"))
    if raw.get("nbformat") != 4:
        raw = _upgraded(raw)
    cells_of_it, end = (raw["cells"], "") if until is None else _until(raw["cells"], until)
    metadata = dict(raw.get("metadata", {}))
    widgets = views_of(metadata.pop("widgets", {}).get(_WIDGET_STATE, {}))
    if not large:
        yield head.encode("utf-8", "replace")
    for cells in _pieces(cells_of_it):
        for cell in cells:
            _prepare(cell, widgets)
        part = nbformat.from_dict({**_empty(raw), "metadata": metadata, "cells": cells})
        yield _made(part, title, code, cells_alone=True).encode("utf-8", "replace")
    yield f"{end}{_ALL_THERE if large else ''}</main>{foot}".encode("utf-8", "replace")


def _frame(title: str, code: bool) -> tuple[str, str]:
    """What stands before the cells, and behind them."""
    body = _made(nbformat.from_dict(_empty({})), title, code, cells_alone=False)
    # The template's own: its scripts would load typesetting and widgets from elsewhere.
    head, _, foot = _SCRIPT.sub("", body).partition("</main>")
    return head.replace("</head>", f"{_STYLE}</head>", 1), foot


def _until(cells: list[Any], number: int) -> tuple[list[Any], str]:
    """The cells up to the code cell of this number, and in words what follows."""
    places = [place for place, cell in enumerate(cells) if cell["cell_type"] == "code"]
    count = len(places)
    if number >= count:
        return cells, _NOW.format(f"Cell {count} of {count}, the last one.")
    said = (
        f"Cell {number} of {count}: what follows is not executed yet." if number else _NONE_YET.format(count)
    )
    return cells[: places[number]], _NOW.format(said)


def _empty(node: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": node.get("nbformat_minor", 5), "metadata": {}, "cells": []}


def _upgraded(raw: dict[str, Any]) -> Any:
    return nbformat.reads(json.dumps(raw), as_version=4)


def _pieces(cells: list[Any]) -> Iterator[list[Any]]:
    piece: list[Any] = []
    size, most = 0, _FIRST_BYTES
    for cell in cells:
        piece.append(_joined(cell))
        size += _weight(cell)
        if size >= most or len(piece) >= _MOST_CELLS:
            yield piece
            piece, size, most = [], 0, _PIECE_BYTES
    if piece:
        yield piece


def _weight(cell: Any) -> int:
    """Bytes of it, nearly."""
    shown = 0
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        shown += sum(len(value) for value in data.values() if isinstance(value, str))
        shown += len(output.get("text", ""))
    return len(cell.get("source", "")) + shown


def _joined(cell: Any) -> Any:
    """Texts that a file keeps as lists of lines, whole."""
    cell["source"] = _text(cell.get("source", ""))
    for output in cell.get("outputs", ()):
        if "text" in output:
            output["text"] = _text(output["text"])
        data = output.get("data", {})
        for kind, value in data.items():
            if isinstance(value, list) and not kind.endswith("json"):
                data[kind] = _text(value)
    return cell


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _prepare(cell: Any, widgets: dict[str, str]) -> None:
    """What a browser shows by a script alone is put as something that needs none: formulas, what widgets stood at, plots."""
    for output in cell.get("outputs", ()):
        data = output.get("data")
        if not data:
            continue
        view = data.pop(_WIDGET_VIEW, None)
        if isinstance(view, dict) and view.get("model_id") in widgets:
            data["text/html"] = widgets[view["model_id"]]
        elif "text/latex" in data and "text/html" not in data:
            data["text/html"] = of_latex_output(data.pop("text/latex"))
        else:
            without_script(data)


def to_html(source: bytes, title: str, code: bool = True) -> bytes:
    """The whole page at once."""
    return b"".join(html_pieces(io.BytesIO(source), title, code))
