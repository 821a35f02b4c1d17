"""Pictures of what a browser shows: for whoever looks at a test afterwards, and those that the docs have.

With `--renew-pictures` a picture whose name one of the docs mentions as `img/NAME.png` takes the place of the old one.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_COLOURS = 96  # of an interface enough, and a third of the bytes
MOST_BYTES = 120_000


class Album:
    """Where pictures go."""

    renewing = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, png: bytes) -> None:
        """Keep a picture; in the docs as well where they are to be renewed and have one of this name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.png").write_bytes(png)
        if Album.renewing and name in in_docs():
            (DOCS / "img" / f"{name}.png").write_bytes(small(png))


def in_docs() -> set[str]:
    """The names of the pictures that the docs have."""
    texts = [file.read_text("utf-8") for file in (*DOCS.glob("*.md"), ROOT / "README.md")]
    return {name for text in texts for name in re.findall(r"\bimg/([a-z0-9-]+)\.png", text)}


def small(png: bytes) -> bytes:
    """The picture in few colours: the same every time, and no larger than a page of text."""
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    assert written.tell() <= MOST_BYTES, f"{written.tell()} bytes are too many for the docs"
    return written.getvalue()


def add_options(parser: pytest.Parser) -> None:
    """The option of `make pictures`."""
    group = parser.getgroup("pictures")
    group.addoption("--renew-pictures", action="store_true", help="renew the pictures in docs/img")
