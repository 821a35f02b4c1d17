"""The form for a build: what was typed, what it means, and the list of packages as a file."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import File, Form, UploadFile

from nightdesk.server.domain.build import BuildKind
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.services.request_build import REQUIREMENTS, BuildRequest
from nightdesk.server.services.submit import Files

MAX_BYTES = 2**20  # of the form with the list in it
_CONDA = re.compile(r"^dependencies\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form as they were typed; see :class:`Build` for what they mean."""

    kind: BuildKind = BuildKind.REQUIREMENTS
    environment: str = ""
    version: str = ""
    title: str = ""
    description: str = ""
    channel: str = ""
    source: str = ""
    ref: str = ""
    folder: str = ""
    text: str = ""

    def request(self) -> BuildRequest:
        """What is asked for."""
        names = {field.name for field in fields(BuildRequest)} & {field.name for field in fields(self)}
        values = {name: getattr(self, name) for name in names}
        return BuildRequest(**{**values, "channel": self.channel or None})

    def files(self, listed: UploadFile | None) -> Files | None:
        """The list of packages as it is sent along: a file that was chosen, else what was pasted.

        Raises:
            Invalid: there is no list, there are two, or it is no text.
        """
        if self.kind is not BuildKind.REQUIREMENTS:
            return None
        chosen = listed.file.read(MAX_BYTES) if listed is not None and listed.filename else b""
        if chosen and self.text.strip():
            raise Invalid(
                "there are two lists: one was pasted, one was chosen as a file", "Send one of them."
            )
        content = chosen or self.text.encode().replace(b"\r\n", b"\n")
        if not content.strip():
            raise Invalid("there is no list of packages", "Paste one, or choose a file.")
        return packed(_name(listed.filename if chosen and listed else None, content), content)


def typed(
    kind: Annotated[BuildKind, Form()],
    environment: Annotated[str, Form()] = "",
    version: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    channel: Annotated[str, Form()] = "",
    source: Annotated[str, Form()] = "",
    ref: Annotated[str, Form()] = "",
    folder: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Typed:
    """The form as it was sent."""
    return Typed(kind, environment, version, title, description, channel, source, ref, folder, text)


ListFile = Annotated[UploadFile | None, File(description="requirements.txt or environment.yaml")]


def packed(name: str, content: bytes) -> Files:
    """One file as what is sent along with a build."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    size = buffer.tell()
    buffer.seek(0)
    return Files(buffer, size)


def _name(chosen: str | None, content: bytes) -> str:
    """What the list is called: its own name where that says what it is, else by what stands in it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Invalid("the list of packages is no text in UTF-8", "Choose another file.") from None
    name = PurePosixPath((chosen or "").replace("\\", "/")).name
    if name in REQUIREMENTS:
        return name
    return "environment.yaml" if _CONDA.search(text) else "requirements.txt"
