"""Begin anew: a voter file, and a survey of which everybody answered some of ten questions. For the example alone.

It behaves as such data does: views hang together, age and place say much and party most, a third has no party on file,
the young answer surveys less, questions are skipped, and some answers are not what people think.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nightdesk
import numpy as np
import pandas as pd
from sqlalchemy import text

ISSUES = Path(__file__).with_name("issues.csv").read_text("utf-8").split()[1:]
REGIONS = ["north", "coast", "lakes", "plains", "capital"]
#                 climate  guns health housing immig. polic. schools taxes transit wages
SUPPORT = np.array([0.6, 0.1, 0.8, 0.3, -0.1, -0.4, 0.7, -0.6, -0.2, 0.9])
LEFT = np.array([1.5, 1.6, 1.1, 0.8, 1.4, 1.0, 0.6, 0.9, 0.7, 1.0])
OPEN = np.array([0.5, 0.3, 0.1, 0.4, 0.9, 0.5, 0.3, 0.1, 0.6, 0.0])
OLD = np.array([-0.3, 0.1, 0.4, -0.6, -0.4, -0.5, -0.2, -0.2, -0.3, -0.1])
TOWN = np.array([0.3, 0.6, 0.1, 0.5, 0.4, 0.2, 0.1, 0.1, 1.1, 0.1])
NOT_MEANT = 0.06

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--people", type=int, default=30_000)
parser.add_argument("--answering", type=float, default=0.15, help="share of people who were surveyed")
parser.add_argument("--seed", type=int, default=7)
wanted = parser.parse_args()

random = np.random.default_rng(wanted.seed)
count = wanted.people
left, openness = random.normal(0, 1, count), random.normal(0, 1, count)
age = np.clip(random.normal(48, 17, count), 18, 98).round()
density = np.clip(random.normal(0.5 + 0.12 * left, 0.25, count), 0, 1)
party = np.where(
    left + random.normal(0, 0.7, count) > 0.25, "left", np.where(left < -0.2, "right", "other")
).astype(object)
party[random.random(count) < 0.33] = None
people = pd.DataFrame(
    {
        "person_id": np.arange(1, count + 1),
        "age": pd.Series(age).where(random.random(count) > 0.06),
        "region": random.choice(REGIONS, count, p=[0.2, 0.25, 0.15, 0.15, 0.25]),
        "party": party,
        "density": density.round(3),
        "degree": random.random(count) < 0.25 + 0.15 * (openness > 0) + 0.1 * (age < 45),
        "years_here": random.exponential(9, count).round(1),
        "votes_of_4": random.binomial(4, np.clip(0.25 + age / 130, 0, 0.95)),
    }
)
odds = (
    SUPPORT
    + np.outer(left, LEFT)
    + np.outer(openness + 0.8 * people["degree"], OPEN)
    + np.outer((age - 48) / 17, OLD)
    + np.outer(2 * density - 1, TOWN)
)
supports = random.random(odds.shape) < 1 / (1 + np.exp(-odds))
supports ^= random.random(odds.shape) < NOT_MEANT
asked = random.random(count) < wanted.answering * np.clip(0.5 + age / 90, 0, 1.4)
answered = asked[:, None] & (random.random(odds.shape) < 0.7)
person, issue = np.nonzero(answered)
answers = pd.DataFrame(
    {
        "person_id": person + 1,
        "issue": np.array(ISSUES)[issue],
        "day": pd.Timestamp("2026-09-01") + pd.to_timedelta(random.integers(0, 60, len(person)), unit="D"),
        "supports": supports[person, issue],
    }
)
with nightdesk.connect("production").begin() as connection:
    connection.execute(text("create schema if not exists issues"))
    for table, rows in (("people", people), ("answers", answers)):
        rows.to_sql(table, connection, schema="issues", if_exists="replace", index=False, chunksize=5000)
    connection.execute(text("drop table if exists issues.positions"))
    connection.execute(
        text(
            "create table issues.positions (issue text, person_id integer, support double precision not null,"
            " by_run text, primary key (issue, person_id))"
        )
    )
print(
    f"{count:,} people; {asked.sum():,} were surveyed and gave {len(answers):,} answers on {len(ISSUES)} issues"
)
