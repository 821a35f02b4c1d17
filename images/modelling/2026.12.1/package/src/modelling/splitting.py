"""Splitting by time: a model is judged on what came after everything it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Two parts of one table; every row of ``train`` is older than every row of ``test``."""

    train: pd.DataFrame
    test: pd.DataFrame


def split(table: pd.DataFrame, when: str, start: str | pd.Timestamp, gap: str = "0D") -> Split:
    """Cut at ``start``: what is older by at least ``gap`` trains, what is not older tests.

    The gap keeps out rows whose outcome was not known yet at ``start``: as long as the outcome takes.

    Raises:
        ValueError: one of the parts is empty.
    """
    moment = pd.Timestamp(start)
    parts = Split(table[table[when] < moment - pd.Timedelta(gap)], table[table[when] >= moment])
    for name, part in (("train", parts.train), ("test", parts.test)):
        if part.empty:
            first, last = table[when].min(), table[when].max()
            raise ValueError(f"nothing to {name} with: the data is from {first} to {last}, cut at {moment}")
    return parts


def folds(table: pd.DataFrame, when: str, count: int = 3) -> Iterator[tuple[Rows, Rows]]:
    """``count`` pairs of row positions (train, test), each testing on the stretch after its training rows.

    The distinct moments are cut into ``count + 1`` stretches of about the same number, so that rows of
    one moment are never on both sides.

    Raises:
        ValueError: there are fewer than ``count + 1`` distinct moments.
    """
    moments = np.sort(table[when].unique())
    if len(moments) <= count:
        raise ValueError(f"{count} folds want {count + 1} distinct moments; there are {len(moments)}")
    stretch = np.searchsorted(moments, table[when].to_numpy()) * (count + 1) // len(moments)
    for number in range(1, count + 1):
        yield np.flatnonzero(stretch < number), np.flatnonzero(stretch == number)
