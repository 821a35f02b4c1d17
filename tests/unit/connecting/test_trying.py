"""What trying a connection says of what it found, without a server."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from nightdesk.connecting.opening import Given
from nightdesk.connecting.probing import Failed
from nightdesk.connecting.trying import try_postgresql


def of_tables(there: int, readable: int) -> str:
    """What is said of a database with so many tables."""
    answer = {
        "name": "x", "kind": "postgresql", "read_only": False, "place": None,
        "settings": {"host": "h", "port": 5432, "database": "sales", "user": "ada"}, "secrets": {"password": "pw"},
    }  # fmt: skip
    found = SimpleNamespace(execute=lambda _query: SimpleNamespace(one=lambda: (there, readable)))
    engine: Any = SimpleNamespace(
        url=SimpleNamespace(username="ada"), connect=lambda: contextlib.nullcontext(found)
    )
    (_, _), (_, read) = try_postgresql(Given(answer), engine)
    return read()


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (1, "'ada' may not read the only table of 'sales'"),
        (3, "'ada' may read none of the 3 tables of 'sales'"),
    ],
)
def test_tables_that_may_not_be_read_are_counted_in_words(there: int, words: str) -> None:
    with pytest.raises(Failed) as caught:
        of_tables(there, 0)
    assert caught.value.words == words


@pytest.mark.parametrize(
    ("there", "readable", "words"),
    [(0, 0, "there is no table yet"), (2, 1, "it may read 1 table"), (3, 2, "it may read 2 tables")],
)
def test_tables_that_may_be_read_are_counted_in_words(there: int, readable: int, words: str) -> None:
    assert of_tables(there, readable) == words
