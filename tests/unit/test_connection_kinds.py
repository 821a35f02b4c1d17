"""What people are told of the kinds of connections, and what the platform takes, are the same."""

from __future__ import annotations

import pytest
from nightdesk.connection_kinds import KINDS, lines_of
from nightdesk.server.domain.connection_kind import (
    ConnectionKind,
    Type,
    example_of,
    fields_of,
    read_only_by_default,
)


def test_the_same_kinds() -> None:
    assert set(KINDS) == {kind.value for kind in ConnectionKind}


@pytest.mark.parametrize("kind", list(ConnectionKind))
def test_the_same_fields(kind: ConnectionKind) -> None:
    told, taken = KINDS[kind.value], fields_of(kind)
    assert {field.name for field in told.plain} == {field.name for field in taken if not field.secret}
    assert {field.name for field in told.hidden} == {field.name for field in taken if field.secret}
    assert {field.name for field in told.readers} == {field.name for field in taken if field.reader_of}
    for field in taken:
        one = next(each for each in (told.hidden if field.secret else told.plain) if each.name == field.name)
        assert one.needed == (field.required and not field.instead), field.name
        assert one.default == ("" if field.default is None else str(field.default)), field.name
        assert (one.read_by == "json") == (field.type is Type.OBJECT)
        assert (one.read_by == "number") == (field.type is Type.PORT)


@pytest.mark.parametrize("kind", list(ConnectionKind))
def test_the_same_default_and_line(kind: ConnectionKind) -> None:
    assert KINDS[kind.value].read_only == read_only_by_default(kind)
    assert lines_of(kind.value, "one")["Python"] == example_of(kind, "one")


def test_no_lines_of_a_kind_that_there_is_not() -> None:
    assert lines_of("carrier pigeon", "one") == {}
