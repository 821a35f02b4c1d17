# Exported from develop.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:e1e6325499c62fab67249c9217989c98e6f4aee5f524ff5ecc48a3814259d43e
"""Triage of service requests"""

import re

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union


def normal(text: str) -> str:
    """Small letters, one blank between words, a mark in the place of each number."""
    return re.sub(r"\s+", " ", re.sub(r"\d+", "#", text.lower())).strip()


def fit(texts: list[str], categories: list[str]) -> Pipeline:
    """A model of which category a text is filed under."""
    words = TfidfVectorizer(preprocessor=normal, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    pieces = TfidfVectorizer(preprocessor=normal, analyzer="char_wb", ngram_range=(3, 4), min_df=5, sublinear_tf=True, max_features=20_000)
    return make_pipeline(make_union(words, pieces), LogisticRegression(C=4.0, max_iter=200)).fit(texts, categories)


LEAST = 1e-3


def costs(model: Pipeline, texts: list[str], categories: list[str]) -> np.ndarray:
    """The log loss of each request."""
    known = {name: number for number, name in enumerate(model.classes_)}
    told = model.predict_proba(texts)
    of = np.array([told[row, known[name]] if name in known else 0.0 for row, name in enumerate(categories)])
    return -np.log(np.clip(of, LEAST, 1))


def gain(new: np.ndarray, old: np.ndarray) -> tuple[float, float]:
    """By how much the new costs are lower, in the mean, and the standard error of that."""
    saved = old - new
    return float(saved.mean()), float(saved.std(ddof=1) / np.sqrt(len(saved)))


def is_better(mean: float, error: float) -> bool:
    """Better by more than chance: one-sided, at 5 %."""
    return mean > 1.645 * error
