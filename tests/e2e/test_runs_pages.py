"""The pages of runs in a real browser: live with scripts, complete without, on a phone, in the dark, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from nightdesk.server.web import wording
from playwright.sync_api import Page, expect

from ..support.browser import Desk
from ..support.notebooks import notebook
from ..support.people import Person, join, leave
from ..support.platform import ROOT, SLOTS, Platform
from ..support.runs import Held
from ..support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.platform]
RUNS = "/services/nightdesk/"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
FAILING = notebook(
    "rows = [{}]",
    "for row in rows:\n    print('reading', row, flush=True)\n    row['amount']",
    "print('never')",
)


@pytest.fixture(scope="module")
def tess(platform: Platform) -> Person:
    """A member with runs of her own alone."""
    return join(platform, "tess")


@pytest.fixture
def window(desk: Callable[[str], Desk], tess: Person) -> Desk:
    """Her browser, signed in."""
    opened = desk(tess.name)
    opened.sign_in(tess.password, to=RUNS)
    expect(opened.page.locator("h1")).to_have_text("My runs")
    return opened


@pytest.fixture
def busy(tess: Person) -> Iterator[list[Held]]:
    """Every slot is taken; her runs that go on."""
    with ExitStack() as ends:
        held = [ends.enter_context(tess.runs.hold(name=f"holding {number}")) for number in range(SLOTS)]
        until(lambda: len(tess.platform.containers("run")) == SLOTS, "every slot taken")
        yield [one.holding() for one in held if tess.runs.show(one.id)["status"] == "running"]


def row(run_id: str) -> str:
    """The selector of a run's row: an id may begin with a digit."""
    return f'tr[id="{run_id}"]'


def test_the_list_moves_by_itself_and_says_why_a_run_waits(
    window: Desk, tess: Person, busy: list[Held]
) -> None:
    page = window.page
    waiting = tess.runs.submit(notebook("print('done')"), name="the one that waits")["id"]
    page.goto(RUNS)
    page.evaluate("window.sameDocument = true")
    expect(page.locator(row(waiting))).to_contain_text(
        re.compile(r"queued\s+(next in line|waiting for a slot)")
    )
    going = page.locator(row(busy[0].id))
    expect(going).to_contain_text("cell 2 of 3")
    expect(going.locator("progress")).to_have_attribute("value", "1")
    spent = going.locator(".spent")
    before = spent.inner_text()
    expect(spent).not_to_have_text(before)
    window.picture("20-runs-live")
    going.get_by_role("link").focus()
    for one in busy:
        one.open_gate()
    expect(page.locator(row(waiting))).to_contain_text("succeeded")
    expect(going).to_contain_text("succeeded")
    assert page.evaluate("window.sameDocument"), "nothing was loaded anew"
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == f"{RUNS}runs/{busy[0].id}", "whoever reads by keyboard stays where they were"
    assert not window.troubles


def test_a_run_s_page_goes_from_waiting_to_its_end(window: Desk, tess: Person) -> None:
    page = window.page
    with tess.runs.hold(name="watched", retries=1, cell_timeout_seconds=1800) as held:
        held.holding()
        page.goto(f"{RUNS}runs/{held.id}")
        expect(page.locator('[data-field="status"]')).to_have_text("running")
        expect(page.locator('[data-field="cells"]')).to_have_text("cell 2 of 3")
        expect(page.locator("#log")).to_contain_text("holding")
        expect(page.locator("#log")).to_contain_text("tick")
        assert page.locator("#log").inner_text().count("holding") == 1, (
            "the server's own copy of the log is gone"
        )
        page.locator("#so-far").scroll_into_view_if_needed()
        so_far = page.frame_locator("#so-far iframe").first
        expect(so_far.locator("#now")).to_contain_text("Cell 2 of 3")
        expect(so_far.locator(".jp-OutputArea-output").last).to_contain_text("tick")
        expect(page.locator("#history")).to_contain_text("Code started")
        expect(page.locator("dl")).to_contain_text("1 h, 30 min for a cell")
        window.picture("21-run-live")
        held.open_gate()
        expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
        expect(page.locator(".outputs")).to_contain_text("ledger.txt")
        expect(page.locator("#history")).to_contain_text("Succeeded")
    assert not window.troubles


@pytest.mark.thorough
def test_the_page_of_the_example_as_the_readme_shows_it(
    platform: Platform, desk: Callable[[str], Desk]
) -> None:
    ada = join(platform, "ada")
    example = ROOT / "examples/donation-propensity/donation-propensity.ipynb"
    made = ada.runs.submit(example.read_bytes(), example.name, size="small", environment="python-data")
    run = made["id"]
    assert ada.runs.end(run, 240)["status"] == "succeeded"
    window = desk(ada.name)
    page = window.page
    page.set_viewport_size({"width": 1180, "height": 1000})
    window.sign_in(ada.password, to=f"{RUNS}runs/{run}")
    expect(page.locator(".outputs")).to_contain_text("model-card.md")
    window.picture("run")
    assert not window.troubles
    leave(platform, ada.name)


def test_a_page_that_is_open_sees_the_next_attempt_begin(window: Desk, tess: Person) -> None:
    page = window.page
    flaky = notebook(
        "import os, time\nattempt = os.environ['NIGHTDESK_ATTEMPT']\nprint('attempt', attempt, flush=True)",
        "if attempt == '1':\n    raise TimeoutError('no answer')\ntime.sleep(2)",
    )
    run = tess.runs.submit(flaky, name="flaky", retries=1, retry_wait_seconds=6)["id"]
    page.goto(f"{RUNS}runs/{run}")
    expect(page.locator(".state")).to_contain_text("attempt 2 of 2 starts in")
    expect(page.locator("#attempts")).to_contain_text("TimeoutError: no answer")
    expect(page.locator("#history")).to_contain_text("Attempt 1 failed, attempt 2 waits")
    window.picture("22-next-attempt")
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
    expect(page.locator("#log")).to_contain_text("attempt 2")
    page.locator("#attempts").get_by_role("link", name="log").last.click()
    expect(page.locator("body")).to_have_text("attempt 1")
    assert not window.troubles


def test_what_went_wrong_stands_first(window: Desk, tess: Person) -> None:
    run = tess.runs.submit(FAILING, name="failing")["id"]
    tess.runs.end(run)
    path = f"{RUNS}runs/{run}"
    page = window.page
    page.goto(path)
    wrong = page.locator("#failure")
    expect(wrong).to_contain_text("KeyError: 'amount'")
    expect(wrong).to_contain_text("row['amount']")
    expect(wrong).to_contain_text("reading {}")
    assert page.locator("article section").first.get_attribute("id") == "failure"
    window.picture("23-failed")
    for kind, how in (
        ("phone", PHONE),
        ("dark", {"color_scheme": "dark"}),
        ("without-scripts", {"java_script_enabled": False}),
    ):
        with window.another(f"24-failed-{kind}", path, **how) as other:
            expect(other.locator("#failure")).to_contain_text("row['amount']")
            expect(other.locator("#log")).to_contain_text("reading {}")
            fits(other)
    assert not window.troubles


def test_the_list_can_be_searched_by_keyboard_on_a_phone_and_without_scripts(
    window: Desk, tess: Person
) -> None:
    names = ("Monthly report", "Training of the night")
    runs = [tess.runs.submit(notebook("1"), name=name)["id"] for name in names]
    for run in runs:
        tess.runs.end(run)
    page = window.page
    page.goto(RUNS)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.get_by_label("Name or id").focus()
    page.keyboard.type("REPORT")
    page.keyboard.press("Enter")
    expect(page.locator(row(runs[0]))).to_be_visible()
    expect(page.locator(row(runs[1]))).to_have_count(0)
    assert "name=REPORT" in page.url
    assert "status=" not in page.url, "what was left empty is not in the address"
    page.get_by_label("From").fill("2000-01-01")
    page.get_by_label("to", exact=True).fill("2000-01-02")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#list")).to_contain_text("No run fits.")
    page.get_by_label("Name or id").fill(runs[1])
    page.get_by_label("Name or id").press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{runs[1]}$"))
    for kind, how in (
        ("phone", PHONE),
        ("dark", {"color_scheme": "dark"}),
        ("without-scripts", {"java_script_enabled": False}),
    ):
        with window.another(f"25-runs-{kind}", RUNS, **how) as other:
            other.get_by_label("Name or id").fill("training")
            other.get_by_role("button", name="Show").click()
            expect(other.locator(row(runs[1]))).to_contain_text("succeeded")
            expect(other.locator(row(runs[0]))).to_have_count(0)
            fits(other)
    assert not window.troubles


def test_the_pages_count_and_speak_as_the_server_does(window: Desk) -> None:
    seconds = [0.04, 1, 9.94, 9.96, 54.9, 59.6, 64, 3569, 3599.6, 7380, 86399, 273600]
    page = window.page
    said = page.evaluate(
        "async (seconds) => { const page = await import('/services/nightdesk/static/page.js');"
        " return seconds.map((each) => page.took(each)); }",
        seconds,
    )
    assert said == [wording.took(each) for each in seconds]
    pairs = [
        (elapsed, expected)
        for elapsed in (0, 3, 41, 130, 175, 199, 9000)
        for expected in (1, 60, 180, 3600, 9000)
    ]
    left = page.evaluate(
        "async (pairs) => { const page = await import('/services/nightdesk/static/page.js');"
        " return pairs.map(([elapsed, expected]) => page.left(elapsed, expected)); }",
        pairs,
    )
    assert left == [wording.left(elapsed, expected) for elapsed, expected in pairs]


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    sizes = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert sizes[0] <= sizes[1], f"{page.url} is {sizes[0]} wide in a window of {sizes[1]}"
