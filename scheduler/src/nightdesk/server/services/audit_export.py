"""The audit log as a file, made piece by piece: CSV for a spreadsheet, JSON lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

from nightdesk.server.domain.audit import AuditFilter, Entry
from nightdesk.server.ports.audit import AuditLog
from nightdesk.server.services.finish import iso

_PIECE = 1000
COLUMNS = ("id", "at", "by", "action", "object", "whom", "address", "means", "words", "hash")


class Format(StrEnum):
    """What an export may be written as."""

    CSV = "csv"
    JSONL = "jsonl"


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as docs/api.md has it."""
    return {name: iso(entry.at) if name == "at" else getattr(entry, name) for name in COLUMNS}


def export(log: AuditLog, wanted: AuditFilter, form: Format) -> Iterator[str]:
    """Everything that fits, newest first, in pieces; ``wanted.limit`` counts for nothing."""
    write = {Format.CSV: _csv, Format.JSONL: _jsonl}[form]
    if form is Format.CSV:
        yield _line(COLUMNS)
    step = replace(wanted, limit=_PIECE)
    while found := log.entries(step):
        yield write(found)
        step = replace(step, before=(found[-1].at, found[-1].id))


def _jsonl(entries: Iterable[Entry]) -> str:
    return "".join(json.dumps(entry_json(entry), ensure_ascii=False) + "\n" for entry in entries)


def _csv(entries: Iterable[Entry]) -> str:
    return "".join(_line(entry_json(entry).values()) for entry in entries)


def _line(values: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([harmless(value) for value in values])
    return out.getvalue()


def harmless(value: Any) -> Any:
    """Text that a spreadsheet does not take for a formula: one that begins like one gets an apostrophe before it."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )
