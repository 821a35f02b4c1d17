"""A walk through every page of hub and platform, on which somebody has written hostile words into every field.

One visit serves all: what runs, what axe says in light, in the dark and on a phone, and what the keyboard meets.
The list of pages is in `tests/support/walk/pages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.people import Person, join, leave
from ..support.platform import Platform
from ..support.walk.filled import clear, fill
from ..support.walk.pages import ADMIN, HUB, MEMBER, NOBODY, PLATFORM
from ..support.walk.visit import Seen, Walker
from ..support.walk.words import SHORT

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"
WHO = "mallory"


@pytest.fixture(scope="module")
def mallory(platform: Platform) -> Iterator[Person]:
    person = join(platform, WHO)
    yield person
    leave(platform, WHO)


@pytest.fixture(scope="module")
def made(mallory: Person, admin: Person) -> Iterator[dict[str, str]]:
    """One of everything, with a token whose note is hostile as well."""
    group = f"/groups/{quote(SHORT, safe='')}"  # the platform's own form would not take such a name
    assert admin.hub("POST", group).status_code == 201
    made = fill(mallory.runs.ask, admin.runs.ask, mallory.runs.end, WHO, SHORT)
    assert mallory.hub("POST", f"/users/{WHO}/tokens", {"note": SHORT}).status_code == 201
    yield made
    clear(admin.runs.ask, made)
    admin.hub("DELETE", group)


@pytest.fixture(scope="module")
def walkers(
    browser: Browser, platform: Platform, mallory: Person, admin: Person
) -> Iterator[dict[str, Walker]]:
    """A window for each who looks."""
    opened = {who: Walker(browser, platform.address) for who in (NOBODY, MEMBER, ADMIN)}
    for who, person in ((MEMBER, mallory), (ADMIN, admin)):
        page = opened[who].page
        page.goto(f"/hub/login?next={BASE}/")
        page.locator("#username_input").fill(person.name)
        page.locator("#password_input").fill(person.password)
        page.locator("#login_submit").click()
        expect(page.locator("h1")).to_have_text("My runs")
    yield opened
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module")
def seen(made: dict[str, str], walkers: dict[str, Walker]) -> list[Seen]:
    """What was found on each page."""
    return [walkers[page.who].look(page.of(made)) for page in (*HUB, *PLATFORM)]


def wrong(seen: list[Seen], what: str) -> str:
    """What was found, page by page."""
    return "\n".join(f"{each.name}: {one}" for each in seen for one in getattr(each, what))


@pytest.mark.timeout(420, func_only=True)
def test_every_page_answers_as_it_should(seen: list[Seen]) -> None:
    odd = [f"{each.name}: {each.status}" for each in seen if each.status != each.page.status]
    assert not odd, odd


def test_hostile_words_are_shown_and_never_run(seen: list[Seen], walkers: dict[str, Walker]) -> None:
    assert not (ran := wrong(seen, "ran")), ran
    assert not (troubles := wrong(seen, "troubles")), troubles
    page = walkers[MEMBER].page
    page.goto(f"{BASE}/")
    expect(page.locator("#list")).to_contain_text("<script>alert(1)</script>")


def test_what_would_run_is_heard(walkers: dict[str, Walker], made: dict[str, str]) -> None:
    """The ears of the walk themselves: a page that runs such words is not passed over."""
    walker = walkers[NOBODY]
    page = HUB[0].of(made)
    walker.page.route(
        "**/hub/login", lambda route: route.fulfill(body=f"<h1>x</h1>{SHORT}", content_type="text/html")
    )
    found = walker.look(page)
    walker.page.unroute("**/hub/login")
    assert found.ran == ["alert 3"]
    assert found.first_stop != "Skip to content"
    assert any("html-has-lang" in each for each in found.axe)


def test_axe_finds_nothing_serious(seen: list[Seen]) -> None:
    assert not (found := wrong(seen, "axe")), found


def test_every_page_fits_on_a_phone(seen: list[Seen]) -> None:
    wide = [each.name for each in seen if each.wide]
    assert not wide, wide


def test_the_keyboard_gets_everywhere_and_sees_where_it_is(
    seen: list[Seen], walkers: dict[str, Walker], made: dict[str, str]
) -> None:
    assert not (unseen := wrong(seen, "unseen")), unseen
    without = [each.name for each in seen if each.first_stop != "Skip to content"]
    assert not without, f"the first Tab does not offer to skip the header: {without}"
    odd = [f"{each.name}: {each.landmarks}" for each in seen if each.landmarks[:2] != [1, 1]]
    assert not odd, f"pages with other than one header and one main part: {odd}"
    assert not [each.name for each in seen if each.landmarks[3] != 1], "one h1 on each page"
    page = walkers[MEMBER].page
    for path in (f"{BASE}/home", f"{BASE}/", f"{BASE}/runs/{made['run']}", "/hub/home", "/hub/spawn"):
        page.goto(path)
        walk_by_tab(page)


def walk_by_tab(page: Page) -> None:
    """Tab goes through the page from top to bottom and out of it again: nothing holds it."""
    there = page.evaluate(
        '[...document.querySelectorAll("a[href], button, select, summary, pre[tabindex]")]'
        ".filter((each) => !each.disabled && each.checkVisibility({ visibilityProperty: true })).length"
    )
    reached = set()
    for _ in range(4 * there + 60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
                " * (document.activeElement === document.body ? 0 : 1)"
            )
        )
        if 0 in reached and len(reached) > 1:
            break
    assert 0 in reached, f"{page.url}: Tab does not come out again"
    assert len(reached) - 1 >= there - 3, f"{page.url}: {len(reached) - 1} of {there} were reached"


def test_the_way_past_the_header_and_the_menu_on_a_phone(walkers: dict[str, Walker]) -> None:
    page = walkers[MEMBER].page
    for path, button, places in (
        (f"{BASE}/home", "button.menu", "#places"),
        ("/hub/home", "button.nd-menu", "#nd-places"),
    ):
        page.set_viewport_size({"width": 1280, "height": 860})
        page.goto(path)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        expect(page.locator(f"{places} [aria-current=page]")).to_have_count(1)
        titles = page.locator(f"{places} a").all_inner_texts()
        assert titles[:3] == ["Home", "Session", "Runs"], titles
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator(places)).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        expect(page.locator(button)).to_have_attribute("aria-expanded", "true")
        page.locator(places).get_by_role("link", name="Runs", exact=True).click()
        expect(page).to_have_url(re.compile(f"{BASE}/$"))


def test_a_token_is_made_seen_once_and_revoked(walkers: dict[str, Walker]) -> None:
    page = walkers[MEMBER].page
    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto("/hub/token")
    page.get_by_label("What for").fill("my laptop")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#token-result")).to_have_text(re.compile(r"^[0-9a-f]{20,}$"))
    page.reload()
    expect(page.locator("#token-result")).to_be_empty()
    row = page.locator("#api-tokens-table tr", has_text="my laptop")
    page.get_by_role("button", name="Revoke my laptop").click()
    expect(row).to_have_count(0)
