"""How one wish becomes many sets of parameters: each combination, a list, drawn by chance, or the rows of a table."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

from nightdesk.server.domain.errors import Invalid, TooLarge
from nightdesk.server.domain.parameters import check_name, check_value

MOST_RUNS = 1000  # of one sweep
MOST_NAMES = 50  # parameters that differ
MOST_SEED = 2**53 - 1  # what JSON readers keep to the last digit
_CSV_FIELD = 10_000
_LEAST, _MOST = -(2**63), 2**63 - 1

Point = dict[str, Any]


class Kind(StrEnum):
    """Where the sets of parameters come from."""

    GRID = "grid"
    LIST = "list"
    RANDOM = "random"
    CSV = "csv"


class Drawing(StrEnum):
    """How one parameter is drawn."""

    UNIFORM = "uniform"  # anywhere between two numbers
    LOGUNIFORM = "loguniform"  # as likely between 0.001 and 0.01 as between 0.01 and 0.1
    INT = "int"  # a whole number, both ends among them
    CHOICE = "choice"  # one of some values


@dataclass(frozen=True, slots=True)
class Draw:
    """One parameter that is drawn: between ``low`` and ``high``, or one of ``values``."""

    kind: Drawing
    low: float = 0.0
    high: float = 1.0
    values: tuple[Any, ...] = ()

    def one(self, chance: random.Random) -> Any:
        """The next value."""
        if self.kind is Drawing.CHOICE:
            return self.values[chance.randrange(len(self.values))]
        if self.kind is Drawing.INT:
            return chance.randint(int(self.low), int(self.high))
        if self.kind is Drawing.UNIFORM:
            return _within(self.low + (self.high - self.low) * chance.random(), self.low, self.high)
        low, high = math.log(self.low), math.log(self.high)
        return _within(math.exp(low + (high - low) * chance.random()), self.low, self.high)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody says; only the part of its kind counts. ``fixed`` go to all runs alike."""

    kind: Kind
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    points: Sequence[Mapping[str, Any]] = ()
    count: int = 0
    seed: int = 0
    draws: Mapping[str, Draw] = field(default_factory=dict)
    table: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


def expand(wish: Wish) -> list[Point]:
    """The parameters of each run, in the order in which they run; the same for the same wish.

    Raises:
        Invalid, TooLarge: in words.
    """
    makers = {Kind.GRID: _grid, Kind.LIST: _list, Kind.RANDOM: _random, Kind.CSV: _csv}
    points = makers[wish.kind](wish)
    if not points:
        raise Invalid("the sweep has no run", "Give at least one set of parameters.")
    names = {name for point in points for name in point}
    if len(names) > MOST_NAMES:
        raise TooLarge(f"the sweep changes {len(names)} parameters; {MOST_NAMES} are the most")
    for name in sorted(names):
        check_name(name.replace(".", "_"))  # R's names have dots; what the file takes is looked at later
        if name in wish.fixed:
            raise Invalid(
                f"parameter '{name}' is the same for all runs and changes from run to run",
                "Say it once.",
                field=f"parameters.{name}",
            )
    return [{**wish.fixed, **point} for point in points]


def varied(points: Sequence[Point], fixed: Mapping[str, Any]) -> list[str]:
    """The names of what differs from run to run, in the order in which they were given."""
    return [name for name in dict.fromkeys(name for point in points for name in point) if name not in fixed]


def sum_of(wish: Wish, count: int) -> str:
    """What the sweep is, in words: ``lr (3) x depth (2): 6 runs``."""
    runs = "1 run" if count == 1 else f"{count} runs"
    if wish.kind is Kind.GRID:
        sizes = [f"{name} ({len(values)})" for name, values in wish.grid.items()]
        return f"{' x '.join(sizes)}: {runs}"
    if wish.kind is Kind.RANDOM:
        return f"{runs} drawn with seed {wish.seed}"
    return f"{runs}, one for each row of the table" if wish.kind is Kind.CSV else f"{runs} from a list"


def _grid(wish: Wish) -> list[Point]:
    count = 1
    for name, values in wish.grid.items():
        if not values:
            raise Invalid(f"parameter '{name}' has no values", field=f"parameters.{name}")
        seen: list[Any] = []
        for value in values:
            if any(_same(value, other) for other in seen):
                raise Invalid(
                    f"parameter '{name}' has the value {value!r} twice"[:300], field=f"parameters.{name}"
                )
            seen.append(value)
        count *= len(values)
        _check_count(count)
    if not wish.grid:
        return []
    return [dict(zip(wish.grid, values, strict=True)) for values in product(*wish.grid.values())]


def _list(wish: Wish) -> list[Point]:
    _check_count(len(wish.points))
    return [dict(point) for point in wish.points]


def _random(wish: Wish) -> list[Point]:
    if wish.count < 1:
        raise Invalid("say how many are to be drawn, at least 1", field="random.count")
    _check_count(wish.count)
    if not 0 <= wish.seed <= MOST_SEED:
        raise Invalid(f"a seed is a whole number from 0 to {MOST_SEED}", field="random.seed")
    if not wish.draws:
        raise Invalid(
            "say what is to be drawn", "For example --draw lr=loguniform:0.0001,0.1", field="random.draws"
        )
    for name, draw in wish.draws.items():
        _check_draw(name, draw)
    chance = random.Random(wish.seed)  # noqa: S311  (the same for the same seed, on purpose)
    return [{name: draw.one(chance) for name, draw in wish.draws.items()} for _ in range(wish.count)]


def _csv(wish: Wish) -> list[Point]:
    return list(_rows(wish.table))


def _rows(text: str) -> Iterator[Point]:
    """The rows as text by the names in the first one; an empty cell leaves its parameter out."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    names: list[str] = []
    count = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not names:
                names = [cell.strip() for cell in row]
                _check_header(names)
                continue
            if len(row) != len(names):
                raise Invalid(
                    f"line {reader.line_num} of the table has {len(row)} cells, its first line has {len(names)}"
                )
            if any(len(cell) > _CSV_FIELD for cell in row):
                raise TooLarge(
                    f"line {reader.line_num} of the table has a cell of more than {_CSV_FIELD} characters"
                )
            count += 1
            _check_count(count)
            yield {name: cell for name, cell in zip(names, row, strict=True) if cell.strip()}
    except csv.Error as error:
        raise Invalid(f"the table is no CSV at line {reader.line_num}: {error}") from None
    if names and not count:
        raise Invalid("the table has names and no rows", "Each further line is a run.")


def _check_header(names: list[str]) -> None:
    for place, name in enumerate(names, 1):
        if not name:
            raise Invalid(f"column {place} of the table has no name", "Its first line names the parameters.")
        if name in names[: place - 1]:
            raise Invalid(f"the table has two columns '{name[:100]}'")


def _check_draw(name: str, draw: Draw) -> None:
    if draw.kind is Drawing.CHOICE:
        if not draw.values:
            raise Invalid(f"parameter '{name}' is one of no values", field=f"parameters.{name}")
        for value in draw.values:
            check_value(name, value)
        return
    if not (math.isfinite(draw.low) and math.isfinite(draw.high)) or draw.low > draw.high:
        raise Invalid(
            f"parameter '{name}' is drawn between two numbers, the lower one first",
            field=f"parameters.{name}",
        )
    if draw.kind is Drawing.LOGUNIFORM and draw.low <= 0:
        raise Invalid(
            f"parameter '{name}' cannot be drawn log-uniformly from {draw.low:g}",
            "Begin above 0.",
            field=f"parameters.{name}",
        )
    if draw.kind is Drawing.INT and not (
        draw.low == int(draw.low)
        and draw.high == int(draw.high)
        and draw.low >= _LEAST
        and draw.high <= _MOST
    ):
        raise Invalid(
            f"parameter '{name}' is drawn between whole numbers of 64 bits", field=f"parameters.{name}"
        )
    if draw.kind is Drawing.UNIFORM and not math.isfinite(draw.high - draw.low):
        raise Invalid(
            f"parameter '{name}' is drawn between numbers that are too far apart", field=f"parameters.{name}"
        )


def _check_count(count: int) -> None:
    if count > MOST_RUNS:
        raise TooLarge(
            f"the sweep would have {count} runs or more; {MOST_RUNS} are the most",
            "Take fewer values, or draw some of them: --random.",
        )


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
