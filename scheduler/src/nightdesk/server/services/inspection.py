"""What a form needs to know of a file before it is handed over: its kernel, its cells, and what it can be asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.environment import Kernel, Version, choose, runnable
from nightdesk.server.domain.errors import TooLarge
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.parameters import COMPUTED, Parameter
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.submission import kind_of
from nightdesk.server.ports.records import Records
from nightdesk.server.services.notebook import declared, prepare
from nightdesk.server.services.submit import check_script


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file that would be accepted. ``parameters`` is None where nobody can tell: any name goes then."""

    kind: str
    version: Version
    kernel: Kernel | None
    cells: int
    parameters: list[Parameter] | None
    notes: tuple[str, ...]


def inspect(
    records: Records, settings: Settings, person: Person, file: str, environment: str | None, source: bytes
) -> Inspection:
    """Look at a file as a submit would, and put nothing on record.

    Raises:
        Refused: in the words that a submit would be answered with.
    """
    if len(source) > settings.runs.max_source_bytes:
        raise TooLarge(
            f"the file is larger than {human_bytes(settings.runs.max_source_bytes)}",
            "Clear its outputs before you submit it; data belongs in files.",
        )
    kind = kind_of(file)
    version = choose(runnable(records.versions(), person), environment)
    if kind == "script":
        check_script(source, version, file)
        return Inspection(kind, version, None, 0, None, ())
    prepared = prepare(source, version, {}, text=False)
    return Inspection(kind, version, prepared.kernel, prepared.cells, declared(prepared), prepared.notes)


def default_shown(parameter: Parameter) -> tuple[Any, bool]:
    """A default as JSON, and whether it is one: what is computed, or is no JSON, is told when it runs."""
    if parameter.default is COMPUTED:
        return None, False
    try:
        json.dumps(parameter.default, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return None, False
    return parameter.default, True
