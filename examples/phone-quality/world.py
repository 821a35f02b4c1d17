"""The people behind the numbers, and what happens when somebody calls. Everything is generated; nobody is real.

It behaves as phone lists do: most calls reach nobody, mobile numbers more than landlines, evenings more than
mornings; lists age, numbers are handed on or cut off, the kind of every sixth number is not known, and a few
people are reached on almost any call while most hardly ever are.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

KINDS = {"mobile": 0.21, "landline": 0.10, "work": 0.07}  # of calls by day that reach somebody, in the middle
SOURCES = {"sign-up": 1.25, "event": 1.1, "bought list": 0.6}
REGIONS = ["north", "south", "east", "west"]
CUT_OFF_A_DAY = 0.0012
HOURS = np.arange(10, 21)
OF_HOUR = np.array([0.7, 0.75, 0.9, 0.85, 0.7, 0.7, 0.8, 1.1, 1.35, 1.45, 1.2])
OF_WEEKDAY = np.array([1.0, 1.05, 1.05, 1.0, 0.85, 1.15, 0.8])
EXPLORED = 0.15  # of calls go to another number than the best, or nobody would learn about those


def people(count: int, seed: int) -> pd.DataFrame:
    """`person_id`, `region`, and `reach`, which nobody can see."""
    random = np.random.default_rng([seed, 1])
    return pd.DataFrame(
        {
            "person_id": np.arange(1, count + 1),
            "region": random.choice(REGIONS, count, p=[0.4, 0.3, 0.2, 0.1]),
            "reach": random.gamma(2.0, 0.5, count),
        }
    )


def numbers(persons: pd.DataFrame, first_day: date, seed: int) -> pd.DataFrame:
    """One to four numbers a person in the order of the list. `truth` and `ends` nobody can see."""
    random = np.random.default_rng([seed, 2])
    how_many = random.choice([1, 2, 3, 4], len(persons), p=[0.35, 0.35, 0.2, 0.1])
    table = persons.loc[persons.index.repeat(how_many), ["person_id", "reach"]].reset_index(drop=True)
    size = len(table)
    table.insert(0, "number_id", np.arange(1, size + 1))
    table["rank"] = table.groupby("person_id").cumcount() + 1
    kind = random.choice(list(KINDS), size, p=[0.5, 0.35, 0.15])
    table["source"] = random.choice(list(SOURCES), size, p=[0.35, 0.2, 0.45])
    age = np.minimum(random.exponential(900, size), 4000).astype(int) + 1
    table["listed_on"] = [date.fromordinal(first_day.toordinal() - int(days)) for days in age]
    base = np.array([KINDS[each] for each in kind]) * table["source"].map(SOURCES).to_numpy()
    wrong = random.random(size) < 0.1 + 0.25 * (table["source"] == "bought list")
    spread = random.lognormal(0, 0.6, size)
    table["truth"] = np.clip(base * table["reach"] * spread * np.exp(-age / 2500), 0, 0.85) * ~wrong
    table["wrong"] = wrong
    table["ends"] = first_day.toordinal() + random.geometric(CUT_OFF_A_DAY, size)
    table["kind"] = pd.Series(kind, dtype=object).where(random.random(size) > 1 / 6, None)
    return table


def calls(table: pd.DataFrame, best: dict[int, int], day: date, share: float, seed: int) -> pd.DataFrame:
    """What the callers wrote down on one day: `day`, `hour`, `number_id`, `outcome`.

    Args:
        table: what `numbers` gave.
        best: the number to call, by person; who is not in it is called on the first number of the list.
        day: the day.
        share: of people who are called.
    """
    random = np.random.default_rng([seed, 3, day.toordinal()])
    persons = np.sort(table["person_id"].unique())
    called = persons[random.random(len(persons)) < share * OF_WEEKDAY[day.weekday()]]
    rows = table[table["person_id"].isin(called)]
    wanted = rows["person_id"].map(best).to_numpy()
    first = np.where(pd.isna(wanted), rows["rank"] == 1, rows["number_id"] == wanted)
    lot = random.random(len(rows))
    explores = rows["person_id"].map(dict(zip(called, random.random(len(called)) < EXPLORED, strict=True)))
    order = np.where(explores, lot, np.where(first, -1.0, 1.0 + lot))
    chosen = rows.assign(order=order).sort_values(["person_id", "order"]).drop_duplicates("person_id")
    size = len(chosen)
    hour = random.choice(len(HOURS), size, p=OF_HOUR[::-1] / OF_HOUR.sum())
    reached = chosen["truth"].to_numpy() * OF_HOUR[hour] * OF_WEEKDAY[day.weekday()]
    draw = random.random(size)
    outcome = np.select(
        [
            chosen["ends"].to_numpy() <= day.toordinal(),
            draw < reached,
            chosen["wrong"].to_numpy() & (draw > 0.85),
        ],
        ["disconnected", "reached", "other person"],
        "no answer",
    )
    return pd.DataFrame(
        {"day": day, "hour": HOURS[hour], "number_id": chosen["number_id"].to_numpy(), "outcome": outcome}
    )
