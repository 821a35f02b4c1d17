"""How likely a call reaches the person: what is known of a number the evening before, and a model of it."""

from __future__ import annotations

from datetime import date

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

USUAL, WEIGHT = 0.12, 5.0  # a number that was never called is taken for a usual one
DAYS = 60  # of calls that the model learns from
WORDS = ["kind", "source", "last"]
NUMBERS = ["rate", "attempts", "others", "days_since", "age", "rank"]
CUT_OFF = "disconnected"


def history(contacts: pd.DataFrame) -> pd.DataFrame:
    """For each call, what the calls to that number before it had come to."""
    rows = contacts.sort_values(["number_id", "day"], ignore_index=True)
    rows["day"] = pd.to_datetime(rows["day"])
    by = rows["number_id"]
    for name, outcome in (("reached", "reached"), ("others", "other person")):
        hit = (rows["outcome"] == outcome).astype(int)
        rows[name] = hit.groupby(by).cumsum() - hit
    rows["attempts"] = rows.groupby("number_id").cumcount()
    rows["last"] = rows.groupby("number_id")["outcome"].shift().fillna("never called")
    rows["last_day"] = rows.groupby("number_id")["day"].shift()
    return rows


def state(contacts: pd.DataFrame, numbers: pd.DataFrame, day: date) -> pd.DataFrame:
    """For each number, what all calls until the end of `day` have come to: as a call of the day after."""
    after = pd.Timestamp(day) + pd.Timedelta(days=1)
    coming = pd.DataFrame({"day": after, "number_id": numbers["number_id"], "outcome": "coming"})
    whole = history(pd.concat([contacts.assign(day=pd.to_datetime(contacts["day"])), coming]))
    return whole[whole["outcome"] == "coming"]


def features(rows: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """What the model sees. Nothing of it is from the day of the call or later."""
    table = rows.merge(numbers, on="number_id", how="left")
    table["kind"] = table["kind"].fillna("unknown")
    table["rate"] = (table["reached"] + USUAL * WEIGHT) / (table["attempts"] + WEIGHT)
    table["days_since"] = (table["day"] - table["last_day"]).dt.days.fillna(999).clip(upper=120)
    table["age"] = (table["day"] - pd.to_datetime(table["listed_on"])).dt.days / 365
    return table


def fit(table: pd.DataFrame) -> Pipeline:
    """A logistic regression: its weights can be read, and it is fitted within a second each day."""
    columns = ColumnTransformer(
        [("words", OneHotEncoder(handle_unknown="ignore"), WORDS), ("numbers", StandardScaler(), NUMBERS)]
    )
    model = make_pipeline(columns, LogisticRegression(C=0.5, max_iter=500))
    return model.fit(table[WORDS + NUMBERS], table["outcome"] == "reached")


def probabilities(model: Pipeline, table: pd.DataFrame) -> pd.Series:
    """Of reaching the person; none for a number that is cut off."""
    told = pd.Series(model.predict_proba(table[WORDS + NUMBERS])[:, 1], index=table.index)
    return told.where(table["last"] != CUT_OFF, 0.0)
