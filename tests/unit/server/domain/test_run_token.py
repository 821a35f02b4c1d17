"""The token of a run: of one attempt, genuine, and only while that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.run_token import Attempt, attempt_of, run_token, still_good

from .runs import a_run

KEY = "11" * 32
RUN = a_run(id="abcdefghijkm", attempt=2, status=Status.RUNNING)
TOKEN = run_token(KEY, RUN.id, 2)


def test_it_says_which_attempt_it_is_of_and_is_made_alike_again() -> None:
    assert attempt_of(KEY, TOKEN) == Attempt(RUN.id, 2)
    assert run_token(KEY, RUN.id, 2) == TOKEN


@pytest.mark.security(6)
@pytest.mark.parametrize(
    "token",
    [
        "",
        "run.",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN.replace(".2.", ".3."),
        TOKEN.replace(RUN.id, "abcdefghijkn"),
        TOKEN.replace(".2.", ".02."),
        run_token("22" * 32, RUN.id, 2),
        TOKEN.upper(),
        f"{TOKEN}\n",
    ],
)
def test_what_is_not_genuine_is_of_no_attempt(token: str) -> None:
    assert attempt_of(KEY, token) is None


def test_without_a_key_none_is_genuine() -> None:
    assert attempt_of("", run_token("", RUN.id, 2)) is None


def test_it_is_good_while_its_attempt_goes_on() -> None:
    attempt = Attempt(RUN.id, 2)
    for status in Status:
        good = status in {Status.STARTING, Status.RUNNING}
        assert still_good(attempt, replace(RUN, status=status)) is good
    assert not still_good(attempt, replace(RUN, attempt=3)), "the next attempt has its own"
    assert not still_good(attempt, replace(RUN, id="abcdefghijkn"))
    assert not still_good(attempt, None)
