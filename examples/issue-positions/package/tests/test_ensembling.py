# Exported from ensembling.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:feedb007268632c994799b322340dfa8c8214f4df3dfc074d22d737a65651671
"""Tests of issue_models.ensembling."""

import numpy as np
import pandas as pd

from issue_models.ensembling import blend


def test_a_model_that_never_helps_gets_no_weight():
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(1)
    x = pd.DataFrame({"x": random.normal(size=300)})
    y = pd.Series(x["x"] + random.normal(0, 0.5, 300) > 0)
    models = {"line": LogisticRegression().fit(x, y), "always": DummyClassifier(strategy="constant", constant=True).fit(x, y)}
    both = blend(models, x, y)
    assert both.weights == {"line": 1.0}
    assert np.allclose(both.support(x), models["line"].predict_proba(x)[:, 1])
