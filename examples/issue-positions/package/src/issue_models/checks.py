# Exported from checks.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:c358cc10ed12724d1a02c683b896e7d9919f709592db62959880f4395af0b475
"""Checks: before anybody reads a number"""

import numpy as np
import pandas as pd


def check_answers(table: pd.DataFrame, least: int = 200) -> list[str]:
    """What is wrong with the answers on an issue, in words; nothing where they will do."""
    found = []
    if len(table) < least:
        found.append(f"{len(table)} answers are too few; {least} are wanted")
    if twice := int(table.duplicated("person_id").sum()):
        found.append(f"{twice} people answered twice")
    share = float(table["supports"].mean())
    if not 0.05 < share < 0.95:
        found.append(f"{share:.0%} support it: there is next to nothing to tell apart")
    return found


def drift(before: pd.Series, after: pd.Series, bins: int = 10) -> float:
    """The population stability index: 0 where both are alike, above 0.25 by custom where they are not."""
    edges = np.unique(np.quantile(before.dropna(), np.linspace(0, 1, bins + 1)))[1:-1]
    shares = []
    for values in (before.dropna(), after.dropna()):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        shares.append(np.maximum(counts, 0.5) / len(values))
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def check_people(answered: pd.DataFrame, everybody: pd.DataFrame, columns: list[str]) -> dict[str, float]:
    """How unlike those who answered are to those who are predicted for, by column."""
    return {name: drift(everybody[name].astype(float), answered[name].astype(float)) for name in columns}
