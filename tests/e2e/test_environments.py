"""The pages of environments in a real browser: members look, an admin builds, promotes, rolls back and removes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Error, Page, expect

from ..support.browser import Desk
from ..support.notebooks import notebook
from ..support.people import Person, admin_of, join, leave
from ..support.platform import Platform
from ..support.spare_environment import Spare, group, spare_environment
from .test_runs_pages import PHONE, fits

pytestmark = [pytest.mark.browser, pytest.mark.platform]
PAGES = "/services/nightdesk/environments"
STABLE, EARLIER = "python-data:2026.12.1", "python-data:2026.10.1"
BUILD_MILLISECONDS = 240_000
OTHERS = (
    ("phone", PHONE),
    ("dark", {"color_scheme": "dark"}),
    ("without-scripts", {"java_script_enabled": False}),
)
# What somebody who does not see the page goes by.
FAULTS = """(() => {
  const found = [];
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((each) => Number(each.tagName[1]));
  levels.forEach((level, at) => { if (level > (levels[at - 1] ?? 0) + 1) found.push(`headings jump: ${levels}`); });
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!field.labels?.length && !field.ariaLabel) found.push(`${field.name} has no label`);
  for (const table of document.querySelectorAll("table")) if (!table.caption) found.push("a table has no caption");
  for (const each of document.querySelectorAll("a, button"))
    if (!each.textContent.trim() && !each.ariaLabel) found.push(`${each.outerHTML} says nothing`);
  for (const each of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
    for (const name of [each.getAttribute("aria-describedby"), each.getAttribute("aria-labelledby")])
      if (name && !document.getElementById(name)) found.push(`${name} is nowhere`);
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  if (new Set(ids).size < ids.length) found.push("an id is there twice");
  return found;
})()"""


@pytest.fixture(scope="module")
def vera(platform: Platform) -> Iterator[Person]:
    """A member."""
    yield join(platform, "vera")
    leave(platform, "vera")


@pytest.fixture
def window(desk: Callable[[str], Desk], vera: Person) -> Desk:
    """Her browser, on the list of environments."""
    opened = desk(vera.name)
    opened.sign_in(vera.password, to=PAGES)
    expect(opened.page.locator("h1")).to_have_text("Environments")
    return opened


@pytest.fixture
def office(desk: Callable[[str], Desk], platform: Platform) -> Desk:
    """The admin's browser, on the same list."""
    boss = admin_of(platform)
    opened = desk(boss.name)
    opened.sign_in(boss.password, to=PAGES)
    expect(opened.page.locator("h1")).to_have_text("Environments")
    return opened


@pytest.fixture
def spare(platform: Platform) -> Iterator[Spare]:
    with spare_environment(platform) as made:
        yield made


def test_a_member_finds_what_is_in_a_version_and_what_changed(window: Desk) -> None:
    page = window.page
    shelf = page.locator("section.shelf#python-data")
    expect(shelf).to_contain_text("stable is 2026.12.1")
    expect(page.get_by_role("link", name="Build a version")).to_have_count(0)
    sound(page)
    page.wait_for_load_state("networkidle")
    window.picture("environments")
    shelf.get_by_role("link", name=STABLE).click()
    expect(page.locator("h1")).to_have_text(STABLE)
    expect(page.locator("#change")).to_have_count(0)
    expect(page.locator("pre").first).to_contain_text("==")
    rows = page.locator("#package-table tbody tr:visible")
    whole = rows.count()
    assert whole > 100
    page.get_by_label("Name", exact=True).fill("pandas")
    expect(rows.first).to_contain_text(re.compile(r"pandas\s*3\."))
    assert 1 <= rows.count() < 10
    expect(page.locator("#fitting")).to_have_text(re.compile(rf"^\d of {whole}$"))
    sound(page)
    window.picture("environment")
    page.get_by_role("link", name="compare with 2026.10.1").click()
    expect(page.locator("#summary")).to_contain_text(f"From {EARLIER} to {STABLE}")
    expect(page.locator("#summary")).to_contain_text("to another major version")
    changed = page.locator("tr.major", has_text=re.compile(r"^\s*pandas\b"))
    expect(changed).to_contain_text(re.compile(r"2\.\d.*3\.\d", re.DOTALL))
    sound(page)
    window.picture("environments-compare")
    for kind, how in OTHERS:
        for name, path in (
            ("list", PAGES),
            ("version", f"{PAGES}/python-data/2026.12.1"),
            ("compare", f"{PAGES}/compare?before={EARLIER}&after={STABLE}"),
        ):
            with window.another(f"environments-{name}-{kind}", path, **how) as other:
                expect(other.locator("main")).to_contain_text("2026.12.1")
                fits(other)
    assert not window.troubles


def test_the_filter_works_without_scripts(window: Desk) -> None:
    path = f"{PAGES}/python-data/2026.12.1"
    with window.another("environment-filtered", path, java_script_enabled=False) as page:
        page.get_by_label("Name", exact=True).fill("scikit")
        page.locator("#filter button").click()
        expect(page.locator("#package-table tbody tr")).to_have_count(1)
        expect(page.locator("#package-table")).to_contain_text("scikit-learn")


def test_a_run_leads_to_its_environment_and_is_run_again_exactly(window: Desk, vera: Person) -> None:
    run = vera.runs.submit(notebook("print('done')"), name="repeated")["id"]
    vera.runs.end(run)
    page = window.page
    page.goto(f"/services/nightdesk/runs/{run}")
    page.get_by_role("link", name=STABLE).click()
    expect(page.locator("#use")).to_contain_text("run")
    page.go_back()
    page.get_by_role("button", name="Exactly again").click()
    expect(page).not_to_have_url(re.compile(run))
    expect(page.locator(".note", has_text=f"Runs {run} again, exactly.")).to_be_visible()
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
    digest = page.locator("code.digest").first.inner_text()
    assert digest == vera.runs.show(run)["environment"]["digest"]
    assert not window.troubles


def test_promote_roll_back_and_deprecate_by_keyboard(office: Desk, spare: Spare) -> None:
    page = office.page
    page.goto(f"{PAGES}/{EARLIER.replace(':', '/')}")
    expect(page.locator("#change")).to_contain_text("Make it stable")
    office.picture("environment-admin")
    page.goto(f"{PAGES}/{spare.name}/2")
    press(page, "Make it stable")
    expect(page.locator(".state .channel")).to_have_text("stable")
    expect(page.locator("#stays")).to_contain_text("it is stable")
    expect(page.locator("#history li").first).to_contain_text("stable was pointed at 2, from 1")
    sound(page)
    press(page, "Roll stable back to 1")
    expect(page.locator("#history li").first).to_contain_text("stable was rolled back to 1, from 2")
    expect(page.locator(".state .channel")).to_have_count(0)
    press(page, "Deprecate")
    expect(page.locator(".state")).to_contain_text("Hidden from new sessions")
    press(page, "Offer it again")
    expect(page.locator(".state")).to_contain_text("People choose it")
    assert not office.troubles


def test_who_it_is_for(office: Desk, spare: Spare, window: Desk, platform: Platform) -> None:
    page, hers = office.page, window.page
    with group(platform, f"readers-{spare.name}") as readers:
        page.goto(f"{PAGES}/{spare.name}/1")
        field = page.get_by_label(f"Who {spare.name} is for")
        field.fill(readers.name)
        field.press("Enter")
        expect(page.get_by_label(f"Who {spare.name} is for")).to_have_value(readers.name)
        answer = hers.goto(f"{PAGES}/{spare.name}/1")
        assert answer is not None
        assert answer.status == 404
        expect(hers.locator("h1")).to_contain_text("There is no version '1'")
        hers.goto(PAGES)
        expect(hers.locator(f"section#{spare.name}")).to_have_count(0)
    assert not office.troubles


def test_an_image_becomes_a_version_live_and_is_cleaned_away(office: Desk) -> None:
    page = office.page
    name = f"churn-{secrets.token_hex(3)}"
    page.get_by_role("link", name="Build a version").click()
    sound(page)
    office.picture("environments-form")
    page.get_by_role("link", name="Image", exact=True).click()
    page.get_by_label("Image", exact=True).fill(f"nightdesk/{STABLE}")
    page.get_by_label("Environment").fill("Not a name")
    page.evaluate("document.querySelector('form.fields').noValidate = true")
    page.get_by_role("button", name="Build").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be the name of an environment")
    expect(page.get_by_label("Image", exact=True)).to_have_value(f"nightdesk/{STABLE}")
    page.get_by_label("Environment").fill(name)
    page.get_by_label("Title").fill("Tried in the browser")
    page.get_by_role("button", name="Build").click()
    expect(page.locator("#log")).to_contain_text("ok     server", timeout=BUILD_MILLISECONDS)
    sound(page)
    office.picture("environments-build")
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded", timeout=BUILD_MILLISECONDS)
    page.get_by_role("link", name=f"See {name}:").click()
    expect(page.locator("h1")).to_contain_text(f"{name}:")
    label = page.locator("h1").inner_text()
    expect(page.locator("#packages")).to_contain_text("pandas")
    press(page, "Deprecate")
    expect(page.locator(".state")).to_contain_text("Hidden from new sessions")
    page.goto(f"{PAGES}/cleaning")
    expect(page.locator("#go")).to_contain_text(label)
    expect(page.locator("#stay")).to_contain_text("It is stable; ")
    sound(page)
    office.picture("environments-cleaning")
    page.goto(f"{PAGES}/{label.replace(':', '/')}")
    press(page, "Remove its image")
    expect(page.locator(".state")).to_contain_text("Its image is gone")
    page.goto(f"{PAGES}/cleaning")
    expect(page.locator("#removed")).to_contain_text(f"{label} removed (by hand)")
    assert not office.troubles


def test_what_a_build_lacks_stands_on_top_in_words(office: Desk) -> None:
    page = office.page
    page.goto(f"{PAGES}/build?kind=image&environment=hopeless-{secrets.token_hex(3)}")
    page.get_by_label("Image", exact=True).fill("nightdesk/redis:latest")
    page.get_by_role("button", name="Build").click()
    expect(page.locator('[data-field="status"]')).to_have_text("failed", timeout=BUILD_MILLISECONDS)
    expect(page.locator("#failure")).to_contain_text(re.compile("no |not ", re.IGNORECASE))
    office.picture("environments-build-failed")
    path = page.url.removeprefix(office.address)
    for kind, how in OTHERS:
        with office.another(f"environments-build-failed-{kind}", path, **how) as other:
            expect(other.locator("#failure")).to_be_visible()
            fits(other)
    assert not office.troubles


def press(page: Page, button: str) -> None:
    """Press a button as one does without a mouse."""
    page.get_by_role("button", name=button, exact=True).focus()
    page.keyboard.press("Enter")


def sound(page: Page) -> None:
    """Headings in order, fields with labels, tables with captions, links that say something; nothing sticks out."""
    try:
        faults = page.evaluate(FAULTS)
    except Error:  # a build that ends has its page loaded anew
        page.wait_for_load_state()
        faults = page.evaluate(FAULTS)
    assert faults == []
    fits(page)
