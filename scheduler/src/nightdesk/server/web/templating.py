"""Pages are rendered on the server; everything that comes from people is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from nightdesk.navigation import ADMINS, HOME, MINE, PLACES
from nightdesk.server.domain.leaving import in_words
from nightdesk.server.domain.outcome import human_bytes, human_seconds
from nightdesk.server.services.finish import iso
from nightdesk.server.web import wording
from nightdesk.server.web.folders import folders_of

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    bytes=human_bytes,
    seconds=human_seconds,
    iso=iso,
    when=wording.when,
    took=wording.took,
    left=wording.left,
    capital=wording.capital,
    owner=in_words,
    figure=wording.figure,
    tree=folders_of,
)
_templates.globals.update(places=PLACES, own_places=MINE, admins_place=ADMINS, home=HOME)


def render(name: str, **values: Any) -> str:
    """The page as text."""
    return _templates.get_template(name).render(**values)
