"""The hours go by: what people report until a moment, filed by the staff. Stands for the city's own system."""

from __future__ import annotations

import argparse

import nightdesk
from sqlalchemy import text
from world import moment, requests

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--until", type=moment, required=True)
wanted = parser.parse_args()

with nightdesk.connect("production").begin() as connection:
    world = connection.execute(text("select * from requests_311.world")).mappings().one()
    came = requests(world["until"], wanted.until, world["an_hour"], world["new_from"], world["seed"])
    if len(came):
        came.to_sql(
            "requests", connection, schema="requests_311", if_exists="append", index=False, chunksize=5000
        )
    connection.execute(text("update requests_311.world set until = :until"), {"until": wanted.until})
print(f"{len(came):,} requests came in until {wanted.until:%d %B, %H:%M}")
