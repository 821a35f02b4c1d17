"""An admin's walk: people, an announcement, somebody's session, and what the audit log says of all that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.people import Person, join, leave
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"


@pytest.fixture
def vera(platform: Platform, admin: Person) -> Iterator[Person]:
    person = join(platform, "vera")
    yield person
    admin.command("announce", "--clear")
    person.end_session()
    leave(platform, person.name)


def looks_right(window: Desk, path: str, name: str) -> None:
    """On a phone, in the dark and without scripts it says the same, and fits."""
    kinds = {
        "phone": {"viewport": {"width": 390, "height": 844}},
        "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
        "plain": {"java_script_enabled": False},
    }
    for kind, options in kinds.items():
        with window.another(f"admin-{name}-{kind}", path, **options) as page:
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            if kind == "phone":
                assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{name} fits"


def test_an_admins_walk(admin: Person, vera: Person, desk: Callable[[str], Desk]) -> None:
    vera.session(environment="python-data", size="tiny")
    window = desk(admin.name)
    window.sign_in(admin.password, to=f"{BASE}/")
    page = window.page
    page.get_by_role("link", name="Admin", exact=True).click()
    expect(page.locator(".tiles")).to_contain_text("1 sessions")
    window.picture("admin-overview")
    looks_right(window, f"{BASE}/admin", "overview")
    page.get_by_role("link", name="People", exact=True).click()
    expect(page).to_have_url(re.compile("/admin/people$"))
    person = page.locator('[data-person="vera"]')
    expect(person).to_contain_text("1 session")
    window.picture("admin-people")
    looks_right(window, f"{BASE}/admin/people", "people")

    # with the keyboard alone: make vera an admin, and no longer
    person.locator("summary").focus()
    page.keyboard.press("Enter")
    person.get_by_role("button", name="Make an admin vera").focus()
    page.keyboard.press("Enter")
    expect(person.locator(".channel")).to_have_text("admin")
    person.locator("summary").click()
    person.get_by_role("button", name="No longer an admin vera").click()
    expect(person.locator(".channel")).to_have_count(0)

    # what is announced is on vera's pages, here and at the hub, and she puts it away
    page.get_by_role("link", name="Announcements").click()
    page.get_by_label("Text").fill("The platform is away on Friday")
    page.get_by_label("Level").select_option("warning")
    page.get_by_role("button", name="Announce").click()
    expect(page.locator("#announcements")).to_contain_text("away on Friday")
    looks_right(window, f"{BASE}/admin/announcements", "announcements")
    window.picture("admin-announcements")
    hers = desk(vera.name)
    hers.sign_in(vera.password, to=f"{BASE}/")
    expect(hers.page.locator("aside.announcement")).to_contain_text("away on Friday")
    hers.page.goto("/hub/home")
    for _ in range(20):
        if hers.page.locator("aside.nd-announcement").count():
            break
        hers.page.wait_for_timeout(500)
        hers.page.reload()
    expect(hers.page.locator("aside.nd-announcement")).to_contain_text("away on Friday")
    hers.picture("announcement-hub")
    hers.page.get_by_role("button", name="Dismiss this announcement").click()
    expect(hers.page.locator("aside.nd-announcement")).to_be_hidden()
    hers.page.goto(f"{BASE}/")
    expect(hers.page.locator("aside.announcement")).to_be_hidden()
    expect(hers.page.get_by_role("link", name="Admin", exact=True)).to_have_count(0)

    # her session, measured, and ended
    page.get_by_role("link", name="Sessions", exact=True).click()
    session = page.locator("#vera")
    expect(session).to_contain_text(re.compile(r"\d\.\d\d of \d"))
    expect(session).to_contain_text(re.compile(r"\d+ MB of \d"))
    window.picture("admin-sessions")
    looks_right(window, f"{BASE}/admin/sessions", "sessions")
    session.get_by_role("button", name="End the session of vera").click()
    expect(page.locator("#vera")).to_have_count(0)

    # and all of it is in the log
    page.get_by_role("navigation", name="Admin").get_by_role("link", name="Audit").click()
    page.get_by_label("To what or whom").fill("vera")
    page.get_by_role("button", name="Show").click()
    log = page.locator("#entries")
    for said in ("session stopped", "admin made", "admin unmade", "account made"):
        expect(log).to_contain_text(said)
    window.picture("admin-audit")
    looks_right(window, f"{BASE}/admin/audit", "audit")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert "session.stopped" in download.value.path().read_text("utf-8")
    assert not window.troubles
    assert not hers.troubles
