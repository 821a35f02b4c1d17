"""What is typed of a sweep's parameters, as the platform takes it."""

from __future__ import annotations

import sys

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

_DRAWN = ("uniform", "loguniform", "int", "choice")
_EXAMPLE = "For example --grid lr=0.1,0.01 --grid depth=2,4."
_MOST_CSV = 900_000  # bytes: what fits into one field of a form


def wish_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The one of grid, points, random and csv that was said. Raises WrongUsage."""
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
    if said["grid"]:
        return {"grid": grid_of(arguments.grid)}
    if said["list"]:
        return {"points": [point_of(text) for text in arguments.points]}
    if said["csv"]:
        return {"csv": table_of(arguments.csv)}
    drawn: dict[str, Any] = {"count": arguments.random, "draws": draws_of(arguments.draws)}
    if arguments.seed is not None:
        drawn["seed"] = arguments.seed
    return {"random": drawn}


def grid_of(given: list[str]) -> dict[str, list[Any]]:
    """`lr=0.1,0.01`: values between commas, or a JSON list."""
    grid: dict[str, list[Any]] = {}
    for text in given:
        name, value = _pair("--grid", text)
        if name in grid:
            raise WrongUsage(f"--grid {name} is given twice", "Name all its values at once.")
        grid[name] = _values("--grid", text, value)
    return grid


def point_of(text: str) -> dict[str, str]:
    """`lr=0.1 depth=2`: one set of parameters, as a shell reads it."""
    import shlex

    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise WrongUsage(f"--list {text!r} cannot be read: {str(error).lower()}") from error
    if not parts:
        raise WrongUsage("--list has no parameters", "For example --list 'lr=0.1 depth=2'.")
    point: dict[str, str] = {}
    for part in parts:
        name, value = _pair("--list", part)
        if name in point:
            raise WrongUsage(f"--list {text!r} has {name} twice")
        point[name] = value
    return point


def draws_of(given: list[str]) -> dict[str, dict[str, Any]]:
    """`lr=loguniform:0.0001,0.1`, `depth=int:1,8`, `model=choice:linear,tree`."""
    draws: dict[str, dict[str, Any]] = {}
    for text in given:
        name, value = _pair("--draw", text)
        kind, colon, rest = value.partition(":")
        if not colon or kind not in _DRAWN:
            raise WrongUsage(
                f"--draw {text!r} is no NAME=KIND:VALUES",
                "Write lr=uniform:0,1, lr=loguniform:0.0001,0.1, depth=int:1,8 or model=choice:a,b.",
            )
        if name in draws:
            raise WrongUsage(f"--draw {name} is given twice")
        if kind == "choice":
            draws[name] = {"kind": kind, "values": _values("--draw", text, rest)}
            continue
        low, high = _ends(text, rest, whole=kind == "int")
        draws[name] = {"kind": kind, "low": low, "high": high}
    return draws


def table_of(path: str) -> str:
    """The text of a CSV file; `-` is standard input."""
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


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise WrongUsage(f"{option} {text!r} is no NAME=VALUES", "Write quotes around spaces.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise WrongUsage(f"{option}: the parameter {name!r} is not UTF-8 text")
    return name, value


def _values(option: str, text: str, value: str) -> list[Any]:
    if value.lstrip().startswith("["):
        import json

        try:
            read = json.loads(value)
        except ValueError as error:
            raise WrongUsage(f"{option} {text!r} is no JSON list: {error}") from error
        return list(read)
    return value.split(",")


def _ends(text: str, value: str, *, whole: bool) -> tuple[float, float]:
    parts = value.split(",")
    try:
        if len(parts) != 2:
            raise ValueError(value)
        low, high = (int(part) if whole else float(part) for part in parts)
    except ValueError:
        kind = "whole numbers" if whole else "numbers"
        raise WrongUsage(f"--draw {text!r} needs two {kind}, such as 1,8") from None
    return low, high
