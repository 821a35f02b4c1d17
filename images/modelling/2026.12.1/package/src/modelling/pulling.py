"""Pulling data: one query, one table with the columns and types that the rest relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy


def pull(
    engine: sqlalchemy.Engine, query: str, when: str, parameters: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """The query's rows, the oldest first.

    Args:
        engine: where to ask, for example ``nightdesk.connect("warehouse")``.
        query: SQL with ``:name`` for each parameter.
        when: the column with each row's moment; it comes back as a date and time without a zone, in UTC.
        parameters: values by name. They are bound, never pasted into the text.

    Raises:
        ValueError: there is no such column, a moment is missing, or there are no rows.
    """
    with engine.connect() as connection:
        table = pd.read_sql(sqlalchemy.text(query), connection, params=dict(parameters or {}))
    if when not in table:
        raise ValueError(f"the query gives no column '{when}'; it gives: {', '.join(table.columns)}")
    if table.empty:
        raise ValueError("the query gives no rows")
    table[when] = pd.to_datetime(table[when], utc=True, format="ISO8601").dt.tz_localize(None)
    if missing := int(table[when].isna().sum()):
        raise ValueError(f"{missing} of {len(table)} rows have no '{when}'; leave them out in the query")
    return table.sort_values(when, kind="stable", ignore_index=True)
