"""Wishes that cannot be met and people who are nobody are refused. Files that cannot run: tests/bad_input."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform
from ..support.runs import Refused, Runs

pytestmark = pytest.mark.platform
ONE = notebook("1 + 1")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"environment": "python-datta"}, ["no environment 'python-datta'", "python-data"]),
        ({"environment": "python-data:1999.1"}, ["no version '1999.1'", "2026.12.1"]),
        ({"environment": "python-data@wild"}, ["no channel 'wild'"]),
        ({"size": "galactic"}, ["no size 'galactic'", "tiny"]),
        ({"timeout_seconds": 10**7}, ["time limit"]),
        ({"retries": 99}, ["retries"]),
        ({"image": "debian"}, ["image"]),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_what_there_is(
    ada: Person, request_: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        ada.runs.submit(ONE, **request_)
    assert 400 <= refused.value.status < 500
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("token", ["", "not-a-token", "0" * 32])
def test_without_a_sign_in_nothing_is_told(platform: Platform, token: str) -> None:
    assert Runs(platform, token).call("GET", "/runs").status_code == 401
