"""Combining models: a weighted mean of their probabilities, the weights chosen on rows none has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import log_loss

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """Fitted models by name with their weights, which add up to 1."""

    models: Mapping[str, Any]
    weights: Mapping[str, float]

    def probability(self, features: pd.DataFrame) -> Numbers:
        """The probability of the outcome for each row."""
        parts = [
            weight * self.models[name].predict_proba(features)[:, 1] for name, weight in self.weights.items()
        ]
        combined: Numbers = np.sum(parts, axis=0)
        return combined


def blend(models: Mapping[str, Any], features: pd.DataFrame, outcome: pd.Series, rounds: int = 20) -> Blend:
    """Add one model a round, again and again, the one that lowers the log loss most.

    Greedy selection with replacement (Caruana and others, "Ensemble selection from libraries of
    models", 2004): a model's weight is its share of the rounds, and one that never helps gets none.
    """
    told = {name: model.predict_proba(features)[:, 1] for name, model in models.items()}
    chosen: Counter[str] = Counter()
    total = np.zeros(len(features))
    for number in range(1, rounds + 1):
        losses = {name: log_loss(outcome, (total + told[name]) / number) for name in told}
        name = min(losses, key=losses.__getitem__)
        chosen[name] += 1
        total += told[name]
    return Blend(models, {name: count / rounds for name, count in chosen.items()})
