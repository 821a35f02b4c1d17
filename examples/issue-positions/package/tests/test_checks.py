# Exported from checks.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:ec3fd0315280e0964841471c593282a91260d75ea7b24f7705ddb02233b03b73
"""Tests of issue_models.checks."""

import numpy as np
import pandas as pd

from issue_models.checks import check_answers, drift


def test_each_problem_is_told():
    table = pd.DataFrame({"person_id": [1, 1, 2], "supports": [True, True, True]})
    assert [words.split()[0] for words in check_answers(table)] == ["3", "1", "100%"]
    sound = pd.DataFrame({"person_id": range(400), "supports": [True, False] * 200})
    assert check_answers(sound) == []


def test_drift_is_none_for_the_same_and_large_for_others():
    numbers = pd.Series(np.random.default_rng(1).normal(size=1000))
    assert drift(numbers, numbers) == 0
    assert drift(numbers, numbers + 2) > 1
