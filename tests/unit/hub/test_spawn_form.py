"""The start page's form, both ways."""

from __future__ import annotations

import re
from typing import Any

import pytest
from nightdesk_hub.choice import choose, last_or_default
from nightdesk_hub.offers import Member, parse_offers
from nightdesk_hub.spawn_form import cpu_words, form_html, form_options, memory_words, query_options


def marked(html: str) -> list[str]:
    return re.findall(r'value="([^"]+)" required checked', html)


def test_default_is_marked(answer: dict[str, Any]) -> None:
    offers = parse_offers(answer, Member("ada"))
    html = form_html(offers, last_or_default(offers, {}))
    assert marked(html) == ["python-data@stable", "medium"]
    assert re.findall(r'value="([^"]+)" required', html) == [
        "python-data@stable",
        "python-data:2026.11.1",
        "python-data:2026.10.1",
        "r-base:4.5",
        "small",
        "medium",
    ]
    assert "2.5 cores · 4 GiB memory" in html
    assert "1 core · 1 GiB memory" in html
    assert "stable</span>" in html
    assert "Your last session" not in html


def test_texts_of_others_are_no_html(answer: dict[str, Any]) -> None:
    answer["environments"][0]["description"] = "<script>alert(1)</script>"
    offers = parse_offers(answer, Member("ada"))
    html = form_html(offers, choose(offers, {}), ended='ran out of "<memory>"')
    assert "<script>" not in html
    assert "&lt;memory&gt;" in html


def test_older_versions_are_folded_away_unless_marked(answer: dict[str, Any]) -> None:
    versions = answer["environments"][0]["versions"]
    versions += [{**versions[1], "version": f"2025.{month}.1"} for month in (9, 8, 7)]
    offers = parse_offers(answer, Member("ada"))
    assert "<details>" in form_html(offers, choose(offers, {}))
    html = form_html(offers, choose(offers, {"environment": "python-data", "version": "2025.8.1"}))
    assert "<details open>" in html
    assert "Older versions (2)" in html


def test_what_a_form_sends(answer: dict[str, Any]) -> None:
    sent = {"version": ["python-data:2026.10.1"], "size": ["small"]}
    options = form_options(sent)
    assert options == {"environment": "python-data", "version": "2026.10.1", "size": "small"}
    assert choose(parse_offers(answer, Member("ada")), options).options == options


def test_a_version_that_somebody_stays_at_is_marked_and_not_its_channel(answer: dict[str, Any]) -> None:
    offers = parse_offers(answer, Member("ada"))
    html = form_html(offers, choose(offers, {"environment": "python-data", "version": "2026.11.1"}))
    assert marked(html) == ["python-data:2026.11.1", "medium"]
    assert "stable · 2026.11.1" in html
    assert "stays at this version" in html


def test_stable_comes_before_next(answer: dict[str, Any]) -> None:
    answer["environments"][0]["versions"][1]["channels"] = ["stable"]
    answer["environments"][0]["versions"][0]["channels"] = ["next"]
    offers = parse_offers(answer, Member("ada"))
    html = form_html(offers, choose(offers, {"environment": "python-data", "channel": "next"}))
    assert re.findall(r'value="(python-data@\w+)"', html) == ["python-data@stable", "python-data@next"]
    assert marked(html) == ["python-data@next", "medium"]


@pytest.mark.parametrize(
    ("sent", "options"),
    [
        ({"version": ["python-data@next"]}, {"environment": "python-data", "channel": "next"}),
        ({"version": ["python-data@"]}, {"version": "python-data@"}),
        ({"version": ["a:b@sha256:0"]}, {"environment": "a", "version": "b@sha256:0"}),
        ({"image": ["debian"]}, {"image": "debian"}),
        ({"size": ["small", "huge"]}, {"size": ["small", "huge"]}),
        ({"version": ["2026.11.1"]}, {"version": "2026.11.1"}),
        ({}, {}),
    ],
)
def test_whatever_else_is_passed_on_to_be_refused(sent: dict[str, Any], options: dict[str, Any]) -> None:
    assert form_options(sent) == options


def test_a_link_marks() -> None:
    assert query_options({"version": ["r-base:4.5"], "size": ["small", "huge"]}) == {
        "environment": "r-base",
        "version": "4.5",
    }


def test_amounts() -> None:
    assert [memory_words(each) for each in (2**29, 2**30, 3 * 2**29, 48 * 2**30)] == [
        "512 MiB memory",
        "1 GiB memory",
        "1.5 GiB memory",
        "48 GiB memory",
    ]
    assert [cpu_words(each) for each in (1.0, 0.5, 16.0)] == ["1 core", "0.5 cores", "16 cores"]
