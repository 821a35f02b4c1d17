"""A connection from its making by an admin to the member who copies its line, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.people import Person, join, leave
from ..support.platform import Platform
from ..support.servers import Servers

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"
TRIAL_MILLISECONDS = 90_000


@pytest.fixture
def nora(platform: Platform, admin: Person) -> Iterator[Person]:
    person = join(platform, "nora")
    yield person
    admin.command("connection", "rm", "gifts", "--yes")
    leave(platform, person.name)


@pytest.mark.security(41)
def test_a_connection_from_admin_to_member(
    admin: Person, nora: Person, servers: Servers, desk: Callable[[str], Desk]
) -> None:
    there = servers.answer("postgresql")
    settings, password = there["settings"], there["secrets"]["password"]
    window = desk(admin.name)
    window.sign_in(admin.password, to=f"{BASE}/")
    page = window.page
    page.get_by_role("link", name="Admin", exact=True).click()
    page.get_by_label("Admin").get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="PostgreSQL").click()

    # a name that cannot be one: what was typed stays, the secret does not
    page.get_by_label("Name", exact=True).fill("gifts")
    page.get_by_label("Host", exact=True).fill(settings["host"])
    page.get_by_label("Port").fill("99999")
    page.get_by_label("Database", exact=True).fill(settings["database"])
    page.get_by_label("User", exact=True).fill(settings["user"])
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Title").fill("Gifts of the year")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("port")
    expect(page.get_by_label("Host", exact=True)).to_have_value(settings["host"])
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    assert password not in page.content()

    # with the keyboard alone
    page.get_by_label("Port").fill(str(settings["port"]))
    page.get_by_label("Password", exact=True).fill("wrong-at-first")
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("/admin/connections/gifts"))

    # the test says which step fails, without leaving the page; the right password mends it
    page.get_by_role("button", name="Test it").press("Enter")
    expect(page.locator("[data-trial]")).to_have_attribute("data-trial", "fails", timeout=TRIAL_MILLISECONDS)
    said = page.locator("#test").inner_text()
    assert page.locator(".steps li.good").count() == 2, said
    expect(page.locator(".steps li.bad")).to_contain_text("Login")
    window.picture("connection-fails")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Put it in place").click()
    expect(page.locator("#secrets")).to_contain_text("nothing can read the old one")
    page.get_by_role("button", name="Test it").click()
    expect(page.locator("[data-trial]")).to_have_attribute("data-trial", "works", timeout=TRIAL_MILLISECONDS)
    window.picture("connection-works")

    page.locator("#grants").get_by_label("Let").select_option("person")
    page.locator("#grants").get_by_placeholder("analysts").fill(nora.name)
    page.get_by_role("button", name="Grant it").click()
    expect(page.locator(f'[data-grant="{nora.name}"]')).to_contain_text("read")
    for kind, options in (
        ("phone", {"viewport": {"width": 390, "height": 844}}),
        ("dark", {"color_scheme": "dark"}),
        ("plain", {"java_script_enabled": False}),
    ):
        with window.another(f"connection-{kind}", f"{BASE}/admin/connections/gifts", **options) as shown:
            expect(shown.get_by_role("heading", level=1)).to_contain_text("gifts")
            assert kind != "phone" or not shown.evaluate("document.documentElement.scrollWidth > innerWidth")

    theirs = desk(nora.name)
    theirs.sign_in(nora.password, to=f"{BASE}/")
    theirs.page.get_by_label("Main").get_by_role("link", name="Connections").click()
    mine = theirs.page.locator('[data-connection="gifts"]')
    expect(mine).to_contain_text("Gifts of the year")
    expect(mine).to_contain_text("you may read")
    expect(mine.locator("code").first).to_have_text('pd.read_sql("select 1", nightdesk.connect("gifts"))')
    assert settings["host"] not in theirs.page.content()
    theirs.picture("connections-of-a-member")
    theirs.page.goto(f"{BASE}/admin/connections/gifts")
    expect(theirs.page.locator("body")).to_contain_text("Only admins")

    # taken back: it is gone for the member, and removing asks for the name
    page.get_by_role("button", name=f"Take back from {nora.name}").click()
    theirs.page.goto(f"{BASE}/connections")
    expect(theirs.page.locator("main")).to_contain_text("no connection for you yet")
    page.get_by_text("Remove the connection").click()
    page.get_by_label("Type gifts").fill("gifts")
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator('[data-connection="gifts"]')).to_have_count(0)
    assert window.troubles == []
    assert theirs.troubles == []
