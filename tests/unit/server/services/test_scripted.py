"""What a script would draw is a picture where there is one, and words where there is none; all else stays as it is."""

from __future__ import annotations

import time
from typing import Any

import pytest
from nightdesk.server.services.scripted import without_script

from .test_rendering import display, shown

PLOTLY = "application/vnd.plotly.v1+json"
PNG = "iVBORw0KGgo="
DIV = '<div> <div id="a"></div><script>Plotly.newPlot("a", [])</script><style>#a {color: red}</style><!-- x --></div>'


@pytest.mark.parametrize(
    ("data", "name", "hint"),
    [
        ({PLOTLY: {"data": []}, "text/html": DIV, "text/plain": "Figure()"}, "Plotly", "kaleido"),
        ({PLOTLY: {"data": []}, "text/plain": "Figure()"}, "Plotly", "kaleido"),
        ({"text/html": DIV}, "Plotly", "kaleido"),
        (
            {"application/vnd.vegalite.v5+json": {}, "text/plain": "alt.Chart(...)"},
            "Vega-Altair",
            "vl-convert",
        ),
        (
            {"text/html": "<div id='v'></div><script>vegaEmbed('#v', {})</script>", "text/plain": "Chart"},
            "Vega-Altair",
            "vl-convert",
        ),
        ({"application/javascript": "x", "application/vnd.bokehjs_exec.v0+json": ""}, "Bokeh", "export_png"),
        ({"application/javascript": "alert(1)"}, "Something", "JupyterLab"),
        ({"text/html": "<SCRIPT>draw()</SCRIPT>", "text/plain": "<Sketch & co>"}, "Something", "JupyterLab"),
    ],
)
def test_words_say_what_is_missing(data: dict[str, Any], name: str, hint: str) -> None:
    made = shown({"output_type": "display_data", "metadata": {}, "data": data}).decode()
    assert "is drawn by a script, and scripts do not run on this page." in made
    assert name in made
    assert hint in made
    assert "<script" not in made.lower()
    if "Sketch" in str(data):
        assert "&lt;Sketch &amp; co&gt;" in made


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
def test_a_picture_in_the_same_output_is_shown(kind: str) -> None:
    picture = PNG if kind == "image/png" else "<svg><circle r='1'/></svg>"
    data = {PLOTLY: {"data": []}, "text/html": DIV, "text/plain": "Figure()", kind: picture}
    made = shown({"output_type": "display_data", "metadata": {}, "data": data}).decode()
    assert f'src="data:{kind};base64,' in made
    assert "newPlot" not in made
    assert "do not run" not in made


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td></td></tr></table><script>sort()</script>",
        "<p>words</p><script>1</script>",
        "<script>1</script><img src='data:image/png;base64,x'>",
        "plain",
    ],
)
def test_what_shows_something_by_itself_stays(html: str) -> None:
    data = {"text/html": html, "text/plain": "x"}
    without_script(data)
    assert data == {"text/html": html, "text/plain": "x"}


def test_other_outputs_stay() -> None:
    for data in (
        {"image/png": PNG, "text/plain": "x"},
        {"text/plain": "x"},
        {"application/json": {"a": 1}},
        {"text/html": ""},
    ):
        kept = dict(data)
        without_script(data)
        assert data == kept
    assert (
        "BokehJS"
        not in shown(
            display(text__html="<script>BokehJS</script>", **{"application/vnd.bokehjs_load.v0+json": ""})
        ).decode()
    ), "what only makes ready shows nothing"


@pytest.mark.parametrize("bad", ["<script", "<", "<style>", "<!--", "<script></script"])
def test_however_it_was_written_it_is_looked_at_once(bad: str) -> None:
    data = {"text/html": bad * (2_000_000 // len(bad)) + "<script>"}
    began = time.process_time()
    without_script(data)
    assert time.process_time() - began < 5
