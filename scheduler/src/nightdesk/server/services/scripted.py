"""What a script would draw: no script runs on pages, so its picture stands there, or words that say what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_TAG = re.compile(r"<[^<>]*>")
_SHOWS = re.compile(r"<(?:img|svg|table|iframe|video|audio|object|progress|input)\b", re.IGNORECASE)
_BY_SCRIPT = "application/javascript"


@dataclass(frozen=True, slots=True)
class _Library:
    name: str
    kinds: str  # what its own kinds of output contain
    words: str  # what its scripts contain
    hint: str


_LIBRARIES = (
    _Library(
        "Plotly",
        "plotly",
        "plotly",
        'with kaleido and a Chrome in the image <code>fig.show("png")</code> keeps a picture',
    ),
    _Library(
        "Vega-Altair",
        "vega",
        "vegaembed",
        'with vl-convert-python in the image <code>alt.renderers.enable("png")</code> keeps a picture of each',
    ),
    _Library(
        "Bokeh",
        "bokeh",
        "bokeh",
        "<code>bokeh.io.export_png</code> makes a picture of it, where the image has a browser for that",
    ),
)


def without_script(data: dict[str, Any]) -> None:
    """Of an output that shows nothing without its script: leave its picture, or put words in its place."""
    html = data.get("text/html", "")
    scripted = isinstance(html, str) and "<script" in html.lower()
    kinds = [kind for kind in data if kind == _BY_SCRIPT or any(each.kinds in kind for each in _LIBRARIES)]
    if not (scripted or kinds) or (html and _shows_something(html)):
        return
    if any("bokehjs_load" in kind for kind in kinds):  # only makes ready for what follows
        data.clear()
        data["text/html"] = ""
        return
    pictured = any(kind in data for kind in _PICTURES)
    library = _library(kinds, html)
    if not pictured and not scripted and _BY_SCRIPT not in kinds and library is None:
        return
    for kind in (*kinds, "text/html"):
        data.pop(kind, None)
    if not pictured:
        data["text/html"] = _words(library, str(data.get("text/plain", "")))


def _library(kinds: list[str], html: str) -> _Library | None:
    lower = html.lower()
    for each in _LIBRARIES:
        if any(each.kinds in kind for kind in kinds) or each.words in lower:
            return each
    return None


def _words(library: _Library | None, text: str) -> str:
    what = f"A plot of {library.name}" if library else "Something"
    hint = f" To see it here as well: {library.hint}." if library else ""
    words = Markup(
        '<p class="scripted">{} is drawn by a script, and scripts do not run on this page.'
    ).format(what)
    shown = Markup(" It says of itself: <code>{}</code>.").format(text[:200]) if text and not library else ""
    return f"{words}{shown} Download the notebook and open it in JupyterLab.{hint}</p>"


def _shows_something(html: Any) -> bool:
    """Whether anything of it is seen without scripts. Each part is looked at once, however it was written."""
    left = _without(_without(_without(str(html), "<script", "</script"), "<style", "</style"), "<!--", "-->")
    return bool(_SHOWS.search(left)) or bool(_TAG.sub("", left).strip())


def _without(html: str, begin: str, end: str) -> str:
    lower, kept, at = html.lower(), [], 0
    while (found := lower.find(begin, at)) >= 0:
        kept.append(html[at:found])
        at = lower.find(end, found)
        if at < 0:
            return "".join(kept)
        at = lower.find(">", at) + 1 or len(html)
    return "".join([*kept, html[at:]])
