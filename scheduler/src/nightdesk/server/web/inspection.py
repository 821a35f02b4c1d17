"""The REST route that looks at a file before it is handed over: what a form asks for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, ConfigDict

from nightdesk.server.domain.parameters import Parameter
from nightdesk.server.services.inspection import default_shown, inspect
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.part import read_part
from nightdesk.server.web.paths import API

router = APIRouter(prefix=API, tags=["runs"])


class InspectRequest(BaseModel):
    """The part ``request`` of an inspection."""

    model_config = ConfigDict(extra="forbid")

    file: str
    environment: str | None = None


@router.post("/notebooks/inspect")
def inspect_file(
    platform: Platform,
    person: SignedIn,
    source: Annotated[UploadFile, File(description="the notebook or script")],
    request: Annotated[str, Form(description="which file it is, and where it is to run, as JSON")],
) -> dict[str, Any]:
    """What a notebook or script can be asked for, and whether a submit would take it. Nothing is kept."""
    wanted = read_part(InspectRequest, request)
    raw = source.file.read(platform.settings.runs.max_source_bytes + 1)
    seen = inspect(platform.records, platform.settings, person, wanted.file, wanted.environment, raw)
    kernel = seen.kernel and {
        "name": seen.kernel.name,
        "display_name": seen.kernel.display_name,
        "language": seen.kernel.language,
    }
    return {
        "file": wanted.file,
        "kind": seen.kind,
        "environment": {"name": seen.version.environment, "version": seen.version.version},
        "kernel": kernel,
        "cells": seen.cells,
        "parameters": None if seen.parameters is None else [_shape(each) for each in seen.parameters],
        "notes": list(seen.notes),
    }


def _shape(parameter: Parameter) -> dict[str, Any]:
    default, known = default_shown(parameter)
    return {
        "name": parameter.name,
        "types": sorted(parameter.kinds),
        "optional": parameter.optional,
        "default": default,
        "computed": not known,
        "help": parameter.help,
    }
