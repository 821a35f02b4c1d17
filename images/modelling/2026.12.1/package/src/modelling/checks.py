"""Checks before anybody trusts a number: of the table, of the split, of what changes over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from modelling.splitting import Split


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a column, in words."""

    column: str
    words: str


def check_table(table: pd.DataFrame, key: Sequence[str], missing: float = 0.2) -> list[Problem]:
    """Rows that are there twice by ``key``, columns with one value, and with more than ``missing`` absent."""
    found = []
    if twice := int(table.duplicated(list(key)).sum()):
        found.append(Problem(", ".join(key), f"{twice} rows are there more than once"))
    for column in table.columns:
        share = float(table[column].isna().mean())
        if share > missing:
            found.append(Problem(column, f"{share:.0%} of the values are missing"))
        elif table[column].nunique() <= 1:
            found.append(Problem(column, "all values are the same"))
    return found


def check_split(parts: Split, features: Sequence[str], outcome: str) -> list[Problem]:
    """Columns that give the outcome away, and columns that are unlike in the two parts (see :func:`drift`)."""
    found = []
    for column in features:
        numbers = parts.train[column]
        if not pd.api.types.is_numeric_dtype(numbers):
            continue
        if abs(numbers.corr(parts.train[outcome], method="spearman")) > 0.98:
            found.append(Problem(column, "says nearly the same as the outcome; is it known in time?"))
        moved = drift(numbers, parts.test[column])
        if moved > 0.25:
            found.append(Problem(column, f"is unlike before and after the cut (drift {moved:.2f})"))
    return found


def drift(before: pd.Series, after: pd.Series, bins: int = 10) -> float:
    """The population stability index: 0 where both are alike, above 0.25 by custom where they are not.

    Over ``bins`` intervals that hold equally many of ``before``: the sum of (b - a) · ln(b / a) with the
    shares a and b of the two in each; an empty share counts as half a value.
    """
    edges = np.unique(np.quantile(before.dropna(), np.linspace(0, 1, bins + 1)))[1:-1]
    shares = []
    for values in (before.dropna(), after.dropna()):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        shares.append(np.maximum(counts, 0.5) / len(values))
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
