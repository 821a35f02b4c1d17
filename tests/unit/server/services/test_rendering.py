"""A notebook as a page: in pieces from its top on, with formulas, tables, pictures and widgets, and no script."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from multiprocessing import Pipe
from typing import Any

import pytest
from nightdesk.server.services.drawing_room import PLACE, RemoteFile
from nightdesk.server.services.rendering import html_pieces
from nightdesk.server.services.widget_view import views_of

from ..workbench import code

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def shown(*outputs: dict[str, Any], source: str = "1", **metadata: Any) -> bytes:
    """A notebook whose one cell showed that, as the pieces of its page together."""
    cell = {**code(source), "outputs": list(outputs), "execution_count": 1}
    return page([cell], **metadata)


def page(cells: list[dict[str, Any]], code: bool = True, **metadata: Any) -> bytes:
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return b"".join(html_pieces(io.BytesIO(json.dumps(document).encode()), "T", code))


def display(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {kind.replace("__", "/"): each for kind, each in data.items()},
    }


def test_formulas_need_no_script() -> None:
    text = (
        r"Inline $x^2$, and $$\int_0^1 \frac{a}{b}$$"
        + "\n\n"
        + r"\begin{align*} a &= b \\ c &= d \end{align*}"
    )
    cell = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": text}
    made = page([cell]).decode()
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in made
    assert "<mfrac>" in made
    assert "<mtable" in made
    assert "$$" not in made
    assert "<script" not in made
    assert (
        "<msqrt>" in shown(display(text__latex=r"$\displaystyle \sqrt{2}$", text__plain="sqrt(2)")).decode()
    )
    odd = shown(display(text__latex="$" + "{" * 400 + "$")).decode()
    assert "{{{{" in odd, "what cannot be read is shown as it was written"


def test_widgets_show_what_they_stood_at() -> None:
    state = {
        "box": {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_bar", "IPY_MODEL_words"]}},
        "bar": {
            "model_name": "FloatProgressModel",
            "state": {"min": 0, "max": 200, "value": 50, "description": "<i>"},
        },
        "words": {"model_name": "HTMLModel", "state": {"value": "<b>50/200</b>"}},
        "pick": {"model_name": "DropdownModel", "state": {"_options_labels": ["red", "blue"], "index": 1}},
        "self": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_self"]}},
    }
    view = {
        "output_type": "display_data",
        "metadata": {},
        "data": {VIEW: {"model_id": "box"}, "text/plain": "HBox()"},
    }
    made = shown(view, widgets={STATE: {"state": state}}).decode()
    assert '<progress max="200.0" value="50.0">' in made
    assert "&lt;i&gt;" in made, "a label is no markup"
    assert "<b>50/200</b>" in made
    assert "unpkg" not in made
    assert "<strong>blue</strong>" in views_of({"state": state})["pick"]
    assert views_of({"state": state})["self"].count("<div") < 20, "a box in itself ends"
    for odd in (
        None,
        [],
        {"state": []},
        {"state": {"x": 1, "y": {"model_name": "ImageModel", "state": None}}},
    ):
        views_of(odd)


def test_what_code_showed_stays_in_its_place() -> None:
    made = shown(
        display(text__html="<table><tr><td>1</td></tr></table></main></body>"),
        display(image__png="iVBORw0KGgo="),
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "\x1b[31mred\x1b[0m <b>"]},
        source="print('the_source')",
    ).decode()
    assert "<td>1</td>" in made
    assert '<img alt="" src="data:image/png;base64,iVBORw0KGgo=' in made.replace('" \n', '"').replace(
        "\n", ""
    )
    assert 'class="ansi-red-fg"' in made
    assert "red</span> &lt;b&gt;" in made
    assert made.rstrip().endswith("</html>")
    hidden = page([{**code("the_source"), "outputs": [], "execution_count": 1}], code=False).decode()
    assert "the_source" not in hidden


def test_the_beginning_of_a_large_one_comes_first() -> None:
    """Measured by what was read of the pieces, not by a clock: the first ones are small."""
    text = "".join(f"line {number} of what was printed\n" for number in range(3000))
    cells = [
        {
            **code("1"),
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
            "execution_count": 1,
        }
        for _ in range(60)
    ]
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    file = Read(json.dumps(document).encode())
    made = html_pieces(file, "T")
    head = next(made)
    assert file.much == 0, "the frame comes before anything was read"
    assert b"its cells are coming" in head
    first = next(made)
    assert b"</main>" not in head
    assert len(first) < 200_000, "one cell of it"
    rest = list(made)
    assert len(rest) > 5
    assert max(map(len, rest)) < 2**20
    began = time.process_time()
    assert len(b"".join(rest)) > 5_000_000
    assert time.process_time() - began < 5
    assert b".coming{display:none}" in rest[-1], "they are there"


class Read(io.BytesIO):
    """A file that knows how much of it was read."""

    much = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.much += len(piece)
        return piece


def test_a_large_file_is_asked_for_in_few_pieces() -> None:
    content = bytes(range(256)) * 80 * 2**10
    ours, theirs = Pipe()
    asked = []

    def hand_over() -> None:
        with contextlib.suppress(EOFError):
            while True:
                start, length = PLACE.unpack(ours.recv_bytes()[1:])
                asked.append(length)
                ours.send_bytes(content[start : start + length])

    service = threading.Thread(target=hand_over)
    service.start()
    assert io.BufferedReader(RemoteFile(theirs, len(content)), 256 * 1024).read() == content
    theirs.close()
    service.join()
    ours.close()
    assert len(asked) == 3, asked


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"nbformat": 4}', b'{"attempt": 1}'])
def test_what_is_no_notebook_has_no_beginning(raw: bytes) -> None:
    with pytest.raises(Exception, match=r".*"):
        next(html_pieces(io.BytesIO(raw), "T"))
