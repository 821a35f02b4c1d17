"""The pages of environments: members look, admins change, and two hundred versions are as quick as five."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from nightdesk.server.domain.environment import Layer, Offer, Package, Version
from nightdesk.server.domain.person import Person
from nightdesk.server.ports.people import Session

from ..queries import queries
from ..workbench import ADA, ROOT, VERSION
from .asking import xsrf
from .site import BASE, Answer, Site
from .test_pages import words

PAGES = f"{BASE}/environments"


def page(site: Site, path: str = "", person: Person | str = ADA, **query: Any) -> Answer:
    """A page as a browser gets it."""
    asked = f"?{urlencode(query)}" if query else ""
    return site.ask("GET", f"{PAGES}{path}{asked}", person, cookie=True, headers={"Accept": "text/html"})


def press(site: Site, path: str, person: Person = ROOT, **fields: str) -> Answer:
    """A button of a page: its form sent as the browser sends it."""
    form = {"_xsrf": xsrf(site, person), **fields}
    headers = {"Accept": "text/html"}
    return site.ask("POST", f"{PAGES}{path}", person, cookie=True, form=form, headers=headers)


def text_of(answer: Answer) -> str:
    """What a reader sees of any answer, on one line."""
    answer.status, status = 200, answer.status
    shown = words(answer)
    answer.status = status
    return shown


def add(site: Site, name: str, version: str, **changes: Any) -> Version:
    """Register a version."""
    number = f"{abs(hash((name, version))):064x}"[-64:]
    made = replace(
        VERSION, environment=name, version=version, channels=(), digest=f"sha256:{number}", **changes
    )
    site.bench.records.add_version(made)
    return made


@pytest.fixture
def line(site: Site, request: pytest.FixtureRequest) -> str:
    """An environment of the test's own: three versions, the middle one stable after the first one was."""
    name = re.sub(r"[^a-z]+", "-", request.node.name.lower())[:40].strip("-")
    add(site, name, "2026.1.1", packages=(Package("numpy", "1.26.0"), Package("old", "1"), Package("z", "1.0")),
        created_at=1.0, layers=(Layer("a", 100), Layer(f"{name} b", 5 * 2**20)), size_bytes=5 * 2**20 + 100)  # fmt: skip
    add(site, name, "2026.2.1", created_at=2.0, layers=(Layer("a", 100),), size_bytes=100)
    add(site, name, "2026.3.1", created_at=3.0, layers=(Layer("a", 100),), size_bytes=100,
        packages=(Package("numpy", "2.3.1"), Package("z", "1.1"), Package("dplyr", "1.1", "r")))  # fmt: skip
    for version in ("2026.1.1", "2026.2.1"):
        site.bench.records.move_channel(name, "stable", version, "root")
    return name


# the list


def test_the_list_says_what_there_is_and_where_channels_point(site: Site, line: str) -> None:
    shown = words(page(site))
    assert f"{line} Data science in Python What most people need. For everybody · stable is 2026.2.1" in shown
    assert "2026.3.1 on offer Python 3, R 100 bytes 1970-01-01 00:00 UTC" in shown
    assert f'href="{PAGES}/{line}/2026.3.1"' in page(site).text


def test_admins_find_the_way_to_builds_and_cleaning_and_members_do_not(site: Site) -> None:
    for path in ("build", "builds", "cleaning"):
        assert f'href="{PAGES}/{path}"' in page(site, person=ROOT).text
        assert f'href="{PAGES}/{path}"' not in page(site).text


def test_an_environment_of_a_group_is_nobody_else_s(site: Site, line: str) -> None:
    site.bench.records.set_groups(line, ("quants",), "root")
    site.people.tokens["token-quinn"] = Person("quinn", groups=("quants",))
    assert line not in page(site).text
    assert "For the group quants" in words(page(site, person="token-quinn"))
    assert line in page(site, person=ROOT).text
    compared = {"before": f"{line}:2026.1.1", "after": f"{line}:2026.2.1"}
    for path, query in ((f"/{line}", {}), (f"/{line}/2026.1.1", {}), ("/compare", compared)):
        assert page(site, path, **query).status == 404
        assert page(site, path, "token-quinn", **query).status in {200, 303}
    assert line not in page(site, "/compare").text


def test_older_and_deprecated_versions_are_folded(site: Site, line: str) -> None:
    for number in range(2, 9):
        add(site, line, f"2026.3.{number}", created_at=3.0 + number)
    site.bench.records.set_offer(line, "2026.3.8", Offer.DEPRECATED, "root")

    def shown(**query: str) -> list[str]:
        return re.findall(rf'data-version="{line}:([^"]+)"', page(site, **query).text)

    newest = ["2026.3.7", "2026.3.6", "2026.3.5", "2026.3.4", "2026.3.3"]
    assert shown() == [*newest, "2026.2.1"], "what a channel points at is shown however old it is"
    assert "4 older or deprecated versions" in words(page(site))
    assert len(shown(all=line)) == 10
    assert "Only the newest" in words(page(site, all=line))


def test_two_hundred_versions_are_asked_for_as_five_are(site: Site, line: str) -> None:
    paths = ("", f"/{line}/2026.3.1", "/compare", "/cleaning")

    def asked() -> list[int]:
        counts = []
        for path in paths:
            with queries(site.bench.database) as statements:
                assert page(site, path, ROOT).status == 200
            counts.append(len(statements))
        return counts

    before, rows = asked(), page(site).text.count("<tr")
    for number in range(200):
        add(site, line, f"2026.4.{number}", created_at=10.0 + number)
    assert asked() == before
    assert page(site).text.count("<tr") <= rows + 3, "of the new ones the newest alone have rows"


# one version


def test_a_version_s_page_says_all_that_is_known(site: Site, line: str) -> None:
    site.people.going_on = [Session("ada", "", line, "2026.2.1"), Session("bob", "", line, "2026.2.1")]
    try:
        answer = page(site, f"/{line}/2026.2.1")
        mine = words(answer)
        all_of_it = words(page(site, f"/{line}/2026.2.1", ROOT))
    finally:
        site.people.going_on = []
    assert f'<a href="{PAGES}" aria-current="page">' in answer.text
    assert "Sessions 2: ada Runs none" in mine
    assert "Sessions 2: ada, bob Runs none" in all_of_it
    for part in (
        "on offer stable People choose it",
        "by setup From folder images/python-data/2026.11.1",
        "numpy 2.3.1 Python",
        "2 of 2",
        "It begins numpy==2.3.1 pandas==3.0.0",
        "stable was pointed at 2026.2.1 , from 2026.1.1 by root",
        "2026.3.1 on offer 1970-01-01 00:00 UTC compare with 2026.3.1",
    ):
        assert part in mine
    assert "Change" not in mine
    assert f"before={line}%3A2026.1.1&amp;after={line}%3A2026.2.1" in page(site, f"/{line}/2026.2.1").text


def test_packages_are_filtered_without_scripts_too(site: Site, line: str) -> None:
    shown = words(page(site, f"/{line}/2026.3.1", package="DPL"))
    assert "1 of 3" in shown
    assert "dplyr 1.1 R" in shown
    assert "numpy 2.3.1" not in shown
    assert "1 of 3" in words(page(site, f"/{line}/2026.3.1", kind="r"))


def test_the_page_stands_when_the_hub_is_away(site: Site, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(site.people), "sessions", _away)
    shown = words(page(site, f"/{line}/2026.3.1", ROOT))
    assert "Sessions the hub does not say" in shown
    assert "It cannot be removed now: the hub does not say" in shown


def _away(_self: Any) -> list[Session]:
    from nightdesk.server.domain.errors import Unavailable

    raise Unavailable("the hub does not say which sessions there are")


def test_an_environment_s_address_leads_to_its_stable_version(site: Site, line: str) -> None:
    answer = page(site, f"/{line}")
    assert (answer.status, answer.headers["location"]) == (303, f"{PAGES}/{line}/2026.2.1")


# changes


def test_promoting_and_rolling_back_are_one_click_each(site: Site, line: str) -> None:
    path = f"/{line}/2026.3.1"
    assert "Make it stable" in words(page(site, path, ROOT))
    answer = press(site, f"{path}/promote", channel="stable")
    assert answer.status == 303, text_of(answer)
    assert answer.headers["location"] == f"{PAGES}{path}"
    shown = words(page(site, path, ROOT))
    assert "Roll stable back to 2026.2.1" in shown
    assert "Make it stable" not in shown
    assert press(site, f"{path}/rollback", channel="stable").status == 303
    shown = words(page(site, path, ROOT))
    assert "stable was rolled back to 2026.2.1 , from 2026.3.1 by root" in shown
    assert "Roll stable back to 2026.1.1" in words(page(site, f"/{line}/2026.2.1", ROOT))


def test_a_version_is_deprecated_offered_again_and_removed(site: Site, line: str) -> None:
    path = f"/{line}/2026.3.1"
    assert "To remove its image, deprecate it first." in words(page(site, path, ROOT))
    press(site, f"{path}/deprecate")
    assert "deprecated Hidden from new sessions" in words(page(site, path))
    press(site, f"{path}/offer")
    assert "on offer People choose it" in words(page(site, path))
    press(site, f"{path}/deprecate")
    assert "Remove its image" in words(page(site, path, ROOT))
    press(site, f"{path}/remove")
    shown = words(page(site, path, ROOT))
    assert "removed Its image is gone" in shown
    assert "Build it again from its lock" in shown
    assert "Remove its image" not in shown


def test_what_cannot_be_says_why_on_the_page(site: Site, line: str) -> None:
    path = f"/{line}/2026.2.1"
    assert "It cannot be removed now: it is stable." in words(page(site, path, ROOT))
    for change, said in (
        ("remove", f"{line}:2026.2.1 stays: it is stable"),
        ("deprecate", f"{line}:2026.2.1 is stable"),
    ):
        answer = press(site, f"{path}/{change}")
        assert answer.status == 409
        shown = text_of(answer)
        assert said[0].upper() + said[1:] in shown
        assert "Who and what uses it" in shown, "the page is still there"
    assert press(site, f"{path}/promote", channel="nightly").status == 400


def test_groups_are_set_and_a_mistake_stays_in_the_field(site: Site, line: str) -> None:
    path = f"/{line}/2026.2.1"
    wrong = press(site, f"{path}/groups", groups="quants \x07")
    assert wrong.status == 400
    assert 'value="quants' in wrong.text
    assert press(site, f"{path}/groups", groups="quants, desk").status == 303
    shown = page(site, path, ROOT).text
    assert 'value="desk quants"' in shown
    assert "for desk, quants by root" in words(page(site, path, ROOT))


@pytest.mark.parametrize("change", ["promote", "rollback", "deprecate", "offer", "remove", "groups"])
def test_members_change_nothing(site: Site, line: str, change: str) -> None:
    before = site.bench.records.environment_events(line)
    path = f"{PAGES}/{line}/2026.3.1/{change}"
    forged = site.ask("POST", path, ROOT, cookie=True, form={"_xsrf": "guessed", "channel": "stable"})
    assert forged.status == 403
    assert press(site, f"/{line}/2026.3.1/{change}", ADA, channel="stable").status == 403
    assert site.bench.records.environment_events(line) == before


# compare and clean up


def test_two_versions_side_by_side(site: Site, line: str) -> None:
    shown = words(page(site, "/compare", before=f"{line}:2026.1.1", after=f"{line}:2026.3.1"))
    assert "1 added, 1 removed, 2 changed, 1 of them to another major version" in shown
    for part in (
        "numpy changed, major 1.26.0 2.3.1",
        "old removed 1 \u2013",
        "z changed 1.0 1.1",
        "dplyr added \u2013 1.1",
    ):
        assert part in shown
    assert shown.index("numpy changed") < shown.index("dplyr added"), "Python comes first"
    same = page(site, "/compare", before=f"{line}:2026.1.1", after=f"{line}:2026.1.1")
    assert "have the same packages" in words(same)


def test_a_wrong_name_to_compare_is_told_on_the_page(site: Site, line: str) -> None:
    answer = page(site, "/compare", before="nothing", after=f"{line}:2026.1.1")
    assert answer.status == 400
    assert "'nothing' does not name a version" in text_of(answer)
    assert page(site, "/compare", before="x:1", after=f"{line}:2026.1.1").status == 404


def test_cleaning_says_what_goes_and_what_stays_and_does_it(site: Site, line: str) -> None:
    press(site, f"/{line}/2026.1.1/deprecate")
    shown = words(page(site, "/cleaning", ROOT))
    assert f"{line}:2026.1.1 5 MB" in shown
    assert f"{line}:2026.2.1 It is stable; it is on offer" in shown
    assert "Frees 5 MB" in shown, "the layer that others share stays"
    answer = press(site, "/cleaning")
    assert (answer.status, answer.headers["location"]) == (303, f"{PAGES}/cleaning")
    shown = words(page(site, "/cleaning", ROOT))
    assert "There is nothing to remove." in shown
    assert f"{line}:2026.1.1 removed (clean-up) by root" in shown
