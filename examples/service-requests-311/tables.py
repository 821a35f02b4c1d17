"""The tables of the example, in the production database."""

TABLES = (
    "create schema if not exists requests_311",
    """create table if not exists requests_311.requests (
        request_id serial primary key, opened_at timestamptz not null, text text not null, category text,
        channel text not null, ward integer)""",
    """create table if not exists requests_311.models (
        model_id serial primary key, trained_at timestamptz not null, by_run text, learned_from integer not null,
        judged_on integer not null, accuracy double precision not null, live_accuracy double precision,
        gain double precision, error double precision, live boolean not null, content bytea not null)""",
    """create table if not exists requests_311.routed (
        request_id integer primary key references requests_311.requests, category text not null,
        confidence double precision not null, model_id integer not null references requests_311.models)""",
)
