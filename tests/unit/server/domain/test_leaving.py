"""Names of former members."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.leaving import former_name, in_words


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        (former_name("ada", 1), "ada (former member)"),
        (former_name("ada", 12), "ada (former member)"),
        ("ada", "ada"),
        ("ada~", "ada~"),
        ("ada~x", "ada~x"),
    ],
)
def test_former_members_are_called_so(owner: str, words: str) -> None:
    assert in_words(owner) == words
