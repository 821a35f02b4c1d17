"""docs/tutorial.md, walked by somebody whom the platform has never seen: each step as it stands there, in time."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from ..support.browser import Desk
from ..support.people import Person, leave
from ..support.pictures import DOCS
from ..support.platform import Platform, docker

pytestmark = [pytest.mark.browser, pytest.mark.platform]
NEWCOMER = "nora-new"
BASE = "/services/nightdesk"
LAB_MILLISECONDS = 90_000
TEN_MINUTES = 600.0
TUTORIAL = (DOCS / "tutorial.md").read_text("utf-8")
CELLS = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)


@pytest.fixture
def password(platform: Platform) -> Iterator[str]:
    """What the newcomer thinks up. On a platform that is kept, account and home are removed first."""
    leave(platform, NEWCOMER)
    docker("volume", "rm", "--force", f"{platform.project}-home-{NEWCOMER}")
    yield secrets.token_urlsafe(12)
    leave(platform, NEWCOMER)


def test_the_first_ten_minutes(admin: Person, desk: Callable[[str], Desk], password: str) -> None:
    began = time.monotonic()
    nora = desk(NEWCOMER)
    page = nora.page
    page.set_viewport_size({"width": 1100, "height": 700})
    ask_for_an_account(nora, password)
    let_in(desk("admin"), admin.password)
    page.locator("main").get_by_role("link", name="sign in").click()
    page.get_by_label("Username").fill(NEWCOMER)
    page.get_by_label("Password", exact=False).first.fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello {NEWCOMER}")
    nora.picture("tutorial-2-home")
    start_a_session(nora)
    write_the_notebook(page)
    hand_over(nora)
    name = look_at_home(nora)
    read_the_result(nora, name)
    assert time.monotonic() - began < TEN_MINUTES
    assert not nora.troubles


def ask_for_an_account(nora: Desk, password: str) -> None:
    page = nora.page
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    nora.picture("tutorial-1-sign-in")
    page.get_by_role("link", name="Ask for an account").click()
    page.get_by_label("User name").fill(NEWCOMER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password)
    page.get_by_role("button", name="Ask for the account").click()
    expect(page.get_by_role("status")).to_contain_text("waits for an admin's approval")


def let_in(admin: Desk, password: str) -> None:
    admin.sign_in(password, to=f"{BASE}/home")
    page = admin.page
    page.get_by_role("link", name="Admin", exact=True).click()
    expect(page.locator("#approvals")).to_contain_text(NEWCOMER)
    admin.picture("overview")
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("button", name=f"Approve {NEWCOMER}").click()
    expect(page.get_by_role("button", name=f"Approve {NEWCOMER}")).to_have_count(0)
    assert not admin.troubles


def start_a_session(nora: Desk) -> None:
    page = nora.page
    page.get_by_role("link", name="Start a session").click()
    expect(page.locator('input[name="version"]:checked')).to_have_count(1)
    nora.picture("tutorial-3-session")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile(f"/user/{NEWCOMER}/lab"), timeout=LAB_MILLISECONDS)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=LAB_MILLISECONDS)


def write_the_notebook(page: Page) -> None:
    """Two cells: the keys are those of everybody who knows notebooks."""
    page.locator('.jp-LauncherCard[data-category="Notebook"]', has_text="Python 3").click()
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(1, timeout=LAB_MILLISECONDS)
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=LAB_MILLISECONDS)
    first, second = CELLS
    cells.first.get_by_role("textbox").click()
    page.keyboard.insert_text(first.strip())
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    expect(cells).to_have_count(2)
    cells.last.get_by_role("textbox").click()
    page.keyboard.insert_text(second.strip())


def hand_over(nora: Desk) -> None:
    page = nora.page
    page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Run in background").click()
    form = page.get_by_role("dialog", name="Run in background")
    expect(form.get_by_label("Environment").locator("option:checked")).to_contain_text("this session's")
    form.get_by_label("Name", exact=True).fill("My first run")
    nora.picture("tutorial-4-form")
    form.get_by_role("button", name="Run in background").click()
    expect(form).to_be_hidden()
    item = page.get_by_role("region", name="My runs").get_by_role("listitem").first
    expect(item).to_contain_text("My first run")
    expect(item).to_have_attribute("data-status", "running", timeout=60_000)
    expect(item).to_contain_text(re.compile(r"cell 1 of 2"))
    nora.picture("tutorial-5-going")


def look_at_home(nora: Desk) -> str:
    """Lab is left while the run goes on; what the run is called on the page."""
    page = nora.page
    page.goto(f"{BASE}/home")
    expect(page.locator("#sessions")).to_contain_text("python-data")
    ended = page.locator("#ended")
    expect(ended).to_contain_text("My first run", timeout=90_000)
    expect(ended).to_contain_text("succeeded")
    nora.picture("tutorial-6-home")
    return "My first run"


def read_the_result(nora: Desk, name: str) -> None:
    page = nora.page
    page.get_by_role("link", name=name).click()
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
    expect(page.locator(".outputs")).to_contain_text("answer.txt")
    expect(page.locator("#log")).to_contain_text("hour 5")
    nora.picture("tutorial-7-run")
    page.get_by_role("link", name="Read the notebook as a page").click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("hour 5", timeout=60_000)


def test_every_picture_of_the_tutorial_is_taken_here() -> None:
    source = (DOCS.parent / "tests/e2e/test_tutorial.py").read_text("utf-8")
    for name in re.findall(r"img/(tutorial-[a-z0-9-]+)\.png", TUTORIAL):
        assert f'picture("{name}")' in source, name
