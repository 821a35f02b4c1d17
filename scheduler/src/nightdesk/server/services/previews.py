"""What a file looks like at its beginning: a table, a tree, a text. Runs in the process that renders.

Everything here is bounded by itself as well: rows, columns, nodes and the length of each.
"""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

ROWS = 200
_COLUMNS = 200
_LONGEST = 300  # characters of a cell or a value
_NODES = 3000
_ENTRIES = 200  # of one object or list
_DEEPEST = 12
_OPEN = 60  # a document with no more entries is shown unfolded


def table_of_parquet(file: Any) -> bytes:
    """The first rows of a Parquet file, with its column types, as JSON."""
    from arro3.io import read_parquet  # heavy: only where one is read

    reader: Any = read_parquet(file, batch_size=ROWS + 1)
    schema: Any = reader.schema
    width = len(schema)
    fields = [schema.field(place) for place in range(min(width, _COLUMNS))]
    rows: list[list[Any]] = []
    while len(rows) <= ROWS:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        columns = [[value.as_py() for value in batch.column(place)] for place in range(len(fields))]
        rows += [list(row) for row in zip(*columns, strict=True)] if columns else [[]] * batch.num_rows
    columns_of = [{"name": _short(field.name), "type": _type_name(str(field.type))} for field in fields]
    return _table(columns_of, rows, more_columns=width - len(fields))


def table_of_csv(text: str, whole: bool) -> bytes:
    """The first rows of a CSV file with types guessed from them, as JSON; ``whole`` where ``text`` is all of it."""
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    csv.field_size_limit(len(text) + 1)
    rows = list(itertools.islice(csv.reader(io.StringIO(text), delimiter=_delimiter(text)), ROWS + 2))
    head, body = (rows[0], rows[1:]) if rows else ([], [])
    width = max((len(row) for row in rows), default=0)
    names = [*head, *("" for _ in range(width - len(head)))][:_COLUMNS]
    cells = [[*row, *(None for _ in range(width - len(row)))][:_COLUMNS] for row in body]
    columns = [
        {"name": _short(name) or f"column {place + 1}", "type": _guessed(row[place] for row in cells)}
        for place, name in enumerate(names)
    ]
    return _table(columns, cells, more_columns=width - len(names), more=not whole)


def tree_of_json(text: str) -> bytes:
    """A JSON document as a tree for pages: ``kind``, ``text``, ``key``, ``children``, ``count``."""
    budget = [_NODES]
    tree = _node(None, json.loads(text), 0, budget)
    size = _NODES - budget[0]
    return json.dumps({"kind": "json", "tree": tree, "unfolded": size <= _OPEN}).encode()


def page_of_markdown(text: str, title: str) -> bytes:
    """Markdown as a page: raw HTML in it is shown as text, nothing is loaded."""
    import mistune

    render = mistune.create_markdown(
        escape=True, plugins=["table", "strikethrough", "task_lists", "footnotes"]
    )
    return _page(title, str(render(text)))


def page_of_svg(content: bytes, title: str) -> bytes:
    """A drawing as a picture in a page: as a picture it runs nothing."""
    data = base64.b64encode(content).decode()
    return _page(title, f'<img src="data:image/svg+xml;base64,{data}" alt="">')


def _page(title: str, body: str) -> bytes:
    from markupsafe import escape

    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    ).encode("utf-8", "replace")


_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:50rem;margin:1rem auto;padding:0 1rem;"
    "overflow-wrap:anywhere}img{max-width:100%}pre{padding:.7rem;overflow:auto;background:#8881;border-radius:.3rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.3rem .6rem;text-align:left}"
    "blockquote{margin-left:0;padding-left:1rem;border-left:.25rem solid #8886}"
)


def _table(
    columns: list[dict[str, str]], rows: list[list[Any]], more_columns: int, more: bool = False
) -> bytes:
    shown = [[_cell(value) for value in row] for row in rows[:ROWS]]
    document = {
        "kind": "table",
        "columns": columns,
        "rows": shown,
        "more": more or len(rows) > ROWS,
        "more_columns": more_columns,
    }
    return json.dumps(document).encode()


def _cell(value: Any) -> Any:
    """A value as JSON has it: numbers, truth and nothing as they are, everything else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return _short(value[:_LONGEST].hex(" "))
    return _short(value if isinstance(value, str) else str(value))


def _short(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_TYPES = {
    "Utf8": "text",
    "LargeUtf8": "text",
    "Utf8View": "text",
    "Boolean": "true/false",
    "Date32": "date",
    "Date64": "date",
}


def _type_name(shown: str) -> str:
    """``int64``, ``timestamp(µs, "UTC")``, ``text`` of what the reader calls it."""
    inner = re.fullmatch(r"arro3\.core\.DataType<(.*)>\s*", shown, re.DOTALL)
    name = inner[1] if inner else shown.strip()
    return _short(_TYPES.get(name) or name[:1].lower() + name[1:])


def _delimiter(text: str) -> str:
    """What parts the first line: the one of which it has most."""
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def _guessed(values: Iterable[str | None]) -> str:
    """What all of the values that are there can be read as."""
    there = [value.strip() for value in values if value is not None and value.strip()]
    if not there:
        return "empty"
    for name, fits in _GUESSES:
        if all(fits(value) for value in there):
            return name
    return "text"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_GUESSES = (
    ("true/false", lambda text: text.lower() in {"true", "false"}),
    ("integer", lambda text: re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) is not None),
    ("number", _is_number),
    ("date", lambda text: re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None and _is_time(text)),
    ("time", lambda text: text[:4].isdecimal() and "-" in text and _is_time(text)),
)


def _node(key: str | None, value: Any, depth: int, budget: list[int]) -> dict[str, Any]:
    budget[0] -= 1
    node: dict[str, Any] = {} if key is None else {"key": _short(key)}
    if not isinstance(value, dict | list):
        return {**node, "kind": "value", "text": _short(json.dumps(value, ensure_ascii=False))}
    entries = (
        value.items() if isinstance(value, dict) else ((str(place), each) for place, each in enumerate(value))
    )
    children = []
    if depth < _DEEPEST:
        for name, each in itertools.islice(entries, _ENTRIES):
            if budget[0] <= 0:
                break
            children.append(_node(name, each, depth + 1, budget))
    kind = "object" if isinstance(value, dict) else "list"
    return {**node, "kind": kind, "count": len(value), "children": children}
