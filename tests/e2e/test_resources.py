"""What a run takes, drawn on its page in a real browser while it goes on and when it is over."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ..support.browser import Desk
from ..support.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.platform]
MEASURED = 30_000  # milliseconds until the next look at a run has come to its page, on a busy machine


def signed_in(desk: Callable[[str], Desk], person: Person, run: str) -> Desk:
    """A window that shows the page of a run."""
    window = desk(person.name)
    window.sign_in(person.password, to=f"/services/nightdesk/runs/{run}")
    expect(window.page).to_have_url(re.compile(f"/services/nightdesk/runs/{run}$"))
    return window


def points(page: Page, picture: str) -> int:
    """Of how many points the line of a picture is made."""
    line = page.locator("figure", has_text=picture).locator("path.line").get_attribute("d")
    return (line or "").count("L")


def test_a_run_s_page_draws_what_it_takes(grace: Person, desk: Callable[[str], Desk]) -> None:
    with grace.runs.hold(size="small") as held:
        held.holding()
        window = signed_in(desk, grace, held.id)
        page = window.page
        expect(page.get_by_role("heading", name="Resources")).to_be_visible(timeout=MEASURED)
        picture = page.get_by_role(
            "img", name=re.compile(r"^Memory over time: .+ at the end, at most .+, of 1 GB$")
        )
        expect(picture).to_be_visible()
        expect(page.locator("[data-field=usage]")).to_have_text(
            re.compile(
                r"^CPU \d\.\d of 1 · memory [\d.]+ MB of 1 GB \(at most [\d.]+ MB\) · files .+ of 20 GB$"
            )
        )
        before = points(page, "CPU")
        expect(page.locator("figure", has_text="CPU").locator("path.line")).to_have_attribute(
            "d", re.compile(f"^M[^L]+(L[^L]+){{{before + 1},}}$"), timeout=MEASURED
        )
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            window.picture(f"resources-{scheme}")
        page.set_viewport_size({"width": 390, "height": 844})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), "it fits a phone"
        window.picture("resources-phone")
        held.open_gate()
        expect(page.locator("[data-field=status]")).to_have_text("succeeded", timeout=MEASURED)
        expect(page.locator("[data-field=usage]")).to_have_text(re.compile(r"^At most CPU "))
        expect(picture).to_be_visible()
    assert not window.troubles
