"""Begin anew: some weeks of requests until a moment; some hours later something new comes up. For the example alone."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import nightdesk
import pandas as pd
from sqlalchemy import text
from tables import TABLES
from world import moment, requests

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--until", type=moment, default=moment(datetime.now(UTC).isoformat()))
parser.add_argument("--days", type=int, default=21)
parser.add_argument("--hourly", type=float, default=40)
parser.add_argument(
    "--new-after", type=int, default=4, help="hours after the last one until something new comes up"
)
parser.add_argument("--seed", type=int, default=7)
wanted = parser.parse_args()

new_from = wanted.until + timedelta(hours=wanted.new_after)
there = requests(
    wanted.until - timedelta(days=wanted.days), wanted.until, wanted.hourly, new_from, wanted.seed
)
world = pd.DataFrame(
    [{"an_hour": wanted.hourly, "new_from": new_from, "seed": wanted.seed, "until": wanted.until}]
)
with nightdesk.connect("production").begin() as connection:
    for statement in ("drop schema if exists requests_311 cascade", *TABLES):
        connection.execute(text(statement))
    there.to_sql(
        "requests", connection, schema="requests_311", if_exists="append", index=False, chunksize=5000
    )
    world.to_sql("world", connection, schema="requests_311", if_exists="replace", index=False)
print(
    f"{len(there):,} requests in {wanted.days} days; the most frequent: {there['category'].value_counts().index[0]}"
)
