"""Two notebooks side by side: which cells are the same, and how the others differ. Runs in the process that renders.

nbdime says which cell has become which. What it compares came out of runs: only sources are given to it, no outputs, and
it has so many seconds; of notebooks that have nothing in common it would take minutes. Then cells that are the same to the
last letter are put side by side, and the rest in their order.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import signal
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

_SECONDS = 6.0  # for nbdime
_MOST_CELLS = 1000
_LINES = 400  # of a cell
_LINE = 400
_PICTURE = 400_000  # characters of one that is shown
_TEXT = 4000
_PICTURES = 6 * 2**20  # of all
Pair = tuple[int | None, int | None]


def compare_notebooks(before: bytes, after: bytes) -> bytes:
    """What differs, as JSON: ``counts`` and ``cells`` as in ``NotebookChanges`` of the API."""
    old, new = _cells(before), _cells(after)
    cells = []
    counts = dict.fromkeys(("same", "changed", "added", "removed", "output"), 0)
    for left, right in pairs(old, new):
        what = _what(old, new, left, right)
        counts[what] += 1
        lines = []
        if what in {"changed", "added", "removed"}:
            a = [] if left is None else _lines(old[left])
            b = [] if right is None else _lines(new[right])
            lines = list(difflib.unified_diff(a, b, n=2, lineterm=""))[2:]
        cells.append({"before": _number(left), "after": _number(right), "what": what, "lines": lines})
    return json.dumps({"trouble": None, "counts": counts, "cells": cells}).encode()


def page_of_comparison(before: bytes, after: bytes, titles: list[str]) -> bytes:
    """The two side by side as a page that can do nothing: sources line by line, and what the cells left."""
    old, new = _cells(before), _cells(after)
    room = [_PICTURES]
    rows = [
        Markup("<tr><th>{}</th><th>{}</th></tr>").format(*titles),
        *(
            row
            for left, right in pairs(old, new)
            for row in _rows(
                _what(old, new, left, right),
                None if left is None else old[left],
                None if right is None else new[right],
                (left, right),
                room,
            )
        ),
    ]
    body = Markup("<table>{}</table>").format(Markup("").join(rows))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{Markup.escape(" and ".join(titles))}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    ).encode("utf-8", "replace")


def pairs(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Pair]:
    """Which cell of the one is which of the other, in an order that is both their own."""
    try:
        with _Alarm(_SECONDS):
            return list(_by_nbdime(old, new))
    except _TooLong:
        return list(_by_equality(old, new))


def _by_nbdime(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Pair]:
    import nbformat as untyped
    from nbdime.diffing.notebooks import diff_notebooks

    nbformat: Any = untyped

    def bare(cells: list[dict[str, Any]]) -> Any:
        kept = [
            {
                "cell_type": cell["cell_type"],
                "metadata": {},
                "source": "\n".join(_lines(cell)),
                **({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}),
            }
            for cell in cells
        ]
        return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": kept})

    operations: list[dict[str, Any]] = next(
        (each["diff"] for each in diff_notebooks(bare(old), bare(new)) if each["key"] == "cells"), []
    )
    left = right = 0
    for operation in operations:
        while left < operation["key"]:
            yield left, right
            left, right = left + 1, right + 1
        if operation["op"] == "addrange":
            for _ in operation["valuelist"]:
                yield None, right
                right += 1
        elif operation["op"] == "removerange":
            for _ in range(operation["length"]):
                yield left, None
                left += 1
        else:
            yield left, right
            left, right = left + 1, right + 1
    while left < len(old) and right < len(new):
        yield left, right
        left, right = left + 1, right + 1


def _by_equality(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Pair]:
    matcher = difflib.SequenceMatcher(
        None,
        ["\n".join(_lines(cell)) for cell in old],
        ["\n".join(_lines(cell)) for cell in new],
        autojunk=False,
    )
    for _tag, a, b, c, d in matcher.get_opcodes():
        for place in range(max(b - a, d - c)):
            yield (a + place if a + place < b else None, c + place if c + place < d else None)


def _what(old: list[dict[str, Any]], new: list[dict[str, Any]], left: int | None, right: int | None) -> str:
    if left is None:
        return "added"
    if right is None:
        return "removed"
    if _lines(old[left]) != _lines(new[right]) or old[left]["cell_type"] != new[right]["cell_type"]:
        return "changed"
    return "same" if _left(old[left]) == _left(new[right]) else "output"


def _cells(raw: bytes) -> list[dict[str, Any]]:
    cells = json.loads(raw.decode("utf-8", "replace"))["cells"][:_MOST_CELLS]
    return [{**cell, "cell_type": str(cell.get("cell_type", "raw"))} for cell in cells]


def _lines(cell: dict[str, Any]) -> list[str]:
    return [line[:_LINE] for line in _text(cell.get("source", "")).splitlines()[:_LINES]]


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _number(place: int | None) -> int | None:
    return None if place is None else place + 1


def _left(cell: dict[str, Any]) -> list[str]:
    """What a cell left, so that it can be compared: without when, and in which order it ran."""
    return [
        hashlib.sha256(
            json.dumps(
                [output.get("data"), _text(output.get("text", "")), output.get("ename")], sort_keys=True
            ).encode("utf-8", "replace")
        ).hexdigest()
        for output in cell.get("outputs") or ()
        if isinstance(output, dict)
    ]


def _rows(
    what: str, old: dict[str, Any] | None, new: dict[str, Any] | None, places: Pair, room: list[int]
) -> Iterator[Markup]:
    """A pair of cells: where it is the same, one line for all of it."""
    words = {"same": "same", "output": "same code, other outputs"}.get(what, what)
    numbers = [f"cell {place + 1}" if place is not None else "" for place in places]
    yield Markup('<tr class="head"><td>{} <small>{}</small></td><td>{}</td></tr>').format(
        numbers[0], words, numbers[1]
    )
    a = [] if old is None else _lines(old)
    b = [] if new is None else _lines(new)
    if what in {"same", "output"}:
        source = Markup("<pre>{}</pre>").format("\n".join(a))
        yield Markup(
            '<tr class="{}"><td colspan="2"><details{}><summary>{}</summary>{}</details></td></tr>'
        ).format(what, Markup(""), (a or [""])[0][:100] or "…", source)
    else:
        yield from _sources(a, b)
    if what != "same":
        shown = [_outputs(cell, room) if cell else Markup("") for cell in (old, new)]
        if any(shown):
            yield Markup('<tr class="outputs"><td>{}</td><td>{}</td></tr>').format(*shown)


def _sources(a: list[str], b: list[str]) -> Iterator[Markup]:
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        sides = ("\n".join(a[start:end]), "\n".join(b[begin:stop]))
        kinds = ("", "") if tag == "equal" else ("gone" if sides[0] else "", "new" if sides[1] else "")
        yield Markup('<tr><td class="{}"><pre>{}</pre></td><td class="{}"><pre>{}</pre></td></tr>').format(
            kinds[0], sides[0], kinds[1], sides[1]
        )


def _outputs(cell: dict[str, Any], room: list[int]) -> Markup:
    return Markup("").join(
        _output(output, room) for output in cell.get("outputs") or () if isinstance(output, dict)
    )


def _output(output: dict[str, Any], room: list[int]) -> Markup:
    found = output.get("data")
    data: dict[str, Any] = found if isinstance(found, dict) else {}
    for kind in ("image/png", "image/jpeg"):
        picture = _text(data.get(kind, ""))
        if picture and len(picture) <= min(_PICTURE, room[0]):
            room[0] -= len(picture)
            return Markup('<img alt="" src="data:{};base64,{}">').format(kind, picture)
        if picture:
            return Markup("<p><small>a picture of {} kB</small></p>").format(len(picture) * 3 // 4000)
    if "text/html" in data and len(_text(data["text/html"])) <= _PICTURE:
        return Markup("<div>{}</div>").format(Markup(_text(data["text/html"])))  # noqa: S704 - in a sandbox
    words = output.get("text") or data.get("text/plain")
    if words is None and output.get("ename"):
        words = f"{output['ename']}: {output.get('evalue', '')}"
    return Markup("<pre>{}</pre>").format(_text(words or "")[:_TEXT])


class _TooLong(Exception):
    """nbdime is not done in its time."""


class _Alarm:
    """Raises :class:`_TooLong` in the block after so many seconds. For the process's first thread."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        def ring(*_: object) -> None:
            raise _TooLong

        self._before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)


_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:.6rem}table{width:100%;table-layout:fixed;"
    "border-collapse:collapse}th{text-align:left}td{vertical-align:top;padding:0 .5rem;overflow:hidden}pre{margin:0;white-space:"
    "pre-wrap;overflow-wrap:anywhere;font-size:.85rem}.head td{padding-top:.7rem;border-top:1px solid #8886;color:#888}"
    ".gone{background:#d0303022}.new{background:#20a05022}.outputs td{padding:.3rem .5rem}.outputs td>*{max-width:100%;"
    "max-height:24rem;overflow:auto}img{max-width:100%;background:#fff}summary{cursor:pointer}"
)
