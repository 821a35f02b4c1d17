"""Tuning: every combination on the same folds, and the whole table of what came out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import roc_auc_score

from modelling.splitting import Rows


@dataclass(frozen=True)
class Tuned:
    """The best model, fitted on all rows, and one row of ``table`` a combination, the best first."""

    model: BaseEstimator
    choice: dict[str, Any]
    table: pd.DataFrame


def tune(
    model: BaseEstimator,
    grid: Mapping[str, Sequence[Any]],
    features: pd.DataFrame,
    outcome: pd.Series,
    parts: Iterable[tuple[Rows, Rows]],
) -> Tuned:
    """Try each combination of ``grid`` on each fold; the score is the area under the ROC curve.

    Of two with the same mean score the earlier in the grid wins: put the simpler value first.

    Raises:
        ValueError: a fold tests on rows of one outcome only, which no score can tell apart.
    """
    pairs = list(parts)
    rows = []
    for values in itertools.product(*grid.values()):
        choice = dict(zip(grid, values, strict=True))
        scores = [_score(clone(model).set_params(**choice), features, outcome, pair) for pair in pairs]
        rows.append({**choice, "score": sum(scores) / len(scores), "worst": min(scores)})
    table = pd.DataFrame(rows).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    best = max(rows, key=lambda row: row["score"])
    choice = {name: best[name] for name in grid}
    return Tuned(clone(model).set_params(**choice).fit(features, outcome), choice, table)


def _score(model: Any, features: pd.DataFrame, outcome: pd.Series, pair: tuple[Rows, Rows]) -> float:
    train, test = pair
    if outcome.iloc[test].nunique() < 2:
        raise ValueError("a fold tests on rows of one outcome only; use fewer folds or more data")
    model.fit(features.iloc[train], outcome.iloc[train])
    return float(roc_auc_score(outcome.iloc[test], model.predict_proba(features.iloc[test])[:, 1]))
