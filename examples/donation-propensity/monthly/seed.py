"""Donors and their gifts up to a month, as the charity's own system would hold them. For the example alone.

The world goes on: the same seed and a later month give the same gifts and those that came since. Scores and what was
validated stay.
"""

from __future__ import annotations

import argparse

import nightdesk
import numpy as np
import pandas as pd
from sqlalchemy import text

FIRST = pd.Period("2022-01", freq="M")
SEASON = np.array([-0.25, -0.15, 0.0, 0.05, 0.05, -0.1, -0.35, -0.4, 0.0, 0.15, 0.45, 0.85])
CHANNELS = ["mail", "online", "street", "event", "telephone"]
REGIONS = ["North", "Coast", "Lakes", "Midlands", "Capital", "South"]


def donors(count: int, months: int, seed: int) -> pd.DataFrame:
    """Who they are, `level`, `fading` and `own_month` of which nobody can see."""
    random = np.random.default_rng([seed, 1])
    channel = random.choice(5, count, p=[0.36, 0.27, 0.17, 0.11, 0.09])
    age = np.clip(random.normal(np.array([64, 47, 39, 54, 60])[channel], 13), 18, 99).round()
    told = random.random(count) > np.array([0.14, 0.35, 0.44, 0.20, 0.17])[channel]
    care = random.normal(0, 1, count)
    joined = np.where(
        random.random(count) < 0.6, -random.integers(0, 60, count), random.integers(0, months, count)
    )
    first = np.array([(FIRST + int(month)).start_time.date() for month in joined])
    return pd.DataFrame(
        {
            "donor_id": np.arange(1, count + 1),
            "channel": np.array(CHANNELS)[channel],
            "region": random.choice(REGIONS, count),
            "age": pd.Series(age).where(told),
            "email": random.random(count) < np.array([0.42, 0.97, 0.66, 0.71, 0.38])[channel],
            "joined": first,
            "joined_month": joined,
            "level": -3.2 + 0.75 * care + np.array([0.25, 0.0, -0.7, 0.05, -0.1])[channel] + 0.5 * (age > 66),
            "usual": 2.8 + 0.3 * care + random.normal(0, 0.4, count),
            "fading": np.array([0.012, 0.022, 0.045, 0.020, 0.018])[channel] * np.exp(-0.35 * care),
            "own_month": np.where(random.random(count) < 0.2, random.integers(0, 12, count), -1),
        }
    )


def gifts(people: pd.DataFrame, months: int, seed: int) -> pd.DataFrame:
    """Month by month: who gives, and how much. Each year answers a little less than the one before."""
    count = len(people)
    gone, warmth, parts = np.zeros(count, dtype=bool), np.zeros(count), []
    for month in range(months):
        random = np.random.default_rng([seed, 2, month])
        here = people["joined_month"].to_numpy() <= month
        gone = (gone | (random.random(count) < people["fading"].to_numpy())) & (random.random(count) > 0.006)
        odds = people["level"] + SEASON[month % 12] + 0.35 * warmth - 0.004 * month
        odds = odds + 2.2 * (people["own_month"] == month % 12)
        gives = here & ~gone & (random.random(count) < 1 / (1 + np.exp(-odds.to_numpy())))
        warmth = 0.7 * warmth + gives
        amount = np.exp(people["usual"].to_numpy() + random.normal(0, 0.35, count))
        day = (FIRST + month).start_time + pd.to_timedelta(random.integers(0, 28, count), unit="D")
        whole = pd.DataFrame({"donor_id": people["donor_id"], "day": day, "amount": amount.round(2)})
        parts.append(whole[gives])
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Put the world into the database as it is on the first day of the month."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--month", default="2026-11", help="gifts of the months before it are there")
    parser.add_argument("--donors", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    months = (pd.Period(wanted.month, freq="M") - FIRST).n
    whole = (
        pd.Period("2027-12", freq="M") - FIRST
    ).n  # whoever joins later is on the list, but not in the data
    people = donors(wanted.donors, whole, wanted.seed)
    given = gifts(people, months, wanted.seed)
    there = people[people["joined_month"] < months]
    with nightdesk.connect("production").begin() as connection:
        connection.execute(text("create schema if not exists donations"))
        for table, rows in (
            ("donors", there[["donor_id", "channel", "region", "age", "email", "joined"]]),
            ("gifts", given),
        ):
            rows.to_sql(
                table, connection, schema="donations", if_exists="replace", index=False, chunksize=5000
            )
        connection.execute(text("create index on donations.gifts (donor_id, day)"))
    last = given[given["day"] >= (pd.Period(wanted.month, freq="M") - 1).start_time]
    print(
        f"{len(there):,} donors, {len(given):,} gifts before {wanted.month}; last month {len(last) / len(there):.1%} gave"
    )


if __name__ == "__main__":
    main()
