# Exported from pulling.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:73359679a977e06e70ff5f09c892ead2e9f84606f0d36f8e16b167ae74e9dce3
"""Pulling: one table for a model, the same for every issue"""

import pandas as pd
import sqlalchemy

WORDS = ["region", "party"]
NUMBERS = ["age", "density", "degree", "years_here", "votes_of_4"]
FEATURES = WORDS + NUMBERS


def pull_answers(engine: sqlalchemy.Engine, issue: str) -> pd.DataFrame:
    """Who answered on the issue, the oldest answer first: features, `day` and `supports`."""
    query = "select person.*, answer.day, answer.supports from issues.people person join issues.answers answer using (person_id) where answer.issue = :issue order by answer.day, person_id"
    return _pulled(engine, query, {"issue": issue})


def pull_people(engine: sqlalchemy.Engine) -> pd.DataFrame:
    """Everybody, to be predicted for."""
    return _pulled(engine, "select * from issues.people order by person_id", {})


def _pulled(engine: sqlalchemy.Engine, query: str, values: dict) -> pd.DataFrame:
    with engine.connect() as connection:
        table = pd.read_sql(sqlalchemy.text(query), connection, params=values)
    if table.empty:
        raise ValueError(f"nobody is there for {values or 'a prediction'}")
    for name in WORDS:
        table[name] = table[name].fillna("unknown")
    return table.assign(degree=table["degree"].astype(float))
