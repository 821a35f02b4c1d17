"""What is said of a sweep's parameters on the command line, as the platform takes it."""

from __future__ import annotations

import sys

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

_EXAMPLE = "For example --grid lr=0.1,0.01 --grid depth=2,4."
_MOST_CSV = 900_000  # bytes: what fits into one field of a form


def wish_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The one of grid, points, random and csv that was said. Raises WrongUsage."""
    from nightdesk.sweep_words import Unreadable, draws_of, grid_of, point_of

    _check(arguments)
    try:
        if arguments.grid:
            return {"grid": grid_of(arguments.grid)}
        if arguments.points:
            return {"points": [point_of(text) for text in arguments.points]}
        if arguments.csv is not None:
            return {"csv": table_of(arguments.csv)}
        drawn: dict[str, Any] = {"count": arguments.random, "draws": draws_of(arguments.draws)}
    except Unreadable as error:
        raise WrongUsage(error.message, error.hint or _EXAMPLE) from error
    if arguments.seed is not None:
        drawn["seed"] = arguments.seed
    return {"random": drawn}


def table_of(path: str) -> str:
    """The text of a CSV file; `-` is standard input. Raises WrongUsage."""
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(_MOST_CSV + 1)
        else:
            with open(path, "rb") as file:  # noqa: PTH123  (pathlib costs start-up time)
                raw = file.read(_MOST_CSV + 1)
    except OSError as error:
        raise WrongUsage(f"the table {path!r} cannot be read: {error.strerror}") from error
    if len(raw) > _MOST_CSV:
        raise WrongUsage(
            f"the table {path!r} is larger than {_MOST_CSV // 1000} kB", "Cut it into several sweeps."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsage(f"the table {path!r} is not UTF-8 text") from error


def _check(arguments: argparse.Namespace) -> None:
    said = {
        "grid": bool(arguments.grid),
        "list": bool(arguments.points),
        "random": arguments.random is not None,
        "csv": arguments.csv is not None,
    }
    given = [f"--{name}" for name, there in said.items() if there]
    if len(given) != 1:
        what = "say what to run it with" if not given else f"{' and '.join(given)} do not go together"
        raise WrongUsage(f"{what}: one of --grid, --list, --random and --csv", _EXAMPLE)
    if arguments.draws and arguments.random is None:
        raise WrongUsage("--draw goes with --random N")
    if arguments.seed is not None and arguments.random is None:
        raise WrongUsage("--seed goes with --random N")
