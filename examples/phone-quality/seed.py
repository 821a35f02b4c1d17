"""Begin anew: people, their numbers, and weeks of calls in the order of the list. For the example alone."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from sqlalchemy import text
from tables import engine
from world import calls, numbers, people

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--people", type=int, default=6000)
parser.add_argument("--days", type=int, default=90, help="of calls before the last day")
parser.add_argument(
    "--until", type=date.fromisoformat, default=datetime.now(UTC).date(), help="the day after"
)
parser.add_argument("--share", type=float, default=0.12, help="of people who are called on a day")
parser.add_argument("--seed", type=int, default=7)
wanted = parser.parse_args()

first_day = wanted.until - timedelta(days=wanted.days)
persons = people(wanted.people, wanted.seed)
listed = numbers(persons, first_day, wanted.seed)
days = [first_day + timedelta(days=each) for each in range(wanted.days)]
history = pd.concat(calls(listed, {}, day, wanted.share, wanted.seed) for day in days)
settings = {"people": wanted.people, "seed": wanted.seed, "share": wanted.share, "first_day": first_day}

with engine().begin() as connection:
    connection.execute(
        text(
            "truncate phone.people, phone.numbers, phone.contacts, phone.predictions, phone.best_number, phone.validation"
        )
    )
    for table, rows in (
        ("people", persons[["person_id", "region"]]),
        ("numbers", listed[["number_id", "person_id", "rank", "kind", "source", "listed_on"]]),
        ("contacts", history),
    ):
        rows.to_sql(table, connection, schema="phone", if_exists="append", index=False, chunksize=5000)
    pd.DataFrame([settings]).to_sql("world", connection, schema="phone", if_exists="replace", index=False)
print(f"{len(persons)} people, {len(listed)} numbers, {len(history)} calls on {wanted.days} days")
print(f"reached: {(history['outcome'] == 'reached').mean():.1%} of calls")
