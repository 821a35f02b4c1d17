"""What counts as the visit before: neither a page loaded anew nor a cookie made up changes what is new."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.visit import APART_SECONDS, FIRST_SECONDS, LONGEST_SECONDS, Visit, visit

NOW = 1_800_000_000.0


def test_the_first_visit_is_told_of_the_last_day() -> None:
    assert visit(None, NOW) == Visit(NOW - FIRST_SECONDS, NOW)


def test_a_page_loaded_anew_keeps_the_news() -> None:
    began = visit(Visit(NOW - 9000, NOW - 8000), NOW)
    assert began == Visit(NOW - 8000, NOW), "it is a visit of its own, since the end of the one before"
    again = visit(began, NOW + APART_SECONDS - 1)
    assert again.since == began.since
    assert visit(again, again.seen + APART_SECONDS).since == again.seen


def test_who_was_away_for_long_is_not_told_everything() -> None:
    assert visit(Visit(1.0, 2.0), NOW).since == NOW - LONGEST_SECONDS


@pytest.mark.parametrize("made_up", [Visit(5.0, 2.0), Visit(-1.0, 2.0), Visit(1.0, NOW + 60)])
def test_what_cannot_be_a_visit_is_a_first_one(made_up: Visit) -> None:
    assert visit(made_up, NOW) == visit(None, NOW)
