# Exported from predicting.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:4418b8f04047e117f36efd3bfd2cdc570168f0b6f87b4858fc97547e2fa57a94
"""Tests of issue_models.predicting."""

import numpy as np
import pandas as pd

from issue_models.predicting import cores, predict_all


def test_pieces_keep_their_order():
    class Echo:
        def support(self, features):
            return features["x"].to_numpy()

    people = pd.DataFrame({"x": np.arange(23.0)})
    assert predict_all(Echo(), people, ["x"], rows=5).tolist() == list(range(23))
    assert cores() >= 1
