"""The tables in the production database, and how rows get into them so that a second try changes nothing."""

from __future__ import annotations

import nightdesk
import pandas as pd
import sqlalchemy
from sqlalchemy import text

CONNECTION = "production"
TABLES = """
create schema if not exists phone;
create table if not exists phone.people (person_id integer primary key, region text not null);
create table if not exists phone.numbers (
    number_id integer primary key, person_id integer not null references phone.people,
    rank integer not null, kind text, source text not null, listed_on date not null);
create table if not exists phone.contacts (
    day date not null, hour integer not null, number_id integer not null references phone.numbers,
    outcome text not null, primary key (day, number_id));
create table if not exists phone.predictions (
    as_of date not null, number_id integer not null references phone.numbers,
    probability double precision not null, primary key (as_of, number_id));
create table if not exists phone.best_number (
    person_id integer primary key references phone.people, number_id integer not null references phone.numbers,
    probability double precision not null, as_of date not null);
create table if not exists phone.validation (
    day date primary key, predicted_on date, calls integer not null, reached double precision not null,
    by_prediction double precision, by_exploring double precision, auc double precision, log_loss double precision);
"""


def engine() -> sqlalchemy.Engine:
    """The production database, with the tables in it."""
    made: sqlalchemy.Engine = nightdesk.connect(CONNECTION)
    with made.begin() as connection:
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(text(statement))
    return made


def replace(connection: sqlalchemy.Connection, table: str, rows: pd.DataFrame, column: str) -> None:
    """Put the rows of one day in the place of those that an earlier try left."""
    query = text(f"delete from phone.{table} where {column} = :day")  # noqa: S608  # names of our own
    connection.execute(query, {"day": rows[column].iloc[0]})
    told = rows.dropna(axis="columns", how="all")  # of what is only missing nobody can tell the type
    told.to_sql(table, connection, schema="phone", if_exists="append", index=False, chunksize=5000)
