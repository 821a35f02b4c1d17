"""The graph of a pipeline as a picture: where its steps stand, and the lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nightdesk.server.web.wording import took

WIDTH, HEIGHT = 176, 50  # of a step
_GAP, _BETWEEN = 18, 40  # beside and between rows
_BESIDE = 3  # steps in a row: more would be too small to read on a phone
_LONGEST = 21  # characters of a name that fit


@dataclass(frozen=True, slots=True)
class Spot:
    """A step's place. ``says`` is its second line, ``words`` what a screen reader says."""

    name: str
    title: str
    x: int
    y: int
    look: str
    says: str
    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Steps and lines; a line is a path and whether what it comes from is done."""

    width: int
    height: int
    spots: list[Spot]
    lines: list[tuple[str, bool]]


def picture_of(pipeline: dict[str, Any], layers: list[list[str]], base: str) -> Picture:
    """The picture of a pipeline as the API has it, with its steps by layers."""
    steps = {step["name"]: step for step in pipeline["steps"]}
    places: dict[str, tuple[int, int]] = {}
    row = 0
    wide = min(max((len(layer) for layer in layers), default=1), _BESIDE)
    for layer in layers:
        for start in range(0, len(layer), _BESIDE):
            names = sorted(layer[start : start + _BESIDE], key=lambda name: _middle(steps[name], places))
            left = (wide - len(names)) * (WIDTH + _GAP) // 2
            for column, name in enumerate(names):
                places[name] = (left + column * (WIDTH + _GAP) + 2, row * (HEIGHT + _BETWEEN) + 2)
            row += 1
    spots = [_spot(step, places[name], base) for name, step in steps.items()]
    lines = [
        (_line(places[need], places[step["name"]]), steps[need]["status"] in {"succeeded", "skipped"})
        for step in pipeline["steps"]
        for need in step["needs"]
    ]
    width = wide * (WIDTH + _GAP) - _GAP + 4
    return Picture(width, row * (HEIGHT + _BETWEEN) - _BETWEEN + 4, spots, lines)


def seconds_of(step: dict[str, Any]) -> float | None:
    """For how long a step that is over has run."""
    if step["status"] == "skipped" or not step["started_at"] or not step["finished_at"]:
        return None
    began, ended = (datetime.fromisoformat(step[name]) for name in ("started_at", "finished_at"))
    return max((ended - began).total_seconds(), 0.0)


def _middle(step: dict[str, Any], places: dict[str, tuple[int, int]]) -> float:
    """Below those that it needs, so that fewer lines cross."""
    above = [places[need][0] for need in step["needs"] if need in places]
    return sum(above) / len(above) if above else 0.0


def _spot(step: dict[str, Any], place: tuple[int, int], base: str) -> Spot:
    says = step["status"].replace("_", " ")
    progress = step["progress"]
    if step["status"] == "running" and progress and progress["cells"]:
        says += f", cell {progress['cell']} of {progress['cells']}"
    seconds = seconds_of(step)
    if seconds is not None:
        says += f", {took(seconds)}"
    name = step["name"]
    words = f"{name}: {says}" + (f"; needs {', '.join(step['needs'])}" if step["needs"] else "")
    title = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    href = f"{base}/runs/{step['run']}" if step["run"] else f"#step-{name}"
    return Spot(name, title, *place, step["status"], says, words, href)


def _line(above: tuple[int, int], below: tuple[int, int]) -> str:
    x1, y1 = above[0] + WIDTH // 2, above[1] + HEIGHT
    x2, y2 = below[0] + WIDTH // 2, below[1]
    middle = (y2 - y1) // 2 or _BETWEEN // 2
    if y2 - y1 > _BETWEEN + HEIGHT and x1 == x2:  # around the steps that stand in between
        aside = x1 + WIDTH // 2 + _GAP // 2
        down = f"C{aside} {y1 + 30} {aside} {y1 + 30} {aside} {y1 + 60}L{aside} {y2 - 60}"
        return f"M{x1} {y1}{down}C{aside} {y2 - 30} {aside} {y2 - 30} {x2} {y2}"
    return f"M{x1} {y1}C{x1} {y1 + middle} {x2} {y2 - middle} {x2} {y2}"
