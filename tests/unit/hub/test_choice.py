"""Only what is on offer can be started, whatever options arrive."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk_hub.choice import NotOffered, choose, last_or_default
from nightdesk_hub.offers import Member, NoOffers, Offers, parse_offers

from .offers_double import NEW, OLD, R


@pytest.fixture
def offers(answer: dict[str, Any]) -> Offers:
    return parse_offers(answer, Member("ada"))


def test_no_option_is_the_default(offers: Offers) -> None:
    choice = choose(offers, {})
    assert (choice.version.digest, choice.size.name) == (NEW, "medium")
    assert choice.options == {
        "environment": "python-data",
        "version": "2026.11.1",
        "channel": "stable",
        "size": "medium",
    }


@pytest.mark.parametrize(
    ("options", "digest", "size"),
    [
        ({"environment": "python-data", "version": "2026.10.1"}, OLD, "medium"),
        ({"environment": "r-base", "size": "small"}, R, "small"),
        ({"environment": "", "version": "", "size": ""}, NEW, "medium"),
        ({"environment": "python-data", "channel": "stable"}, NEW, "medium"),
        ({"environment": "python-data", "channel": "stable", "version": "2026.10.1"}, NEW, "medium"),
    ],
)
def test_what_is_on_offer(offers: Offers, options: dict[str, str], digest: str, size: str) -> None:
    choice = choose(offers, options)
    assert (choice.version.digest, choice.size.name) == (digest, size)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": "debian"}, "'image' is not an option"),
        ({"environment": "python-data", "image": NEW}, "'image' is not an option"),
        ({"mem_limit": "100G"}, "'mem_limit' is not an option"),
        ({1: "x"}, "'1' is not an option"),
        ({"environment": "debian:trixie-slim"}, "On offer: python-data, r-base"),
        ({"environment": NEW}, "There is no environment"),
        ({"environment": "python-data", "version": NEW}, "not on offer"),
        ({"environment": "r-base", "version": "2026.11.1"}, "On offer: 4.5"),
        ({"version": "2026.11.1"}, "needs its environment"),
        ({"channel": "stable"}, "needs its environment"),
        ({"environment": "python-data", "channel": "next"}, "points at nothing .* There is: stable"),
        ({"environment": "r-base", "channel": "stable"}, "Versions on offer: 4.5"),
        ({"environment": "python-data", "channel": NEW}, "points at nothing"),
        ({"environment": "python-data", "channel": ["stable"]}, "must be text"),
        ({"size": "huge"}, "On offer: small, medium"),
        ({"environment": ["python-data"]}, "must be text"),
        ({"size": {"memory_bytes": 1}}, "must be text"),
        ({"environment": None}, "must be text"),
        (["python-data"], "environment, channel or version, and size"),
    ],
)
def test_everything_else_is_refused(offers: Offers, options: Any, words: str) -> None:
    with pytest.raises(NotOffered, match=words):
        choose(offers, options)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({}, ("python-data:2026.11.1", "medium")),
        (
            {"environment": "python-data", "version": "2026.10.1", "size": "small"},
            ("python-data:2026.10.1", "small"),
        ),
        (
            {"environment": "python-data", "version": "gone", "size": "small"},
            ("python-data:2026.11.1", "small"),
        ),
        ({"environment": "r-base", "version": "gone"}, ("r-base:4.5", "medium")),
        ({"environment": "gone", "version": "1", "size": "small"}, ("python-data:2026.11.1", "small")),
        ({"environment": "r-base", "size": "gone"}, ("r-base:4.5", "medium")),
        ({"image": "debian", "size": "small"}, ("python-data:2026.11.1", "small")),
        ("nonsense", ("python-data:2026.11.1", "medium")),
    ],
)
def test_form_marks_the_last_choice_as_far_as_it_is_offered(
    offers: Offers, last: Any, expected: tuple[str, str]
) -> None:
    choice = last_or_default(offers, last)
    assert (str(choice.version), choice.size.name) == expected


@pytest.mark.parametrize(
    ("last", "channel"),
    [
        ({}, "stable"),
        ({"environment": "python-data", "channel": "stable", "version": "2026.10.1"}, "stable"),
        ({"environment": "python-data", "channel": "next", "version": "2026.10.1"}, "stable"),
        ({"environment": "python-data", "version": "2026.11.1"}, ""),
        ({"environment": "r-base"}, ""),
    ],
)
def test_form_marks_the_followed_channel(offers: Offers, last: Any, channel: str) -> None:
    assert last_or_default(offers, last).channel == channel


def test_a_refusal_lists_no_hundreds_of_versions(answer: dict[str, Any]) -> None:
    versions = answer["environments"][0]["versions"]
    versions += [{**versions[1], "version": f"2025.1.{number}"} for number in range(200)]
    with pytest.raises(NotOffered, match="and 192 older ones"):
        choose(parse_offers(answer, Member("ada")), {"environment": "python-data", "version": "x"})


def test_an_image_by_name_is_no_offer(answer: dict[str, Any]) -> None:
    answer["environments"][0]["versions"][0]["digest"] = "nightdesk/python-data:2026.11.1"
    with pytest.raises(ValueError, match="not the digest"):
        parse_offers(answer, Member("ada"))


def test_environments_without_versions_are_left_out(answer: dict[str, Any]) -> None:
    answer["environments"][0]["versions"] = []
    assert [each.name for each in parse_offers(answer, Member("ada")).environments] == ["r-base"]
    answer["environments"][1]["versions"] = []
    with pytest.raises(NoOffers, match="No environment is on offer to you"):
        parse_offers(answer, Member("ada"))
