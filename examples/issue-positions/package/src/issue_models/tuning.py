# Exported from tuning.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:b3aabb95d10b0b20d631b72d5d4690f98163888a147177451838c5bbf0446b27
"""Tuning: the best of a few settings, on answers that came later"""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import log_loss


def folds(days: pd.Series, count: int = 3) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows (train, test); each tests on the stretch of days after its training rows."""
    moments = np.sort(days.unique())
    if len(moments) <= count:
        raise ValueError(f"{count} folds want {count + 1} days; there are {len(moments)}")
    stretch = np.searchsorted(moments, days.to_numpy()) * (count + 1) // len(moments)
    for number in range(1, count + 1):
        yield np.flatnonzero(stretch < number), np.flatnonzero(stretch == number)


def tune(model: BaseEstimator, grid: Mapping[str, list], table: pd.DataFrame, columns: list[str]) -> tuple[BaseEstimator, pd.DataFrame]:
    """The best setting, fitted on all rows, and what each came to: the lowest log loss over later days."""
    rows, pairs = [], list(folds(table["day"]))
    for values in product(*grid.values()):
        choice = dict(zip(grid, values, strict=True))
        losses = []
        for train, test in pairs:
            fitted = clone(model).set_params(**choice).fit(table[columns].iloc[train], table["supports"].iloc[train])
            told = fitted.predict_proba(table[columns].iloc[test])[:, 1]
            losses.append(log_loss(table["supports"].iloc[test], told, labels=[False, True]))
        rows.append({**choice, "log_loss": float(np.mean(losses))})
    tried = pd.DataFrame(rows).sort_values("log_loss", kind="stable", ignore_index=True)
    best = min(rows, key=lambda row: row["log_loss"])
    chosen = clone(model).set_params(**{name: best[name] for name in grid})
    return chosen.fit(table[columns], table["supports"]), tried
