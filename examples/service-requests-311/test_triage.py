# Exported from develop.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:b73da50bb739f52cf06ff36172fa156558f22d1a20d4733d47f2ee9a061a94a2
"""Tests of triage."""

import numpy as np

from triage import fit, gain, is_better, normal


def test_numbers_and_blanks_do_not_matter():
    assert normal("Hole at  12 Oak St\n") == normal("hole at 300 oak st") == "hole at # oak st"


def test_it_learns_what_the_words_mean():
    texts = ["hole in the road", "deep hole", "road hole again", "lamp is dark", "no light", "the lamp light"] * 5
    categories = ["pothole"] * 3 + ["light"] * 3
    model = fit(texts, categories * 5)
    assert list(model.predict(["A HOLE at 5 main", "lamp out"])) == ["pothole", "light"]


def test_better_is_more_than_chance():
    random = np.random.default_rng(1)
    old = random.exponential(1, 500)
    assert is_better(*gain(old - 0.2, old))
    assert not is_better(*gain(old + random.normal(0, 1, 500), old))
    assert not is_better(*gain(old + 0.2, old))
