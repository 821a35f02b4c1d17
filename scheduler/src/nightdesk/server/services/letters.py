"""What of a report can be sent on: one HTML file as mail programs keep it, and a PDF. Runs in the process that renders.

Both stand on the same plain body: what a list lets stay of the notebook's or the page's markup, without scripts, forms,
frames and whatever is loaded from elsewhere.
"""

from __future__ import annotations

import base64
import functools
import re
from typing import Any

import nbformat
from markupsafe import escape

_PICTURES = (
    "data:image/png;",
    "data:image/jpeg;",
    "data:image/gif;",
    "data:image/webp;",
    "data:image/svg+xml;",
)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL | re.IGNORECASE)
_STYLE = """
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #1d2433; background: #ffffff; margin: 0 auto; padding: 16px; }
body { max-width: 900px; }
h1 { font-size: 24px; margin: 16px 0 8px; }
h2 { font-size: 20px; margin: 16px 0 8px; }
h3 { font-size: 16px; margin: 12px 0 6px; }
p { margin: 8px 0; }
img { max-width: 100%; }
a { color: #2c5fb3; }
pre { font: 13px/1.4 Menlo, Consolas, monospace; white-space: pre-wrap; margin: 6px 0; padding: 8px; background: #f5f7fa; }
table { border-collapse: collapse; margin: 8px 0; font-size: 13px; }
th, td { border: 1px solid #dfe3ea; padding: 4px 8px; text-align: left; }
blockquote { margin: 8px 0; padding-left: 12px; border-left: 4px solid #dfe3ea; }
.source { color: #5b6578; font-size: 13px; border-top: 1px solid #dfe3ea; padding-top: 8px; }
"""
_PRINT = """
@page { size: A4; margin: 18mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 9px; } }
body { max-width: none; padding: 0; font: 11px/1.5 "DejaVu Sans", sans-serif; }
pre { font: 9px/1.4 "DejaVu Sans Mono", monospace; }
table { font-size: 9px; }
h1, h2, h3 { break-after: avoid; }
tr, img { break-inside: avoid; }
"""


def mail_of(source: bytes, kind: str, title: str, code: bool, said: str) -> bytes:
    """One HTML file: styles on the elements themselves, pictures in it, nothing that runs or is loaded.

    Args:
        source: a notebook, an HTML page or Markdown.
        kind: ``notebook``, ``html`` or ``markdown``.
        title: the report's.
        code: whether the inputs of cells are shown.
        said: where it comes from, in words below it.
    """
    import css_inline

    page = _page(_body(source, kind, code), title, said, _STYLE)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
    return inliner.inline(page).encode("utf-8", "replace")


def pdf_of(source: bytes, kind: str, title: str, code: bool, said: str) -> bytes:
    """The same as PDF. Whatever is not in the document itself is not fetched."""
    from weasyprint import HTML, URLFetcher

    page = _page(_body(source, kind, code), title, said, _STYLE + _PRINT)
    only_inline = URLFetcher(timeout=1, allowed_protocols={"data"}, allow_redirects=False)
    written: bytes = HTML(string=page, url_fetcher=only_inline).write_pdf()
    return written


def _page(body: str, title: str, said: str, style: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style></head>'
        f'<body><h1>{escape(title)}</h1>{body}<p class="source">{escape(said)}</p></body></html>'
    )


def _body(source: bytes, kind: str, code: bool) -> str:
    text = source.decode("utf-8", "replace")
    if kind == "notebook":
        node: Any = nbformat.reads(text, as_version=4)
        text, _ = _plain_exporter(code).from_notebook_node(node)
    elif kind == "markdown":
        import mistune

        render = mistune.create_markdown(escape=True, plugins=["table", "strikethrough", "task_lists"])
        text = str(render(text))
    return _clean(_DRAWING.sub(_as_picture, text))


def _as_picture(found: re.Match[str]) -> str:
    """A drawing in the text as a picture: it runs nothing there."""
    drawing = found[0]
    if "xmlns=" not in drawing.split(">", 1)[0]:
        drawing = drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    data = base64.b64encode(drawing.encode("utf-8", "replace")).decode()
    return f'<img alt="" src="data:image/svg+xml;base64,{data}">'


def _clean(markup: str) -> str:
    import nh3

    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    attributes["*"] = {"class", "title", "align", "colspan", "rowspan"}
    return nh3.clean(
        markup,
        tags=nh3.ALLOWED_TAGS - {"map", "area"},
        clean_content_tags={"script", "style", "iframe", "object", "embed", "template", "noscript", "title"},
        attributes=attributes,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "data"},
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    """Pictures are in the document, links lead to the web."""
    if name == "src":
        return value if tag == "img" and value.lower().startswith(_PICTURES) else None
    if name == "href":
        return value if value.lower().startswith(("http://", "https://", "mailto:", "#")) else None
    return value


@functools.cache
def _plain_exporter(code: bool) -> Any:
    from nbconvert import HTMLExporter  # heavy: only where something is rendered

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=not code,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.embed_images = False
    return exporter
