# Exported from tuning.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:cd1a4f274ce373d397dcb9d2a2d570d328b17f9d8930ac8bcdf544b49e6b3bc5
"""Tests of issue_models.tuning."""

import numpy as np
import pandas as pd

from issue_models.tuning import folds, tune


def test_folds_test_on_what_comes_after():
    days = pd.Series(pd.date_range("2026-09-01", periods=40, freq="D").repeat(3))
    for train, test in folds(days):
        assert days.iloc[train].max() < days.iloc[test].min()


def test_the_better_setting_wins():
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(1)
    table = pd.DataFrame({"day": pd.date_range("2026-09-01", periods=400, freq="h").floor("D"), "x": random.normal(size=400)})
    table["supports"] = table["x"] + random.normal(0, 0.5, 400) > 0
    model, tried = tune(LogisticRegression(), {"C": [1e-6, 1.0]}, table, ["x"])
    assert model.C == 1.0
    assert tried["log_loss"].is_monotonic_increasing
