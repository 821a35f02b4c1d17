"""References between steps."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.graph import Reference, cycle_in, filled_in, references

KNOWN = {
    Reference("prepare", "rows"): 81000,
    Reference("prepare", "val loss"): 0.5,
    Reference("train", "columns"): ["age"],
    Reference("parameters", "month"): "2026-11",
}


def test_alone_a_value_stays_what_it_is() -> None:
    assert filled_in("${prepare.rows}", KNOWN) == 81000
    assert filled_in("${ train.columns }", KNOWN) == ["age"]
    assert filled_in({"a": ["${prepare.val loss}", 1, None]}, KNOWN) == {"a": [0.5, 1, None]}


def test_within_text_it_becomes_text() -> None:
    assert filled_in("of ${parameters.month}: ${train.columns}", KNOWN) == 'of 2026-11: ["age"]'
    assert filled_in("$${prepare.rows} $5 ${prepare.rows}", KNOWN) == "${prepare.rows} $5 81000"


def test_what_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled_in("${prepare.columns}", KNOWN)


def test_what_it_refers_to() -> None:
    assert list(references({"a": ["x ${one.b} ${two.c.d}"], "e": "$${f}"})) == [
        Reference("one", "b"),
        Reference("two", "c.d"),
    ]
    with pytest.raises(ValueError, match="refers to nothing"):
        list(references("${one}"))


def test_circles() -> None:
    assert cycle_in({"a": ["b"], "b": ["c"], "c": []}) == []
    assert cycle_in({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert cycle_in({"a": [], "b": ["a"], "c": ["a", "b"], "d": ["d"]}) == ["d", "d"]
