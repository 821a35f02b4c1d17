"""Columns of text."""

from __future__ import annotations

import sys

from nightdesk.cli.terminal import columns, is_terminal, paint, plain, shortened, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, give: int = 1) -> None:
    """Print rows under titles. On a terminal that is too narrow, column number `give` is shortened."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(columns(cell) for cell in column) for column in zip(titles, *cells, strict=True)]
    if is_terminal(sys.stdout):
        over = sum(widths) + 2 * (len(widths) - 1) - width(sys.stdout)
        widths[give] = max(8, widths[give] - max(0, over))
    print(paint(_line(titles, widths), "bold"))
    for row in cells:
        print(_line([shortened(cell, size) for cell, size in zip(row, widths, strict=True)], widths))


def show_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one a line; those without a value are left out."""
    size = max(len(name) for name, _ in facts)
    for name, value in facts:
        if value:
            print(f"  {paint(name.ljust(size), 'grey')}  {value}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (size - columns(cell)) for cell, size in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
