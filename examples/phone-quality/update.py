"""The evening of a day: hold the predictions against its calls, learn from them, and say whom to call where.

Runs each day on a schedule. A second try for the same day changes nothing: each day's rows are replaced.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime, timedelta

import matplotlib.pyplot as plt
import nightdesk
import pandas as pd
from model import DAYS, features, fit, history, probabilities, state
from sklearn.metrics import log_loss, roc_auc_score
from sqlalchemy import text
from tables import engine, replace

KEPT_DAYS = 14


def validated(
    day: date, contacts: pd.DataFrame, told: pd.DataFrame, numbers: pd.DataFrame
) -> dict[str, object]:
    """How the newest predictions from before the day did on it."""
    calls = contacts[contacts["day"] == day].merge(
        numbers[["number_id", "person_id", "rank"]], on="number_id"
    )
    reached = calls["outcome"] == "reached"
    row: dict[str, object] = {
        "day": day,
        "predicted_on": None,
        "calls": len(calls),
        "reached": reached.mean(),
    }
    row |= {"by_prediction": None, "by_exploring": None, "auc": None, "log_loss": None}
    if told.empty:
        return row
    judged = calls.merge(told, on="number_id")
    hit = judged["outcome"] == "reached"
    best = (
        told.merge(numbers, on="number_id")
        .sort_values("probability")
        .groupby("person_id")["number_id"]
        .last()
    )
    row["predicted_on"] = told["as_of"].iloc[0]
    row["by_prediction"] = reached[calls["number_id"].isin(best)].mean()
    row["by_exploring"] = reached[~calls["number_id"].isin(best)].mean()
    row["auc"] = roc_auc_score(hit, judged["probability"])
    row["log_loss"] = log_loss(hit, judged["probability"].clip(1e-4, 1 - 1e-4))
    return row


def picture(days: pd.DataFrame) -> None:
    """Of calls, how many reached somebody: each day, and over a week."""
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    axes.bar(days["day"], days["share"], color="#c9d3e0", width=0.9, label="each day")
    axes.plot(
        days["day"], days["share"].rolling(7, min_periods=3).mean(), color="#1f4e79", label="a week's mean"
    )
    if days["predicted"].any():
        axes.axvline(
            days.loc[days["predicted"], "day"].iloc[0],
            color="#b3541e",
            linestyle="--",
            label="predictions begin",
        )
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_title("Calls that reached the person", loc="left")
    axes.legend(frameon=False, ncols=3, loc="upper left")
    axes.set_ylim(0, days["share"].max() * 1.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(nightdesk.output_dir / "reached.png", dpi=110)


def main(day: date) -> None:
    """All of it for one day."""
    database = engine()
    since = {"since": day - timedelta(days=2 * DAYS), "day": day}
    with database.connect() as connection:
        numbers = pd.read_sql(text("select * from phone.numbers"), connection)
        contacts = pd.read_sql(
            text("select * from phone.contacts where day between :since and :day"), connection, params=since
        )
        told = pd.read_sql(
            text(
                "select * from phone.predictions where as_of = (select max(as_of) from phone.predictions where as_of < :day)"
            ),
            connection,
            params=since,
        )
    if not (contacts["day"] == day).any():
        raise SystemExit(
            f"there are no calls of {day}: nothing to learn from, the predictions stay as they are"
        )
    validation = validated(day, contacts, told, numbers)

    rows = history(contacts)
    model = fit(features(rows[rows["day"] > pd.Timestamp(day) - pd.Timedelta(days=DAYS)], numbers))
    now = features(state(contacts, numbers, day), numbers)
    now["probability"] = probabilities(model, now)
    predictions = now[["number_id", "probability"]].assign(as_of=day)
    best = now.sort_values(["probability", "number_id"]).groupby("person_id").tail(1)

    with database.begin() as connection:
        before = pd.read_sql(text("select person_id, number_id from phone.best_number"), connection)
        replace(connection, "predictions", predictions, "as_of")
        connection.execute(
            text("delete from phone.predictions where as_of < :old"), {"old": day - timedelta(days=KEPT_DAYS)}
        )
        connection.execute(
            text(
                "insert into phone.best_number values (:person_id, :number_id, :probability, :as_of)"
                " on conflict (person_id) do update set number_id = excluded.number_id,"
                " probability = excluded.probability, as_of = excluded.as_of"
            ),
            best[["person_id", "number_id", "probability"]].assign(as_of=day).to_dict("records"),
        )
        replace(connection, "validation", pd.DataFrame([validation]), "day")
        days = pd.read_sql(
            text(
                "select day, avg((outcome = 'reached')::int)::float8 as share,"
                " day >= coalesce((select min(day) from phone.validation where predicted_on is not null), :day + 1) as predicted"
                " from phone.contacts where day <= :day group by day order by day"
            ),
            connection,
            params={"day": day},
        )
    changed = best.merge(before, on="person_id", suffixes=("", "_before"))
    summary = {
        **{key: str(value) if isinstance(value, date) else value for key, value in validation.items()},
        "people": len(best),
        "changed": int((changed["number_id"] != changed["number_id_before"]).sum())
        if len(before)
        else len(best),
        "not_first_on_the_list": int((best["rank"] > 1).sum()),
        "cut_off": int((now["last"] == "disconnected").sum()),
        "mean_probability": float(best["probability"].mean()),
    }
    pd.DataFrame([validation]).to_csv(nightdesk.output_dir / "validation.csv", index=False)
    (nightdesk.output_dir / "summary.json").write_text(json.dumps(summary, indent=1, default=float) + "\n")
    picture(days)
    for name in ("reached", "by_prediction", "by_exploring", "auc", "log_loss"):
        if validation[name] is not None and pd.notna(validation[name]):
            nightdesk.log_metric(name, validation[name])
    print(
        f"{day}: {summary['calls']} calls, {summary['reached']:.1%} reached; "
        f"the best number of {summary['changed']} of {summary['people']} people is another one now"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--day",
        default=datetime.now(UTC).date().isoformat(),
        help="also with a time after it, as schedules say it",
    )
    main(date.fromisoformat(parser.parse_args().day[:10]))
