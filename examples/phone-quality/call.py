"""A day of calls, each person on the number that is the best one then. Stands for the phone bank's own system."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime

import pandas as pd
from sqlalchemy import text
from tables import engine, replace
from world import calls, numbers, people

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date())
wanted = parser.parse_args()

with engine().begin() as connection:
    world = connection.execute(text("select * from phone.world")).mappings().one()
    found = connection.execute(
        text("select person_id, number_id from phone.best_number where as_of < :day"), vars(wanted)
    )
    best = {row.person_id: row.number_id for row in found}
    listed = numbers(people(world["people"], world["seed"]), world["first_day"], world["seed"])
    made: pd.DataFrame = calls(listed, best, wanted.day, world["share"], world["seed"])
    replace(connection, "contacts", made, "day")
print(f"{wanted.day}: {len(made)} calls, {(made['outcome'] == 'reached').mean():.1%} reached")
