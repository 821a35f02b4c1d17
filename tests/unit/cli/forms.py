"""Forms with files, as the server's own parser sees them."""

from __future__ import annotations

import io
from typing import Any

from python_multipart.multipart import parse_form


class Part:
    """One part of a form as the server's own parser saw it."""

    def __init__(self, filename: bytes | None, content: bytes) -> None:
        self.filename = filename
        self.content = content


def form(headers: dict[str, str], body: bytes) -> dict[str, Part]:
    """The parts of a form, by name."""
    parts: dict[str, Part] = {}

    def field(one: Any) -> None:
        parts[one.field_name.decode()] = Part(None, one.value)

    def file(one: Any) -> None:
        one.file_object.seek(0)
        parts[one.field_name.decode()] = Part(one.file_name, one.file_object.read())
        one.close()

    given = {
        "Content-Type": headers["content-type"].encode(),
        "Content-Length": headers["content-length"].encode(),
    }
    parse_form(given, io.BytesIO(body), field, file)
    return parts
