"""A notebook as a page that can do nothing: no scripts, nothing from elsewhere.

Runs in a process of its own (see ``services/drawing_room.py``): nbconvert is large, and a notebook may be.
"""

from __future__ import annotations

import functools
from typing import Any

import nbformat


@functools.cache
def _exporter(code: bool) -> Any:
    from nbconvert import HTMLExporter  # heavy: only where something is rendered

    exporter = HTMLExporter(template_name="lab", exclude_input=not code, exclude_output_prompt=not code)
    exporter.require_js_url = ""
    exporter.mathjax_url = ""
    exporter.jquery_url = ""
    exporter.mermaid_js_url = ""
    exporter.embed_images = False
    return exporter


def to_html(source: bytes, title: str, code: bool = True) -> bytes:
    """The notebook as HTML; it is served in a sandbox, so scripts in it stay dead.

    Without ``code`` the inputs of its cells are left out: what they printed and showed stays.
    """
    node = nbformat.reads(source.decode("utf-8", "replace"), as_version=4)
    body, _ = _exporter(code).from_notebook_node(node, resources={"metadata": {"name": title}})
    return str(body).encode("utf-8", "replace")
