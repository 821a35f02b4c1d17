"""What a run measures of itself: numbers under names, some of them with steps."""

from __future__ import annotations

from dataclasses import dataclass

MOST_POINTS = 20_000  # of one attempt that are kept one by one; of further ones the last value is
MOST_NAMES = 500  # of one attempt
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Point:
    """One value. ``number`` is that of the runner's event: it grows, and the same one is the same point."""

    number: int
    name: str
    value: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """What a name stands for after all of its points: the last one, how many there were and between what."""

    name: str
    value: float
    step: int | None
    number: int
    count: int
    lowest: float
    highest: float

    @classmethod
    def of(cls, point: Point) -> Metric:
        """After the first point."""
        return cls(point.name, point.value, point.step, point.number, 1, point.value, point.value)

    def after(self, point: Point) -> Metric:
        """After one more."""
        return Metric(
            self.name,
            point.value,
            point.step,
            point.number,
            self.count + 1,
            min(self.lowest, point.value),
            max(self.highest, point.value),
        )


def thinned(points: list[Point], most: int) -> list[Point]:
    """Points for a picture: the first, the last, and of the others as many as ``most`` lets, evenly."""
    if len(points) <= most:
        return points
    stride = (len(points) - 1) / (most - 1)
    return [points[round(place * stride)] for place in range(most)]
