"""A channel moves while somebody is in JupyterLab: they are told there and on the home page, and move at the next start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.people import Person, join, leave
from ..support.platform import Platform
from ..support.spare_environment import Spare, spare_environment

pytestmark = [pytest.mark.browser, pytest.mark.platform]
START_MILLISECONDS = 90_000


@pytest.fixture
def spare(platform: Platform) -> Iterator[Spare]:
    with spare_environment(platform) as made:
        yield made


@pytest.fixture
def nora(platform: Platform) -> Iterator[Person]:
    yield join(platform, "nora")
    leave(platform, "nora")


def test_people_are_told_when_a_channel_moves(
    nora: Person, spare: Spare, desk: Callable[[str], Desk]
) -> None:
    window = desk(nora.name)
    start_following(window, nora, spare)
    spare.promote("2")
    told = f"{spare.name}:1 runs here; stable is 2 now"
    told_in_lab(window, told)
    page = window.page
    page.goto("/hub/home")
    expect(page.locator("#version-notice")).to_contain_text(told)
    window.picture("channels-home")
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_role("button", name="Start a session")).to_be_visible(timeout=START_MILLISECONDS)
    page.goto("/hub/spawn")
    expect(page.locator(f'input[value="{spare.name}@stable"]')).to_be_checked()
    press_start(window)
    page.goto("/hub/home")
    expect(page.locator(".nd-home")).to_contain_text(f"{spare.name} 2, tiny, follows stable")
    expect(page.locator("#version-notice")).to_have_count(0)
    assert not window.troubles


def start_following(window: Desk, nora: Person, spare: Spare) -> None:
    """Choose the channel's card on the start page."""
    window.sign_in(nora.password, to="/hub/spawn")
    page = window.page
    card = page.locator("label.nd-card", has=page.locator(f'input[value="{spare.name}@stable"]'))
    expect(card).to_contain_text("stable · 1")
    pinned = page.locator("label.nd-card", has=page.locator(f'input[value="{spare.name}:2"]'))
    expect(pinned).to_contain_text("stays at this version")
    card.click()
    page.locator('input[name="size"][value="tiny"]').check()
    window.picture("channels-start-page")
    press_start(window)


def press_start(window: Desk) -> None:
    """Start, and wait for JupyterLab."""
    page = window.page
    page.get_by_role("button", name=re.compile("^start$", re.IGNORECASE)).click()
    expect(page).to_have_url(re.compile(f"/user/{window.who}/lab"), timeout=START_MILLISECONDS)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=START_MILLISECONDS)


def told_in_lab(window: Desk, words: str) -> None:
    """Lab shows the notice when its page is loaded again, with the way to the session page."""
    page = window.page
    page.reload()
    notice = page.locator(".Toastify__toast", has_text=words)
    expect(notice).to_be_visible(timeout=START_MILLISECONDS)
    expect(notice.get_by_role("button", name="Session page")).to_be_visible()
    window.picture("channels-lab")
