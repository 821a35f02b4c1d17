"""A notebook as a page that can do nothing: no scripts, nothing from elsewhere.

Runs in a process of its own (see ``web/outputs.py``): nbconvert is large, and a notebook may be.
"""

from __future__ import annotations

import functools
from typing import Any

import nbformat


@functools.cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter  # heavy: only where something is rendered

    exporter = HTMLExporter(template_name="lab")
    exporter.require_js_url = ""
    exporter.mathjax_url = ""
    exporter.jquery_url = ""
    exporter.mermaid_js_url = ""
    exporter.embed_images = False
    return exporter


def to_html(source: bytes, title: str) -> bytes:
    """The notebook as HTML; it is served in a sandbox, so scripts in it stay dead."""
    node = nbformat.reads(source.decode("utf-8", "replace"), as_version=4)
    body, _ = _exporter().from_notebook_node(node, resources={"metadata": {"name": title}})
    return str(body).encode("utf-8", "replace")
