"""What the package promises. Run while the image is built, where the locked packages are."""

from __future__ import annotations

import unittest

import numpy as np
import pandas as pd
import sqlalchemy
from modelling import blend, check_split, check_table, drift, folds, pull, split, tune
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

QUERY = "select * from gifts where amount > :least"


def gifts(count: int = 600) -> pd.DataFrame:
    """Days from 1 January 2025; whether somebody gives again depends on `amount`, not on `noise`."""
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"day": pd.date_range("2025-01-01", periods=count, freq="D")})
    table["amount"], table["noise"] = rng.normal(size=count), rng.normal(size=count)
    table["again"] = (table["amount"] + rng.normal(scale=0.7, size=count) > 0).astype(int)
    return table


class Pulling(unittest.TestCase):
    def setUp(self) -> None:
        self.engine = sqlalchemy.create_engine("sqlite://")
        self.addCleanup(self.engine.dispose)
        written = (
            gifts().iloc[::-1].assign(day=lambda table: table["day"].dt.strftime("%Y-%m-%dT12:00:00+02:00"))
        )
        with self.engine.begin() as connection:
            written.to_sql("gifts", connection, index=False)

    def test_rows_come_by_time_in_utc(self) -> None:
        table = pull(self.engine, QUERY, "day", {"least": 0})
        assert table["day"].is_monotonic_increasing
        assert table["day"].iloc[0].hour == 10
        assert (table["amount"] > 0).all()

    def test_what_is_missing_is_said(self) -> None:
        with self.assertRaisesRegex(ValueError, "no column 'date'; it gives: day, amount"):
            pull(self.engine, QUERY, "date", {"least": 0})
        with self.assertRaisesRegex(ValueError, "no rows"):
            pull(self.engine, QUERY, "day", {"least": 1000})

    def test_a_value_is_never_sql(self) -> None:
        with self.assertRaisesRegex(ValueError, "no rows"):  # SQLite: every number is less than a text
            pull(self.engine, QUERY, "day", {"least": "0 or 1=1"})


class Splitting(unittest.TestCase):
    def test_nothing_in_the_gap_is_in_either_part(self) -> None:
        parts = split(gifts(), "day", "2026-01-01", gap="30D")
        assert parts.train["day"].max() == pd.Timestamp("2025-12-01")
        assert parts.test["day"].min() == pd.Timestamp("2026-01-01")

    def test_an_empty_part_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "nothing to test with"):
            split(gifts(), "day", "2030-01-01")

    def test_folds_test_on_what_comes_after(self) -> None:
        table = pd.concat([gifts(100), gifts(100)], ignore_index=True)  # each moment twice
        pairs = list(folds(table, "day", 4))
        for train, test in pairs:
            assert table["day"].iloc[train].max() < table["day"].iloc[test].min()
        assert [len(test) for _, test in pairs] == [40] * 4
        with self.assertRaisesRegex(ValueError, "3 folds want 4 distinct moments; there are 3"):
            list(folds(gifts(3), "day"))


class Models(unittest.TestCase):
    def test_the_best_of_a_grid_is_fitted_and_the_first_of_equals_wins(self) -> None:
        table = gifts()
        grid = {"C": [1e-9, 1.0], "fit_intercept": [True, False]}
        tuned = tune(
            LogisticRegression(), grid, table[["amount", "noise"]], table["again"], folds(table, "day")
        )
        assert len(tuned.table) == 4
        assert tuned.table["score"].is_monotonic_decreasing
        assert tuned.table["score"].iloc[0] > 0.8
        assert tuned.choice["fit_intercept"] is True
        assert abs(tuned.model.coef_[0][0]) > abs(tuned.model.coef_[0][1])

    def test_a_model_that_never_helps_gets_no_weight(self) -> None:
        table = gifts()
        features = table[["amount", "noise"]]
        models = {
            "line": LogisticRegression().fit(features, table["again"]),
            "chance": DummyClassifier(strategy="constant", constant=1).fit(features, table["again"]),
        }
        both = blend(models, features, table["again"])
        assert both.weights == {"line": 1.0}
        assert np.allclose(both.probability(features), models["line"].predict_proba(features)[:, 1])


class Checks(unittest.TestCase):
    def test_a_sound_table_and_split_have_no_problems(self) -> None:
        assert check_table(gifts(), ["day"]) == []
        assert check_split(split(gifts(), "day", "2026-01-01"), ["amount", "noise"], "again") == []

    def test_each_problem_names_its_column(self) -> None:
        table = gifts().assign(same=1, leak=lambda table: table["again"], trend=np.arange(600))
        table.loc[:300, "noise"] = np.nan
        table = pd.concat([table, table.tail(1)], ignore_index=True)
        assert [each.column for each in check_table(table, ["day"])] == ["day", "noise", "same"]
        parts = split(table, "day", "2026-01-01")
        assert [each.column for each in check_split(parts, ["leak", "trend"], "again")] == ["leak", "trend"]

    def test_drift_is_none_for_the_same_and_large_for_others(self) -> None:
        amounts = gifts()["amount"]
        assert drift(amounts, amounts) == 0
        assert drift(amounts, amounts + 2) > 1


if __name__ == "__main__":
    unittest.main()
