"""An admin disables somebody in the browser, after having read what will happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.people import Person, join, leave
from ..support.platform import Platform

pytestmark = pytest.mark.platform


def test_disabling_somebody_on_the_page(
    platform: Platform, admin: Person, desk: Callable[[str], Desk]
) -> None:
    rosa, otto = join(platform, "rosa"), join(platform, "otto")
    try:
        theirs, admins = desk("rosa"), desk("admin")
        theirs.sign_in(rosa.password)
        admins.sign_in(admin.password, to="/hub/accounts")
        page = admins.page
        page.locator('[data-account="rosa"]').get_by_role("link", name="Disable or hand over").click()
        expect(page.locator("#consequences")).to_contain_text("all browsers are signed out")
        admins.picture("leaving-before")
        page.get_by_label("Who takes over").select_option("otto")
        page.get_by_role("button", name="Disable rosa").click()
        expect(page.locator("#done")).to_contain_text("rosa is shut out")
        expect(page.locator("h1")).to_contain_text("disabled")
        admins.picture("leaving-done")
        with admins.another(
            "leaving-dark-phone",
            "/hub/people/rosa",
            color_scheme="dark",
            viewport={"width": 390, "height": 800},
        ):
            pass
        theirs.page.goto("/hub/home")
        expect(theirs.page.locator("#login_submit")).to_be_visible()
        theirs.sign_in(rosa.password)
        expect(theirs.page.get_by_text("Your account is disabled")).to_be_visible()
        theirs.picture("leaving-refused")
        page.get_by_role("button", name="Let rosa in again").click()
        expect(page.locator("#done")).to_contain_text("may sign in again")
        page.get_by_role("button", name="Remove rosa").click()
        expect(page.locator("#accounts")).to_be_visible()
        expect(page.locator('[data-account="rosa"]')).to_have_count(0)
        assert not admins.troubles
    finally:
        for each in (rosa, otto):
            leave(platform, each.name)
