# Exported from pulling.ipynb by `nightdesk export`: change the notebook, and export it again.
# nightdesk-export sha256:85fa08a1623086eaad4c003a714054101773bd8a6a7dad9ff2a87dfe200ee664
"""Tests of issue_models.pulling."""

import pandas as pd
import sqlalchemy

from issue_models.pulling import pull_answers, pull_people


def test_what_is_not_known_has_a_word_and_nobody_is_an_error():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("attach ':memory:' as issues"))
        people = pd.DataFrame({"person_id": [1], "region": ["north"], "party": [None], "degree": [True]})
        people.to_sql("people", connection, schema="issues", index=False)
        pd.DataFrame({"person_id": [], "issue": [], "day": [], "supports": []}).to_sql("answers", connection, schema="issues", index=False)
    assert pull_people(engine)["party"].tolist() == ["unknown"]
    try:
        pull_answers(engine, "taxes")
    except ValueError as error:
        assert "taxes" in str(error)
    else:
        raise AssertionError("no answers, and no error")
    engine.dispose()
