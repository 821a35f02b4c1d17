"""What an error carries, whatever somebody sent."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.connection import check_name as check_connection_name
from nightdesk.server.domain.connection import check_secrets
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.repository import GitFile, check_git_file


def test_its_field_can_be_sent_and_is_short() -> None:
    error = Invalid("no", field="parameters.\ud800" + "x" * 10_000)
    assert error.field is not None
    assert error.field.startswith("parameters.?x")
    assert len(error.field) == 200
    assert Invalid("no").field is None


def test_a_connection_names_the_value_that_is_wrong() -> None:
    with pytest.raises(Invalid) as caught:
        check_secrets(ConnectionKind.POSTGRESQL, {"password": 5})
    assert caught.value.field == "secrets.password"
    with pytest.raises(Invalid) as caught:
        check_secrets(ConnectionKind.POSTGRESQL, {"nothing": "x"})
    assert caught.value.field == "secrets.nothing"


def test_a_connections_name_is_no_field_where_it_stands_for_a_repository() -> None:
    with pytest.raises(Invalid) as caught:
        check_connection_name("A B")
    assert caught.value.field == "name"
    with pytest.raises(Invalid) as caught:
        check_git_file(GitFile("A B", "a.ipynb"))
    assert caught.value.field is None, "what it is called there differs"
