# Exported from ensembling.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:5d55c802901866e2bf128ee5af09de87fdba4da54e9b593de992280b053aaafb
"""Ensembles: a weighted mean of what several models say"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss


class Blend:
    """Fitted models by name, and their weights, which add up to 1."""

    def __init__(self, models: Mapping, weights: Mapping[str, float]) -> None:
        self.models = dict(models)
        self.weights = dict(weights)

    def support(self, features: pd.DataFrame) -> np.ndarray:
        """The probability that each person supports it."""
        parts = [weight * self.models[name].predict_proba(features)[:, 1] for name, weight in self.weights.items()]
        return np.sum(parts, axis=0)


def blend(models: Mapping, features: pd.DataFrame, supports: pd.Series, rounds: int = 20) -> Blend:
    """Add one model a round, again and again, the one that lowers the log loss most; its weight is its share of rounds.

    Greedy selection with replacement (Caruana and others, "Ensemble selection from libraries of models", 2004). The rows
    must be of none of the models' training.
    """
    told = {name: model.predict_proba(features)[:, 1] for name, model in models.items()}
    chosen: Counter = Counter()
    total = np.zeros(len(features))
    for number in range(1, rounds + 1):
        best = min(told, key=lambda name: log_loss(supports, (total + told[name]) / number, labels=[False, True]))
        chosen[best] += 1
        total += told[best]
    return Blend(models, {name: times / rounds for name, times in chosen.items()})
