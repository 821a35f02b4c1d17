"""Running in the background from JupyterLab, in a real browser and a real session: from sign-in to reading the result."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from ..support.browser import Desk
from ..support.notebooks import code, document
from ..support.people import Person, Session, join, leave
from ..support.platform import Platform, docker
from ..support.walk.visit import GRAVE, OPTIONS

pytestmark = [pytest.mark.browser, pytest.mark.platform]
NAME = "lara"
LAB_MILLISECONDS = 90_000
HOSTILE = "<img src=x onerror=window.bitten=1>"
PARAMETERS = """year: int = 2026  # the year that the report is about
region = "north"  # which region
quick = False  # leave the slow part out
seconds = 0.5  # how long each step takes"""
STEP = "import time\ntime.sleep(seconds)\nprint('step', year, region)"


@pytest.fixture(scope="module")
def lara(platform: Platform) -> Iterator[Person]:
    """Somebody with nothing in her home."""
    leave(platform, NAME)
    docker("volume", "rm", "--force", f"{platform.project}-home-{NAME}")
    yield join(platform, NAME)
    leave(platform, NAME)


@pytest.fixture(scope="module")
def session(lara: Person) -> Session:
    """Her session, with a notebook, a file beside it, a read-only notebook and a script."""
    started = lara.session(environment="python-data", size="small")
    started.do("mkdir", "-p", "/home/nightdesk/reports")
    sales = document(code(PARAMETERS, "parameters"), *[STEP] * 6, "print(open('prices.csv').read())")
    started.put("reports/sales.ipynb", json.dumps(sales).encode())
    started.put("reports/prices.csv", b"price\n17\n")
    started.put("reports/large.bin", b"x" * 300_000)
    started.put("locked.ipynb", json.dumps(document("print('as it was')")).encode())
    started.do("chmod", "444", "/home/nightdesk/locked.ipynb")
    started.put("slow.py", b"import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    return started


@pytest.fixture
def lab(desk: Callable[[str], Desk], lara: Person, session: Session) -> Desk:
    """Her window, signed in, with Lab open."""
    window = desk(NAME)
    window.sign_in(lara.password, to=f"/user/{session.owner.name}/lab?reset")
    expect(window.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=LAB_MILLISECONDS)
    expect(window.page.locator(".jp-LauncherCard").first).to_be_visible(timeout=LAB_MILLISECONDS)
    return window


def test_from_the_open_notebook_to_its_result(lab: Desk, lara: Person) -> None:
    page = lab.page
    open_notebook(page, "reports/sales.ipynb")
    page.locator(".jp-Notebook").get_by_role("textbox").nth(1).click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\nprint('typed just now')")
    form = ask(page)
    expect(form.get_by_label("year")).to_have_value("2026")
    expect(form).to_contain_text("the year that the report is about (a whole number)")
    expect(form.get_by_label("quick")).to_have_value("false")
    expect(form.get_by_label("year")).to_be_focused()
    expect(form.get_by_label("Environment").locator("option:checked")).to_contain_text("this session's")
    form.get_by_label("Take along the folder “reports”").check()
    expect(form).to_contain_text("2 files, 300 kB")
    form.get_by_label("Leave out").fill("*.bin\n")
    expect(form).to_contain_text("1 file, 9 B")
    form.get_by_label("year").fill("2024")
    lab.picture("lab-form")
    form.get_by_label("year").fill("soon")
    hand_over(form)
    expect(form.get_by_role("alert")).to_contain_text("Parameter 'year' must be int")
    form.get_by_label("year").fill("2024")
    form.get_by_label("Name", exact=True).fill("Sales of 2024")
    hand_over(form)
    expect(form).to_be_hidden()

    item = page.get_by_role("region", name="My runs").get_by_role("listitem").first
    expect(item).to_contain_text("Sales of 2024")
    expect(item).to_contain_text(re.compile(r"cell [2-8] of 9"))
    expect(item).to_have_attribute("data-status", "succeeded", timeout=60_000)
    run = lara.runs.show(str(item.get_attribute("data-run")))
    assert run["parameters"] == {"year": 2024}
    assert run["environment"]["digest"] == lab_digest(lara)
    item.get_by_role("button", name=re.compile("^Open the result")).click()
    result = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(result).to_contain_text("step 2024 north", timeout=30_000)
    first = result.locator(".jp-OutputArea-output").first
    assert first.inner_text().split("\n")[:2] == ["step 2024 north", "typed just now"]
    expect(result).to_contain_text("17")
    expect(result).to_contain_text("read-only")
    lab.picture("lab-result")
    assert not lab.troubles


def test_a_run_is_cancelled_and_run_again_from_the_panel(lab: Desk, lara: Person) -> None:
    page = lab.page
    page.get_by_role("listitem", name=re.compile("slow.py")).click(button="right")
    page.get_by_role("menuitem", name=re.compile("Run in Background")).click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Add a parameter").click()
    expect(form.get_by_label("Name of parameter 1")).to_be_focused()
    form.get_by_role("button", name="Remove parameter 1").click()
    hand_over(form)
    item = page.get_by_role("region", name="My runs").get_by_role("listitem").first
    expect(item).to_have_attribute("data-status", "running", timeout=60_000)
    item.get_by_role("button", name="Cancel slow.py").click()
    expect(item).to_have_attribute("data-status", "cancelled", timeout=60_000)
    item.get_by_role("button", name="Run again: slow.py").click()
    again = page.get_by_role("region", name="My runs").get_by_role("listitem").first
    expect(again).to_have_attribute("data-status", re.compile("queued|starting|running"))
    lara.runs.cancel(str(again.get_attribute("data-run")))
    expect(again).to_have_attribute("data-status", "cancelled", timeout=60_000)
    assert not lab.troubles


def test_the_panel_survives_a_restart_of_the_platform(lab: Desk, platform: Platform) -> None:
    page = lab.page
    open_notebook(page, "reports/sales.ipynb")
    form = ask(page)
    form.get_by_label("seconds").fill("4")
    form.get_by_label("Take along the folder “reports”").check()
    form.get_by_label("Name", exact=True).fill("Sales, step by step")
    hand_over(form)
    panel = page.get_by_role("region", name="My runs")
    item = panel.get_by_role("listitem").first
    expect(item).to_have_attribute("data-status", "running", timeout=60_000)
    expect(item).to_contain_text(re.compile(r"cell [2-8] of 9"))
    lab.picture("lab-runs")
    docker("stop", "--time", "10", platform.service("api"))
    try:
        expect(panel.get_by_role("status")).to_contain_text("The platform is restarting")
        lab.picture("lab-away")
        form = ask(page)
        expect(form.get_by_role("alert")).to_contain_text("The platform is restarting")
        page.keyboard.press("Escape")
        expect(form).to_be_hidden()
    finally:
        docker("start", platform.service("api"))
    expect(panel.get_by_role("status")).to_be_hidden(timeout=60_000)
    expect(item).to_have_attribute("data-status", "succeeded", timeout=90_000)
    assert not lab.troubles


def test_a_read_only_notebook_goes_as_it_is_shown_and_stays_as_it_was(
    lab: Desk, lara: Person, session: Session
) -> None:
    page = lab.page
    open_notebook(page, "locked.ipynb")
    page.locator(".jp-Notebook").get_by_role("textbox").first.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("print('as it is shown')")
    form = ask(page)
    expect(form).to_contain_text("read-only: what you see now is handed over")
    expect(form).to_contain_text("tag “parameters”")
    hand_over(form)
    item = page.get_by_role("region", name="My runs").get_by_role("listitem").first
    expect(item).to_contain_text("locked.ipynb")
    expect(item).to_have_attribute("data-status", "succeeded", timeout=60_000)
    run = str(item.get_attribute("data-run"))
    assert "as it is shown" in lara.runs.log(run)
    assert "as it was" in session.do("cat", "/home/nightdesk/locked.ipynb")


def test_a_schedule_is_made_from_the_form_and_kept_at_the_side(lab: Desk, lara: Person) -> None:
    page = lab.page
    open_notebook(page, "reports/sales.ipynb")
    form = ask(page)
    form.get_by_label("On a schedule").check()
    zone, due = form.get_by_label("Time zone"), form.get_by_role("group", name="Due next")
    expect(zone).to_have_value(page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone"))
    expect(due.get_by_role("listitem")).to_have_count(5)
    expect(form).to_contain_text("keeps a copy of sales.ipynb as it is now")
    form.get_by_label("Repeat").select_option("otherwise, by a cron line")
    expect(form.get_by_label("Cron line")).to_have_value("30 6 * * MON-FRI")
    form.get_by_label("Cron line").fill("30 6 31 2 *")
    expect(form.get_by_role("alert").first).to_contain_text("is never due")
    expect(form.get_by_label("Cron line")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Repeat").select_option("every week")
    form.get_by_label("On", exact=True).select_option("Friday")
    form.get_by_label("At", exact=True).fill("06:45")
    zone.fill("Mars/Base")
    expect(form.get_by_role("alert").first).to_contain_text("There is no time zone 'Mars/Base'")
    zone.fill("Asia/Tokyo")
    expect(due.get_by_role("listitem").last).to_contain_text(
        re.compile(r"^Fri \d+ \w+ \d{4}, 06:45 \(.* for you\)$")
    )
    form.get_by_label("Tell the time to").select_option("region")
    expect(form.get_by_label("region", exact=True)).to_be_disabled()
    lab.picture("lab-schedule")
    sound(page)
    form.get_by_label("Name", exact=True).fill(HOSTILE)
    form.get_by_label("Tell me", exact=True).select_option("when one is over")
    form.get_by_label("About its times").select_option("never")
    form.get_by_role("button", name="Make the schedule").click()
    expect(form).to_be_hidden()

    item = page.get_by_role("list", name="My schedules").get_by_role("listitem").first
    expect(item).to_contain_text(HOSTILE)
    expect(item).to_contain_text("every Friday at 06:45 (Asia/Tokyo) · next")
    item.get_by_role("button", name=re.compile("^Pause")).click()
    expect(item).to_contain_text("Paused by lara.")
    item.get_by_role("button", name=re.compile("^Resume")).click()
    expect(item).to_contain_text("next")
    item.get_by_role("button", name=re.compile("^Run now")).click()
    run = page.get_by_role("list", name="My runs").get_by_role("listitem").first
    expect(run).to_contain_text(HOSTILE)
    lab.picture("lab-schedules")
    sound(page)
    made = json.loads(lara.command("schedule", "show", HOSTILE, "--json").stdout)
    assert (made["notify"], made["alert"]) == ("always", False)
    begun = lara.runs.show(str(run.get_attribute("data-run")))
    assert "T" in begun["parameters"]["region"]
    assert begun["notify"] == "always"
    lara.runs.cancel(str(run.get_attribute("data-run")))
    with page.expect_popup() as opened:
        item.get_by_role("link", name=re.compile("^Page")).click()
    expect(opened.value.locator("h1")).to_contain_text(HOSTILE)
    expect(opened.value.locator("main")).to_contain_text("cron 45 6 * * FRI, Asia/Tokyo")
    lara.command("schedule", "rm", HOSTILE).check_returncode()
    assert page.evaluate("window.bitten") is None
    assert not lab.troubles


def test_in_the_dark_from_the_palette_and_the_live_file(lab: Desk, lara: Person, session: Session) -> None:
    settings = ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
    session.do("mkdir", "-p", f"/home/nightdesk/{settings}")
    session.put(f"{settings}/themes.jupyterlab-settings", b'{"theme": "JupyterLab Dark"}')
    page = lab.page
    open_notebook(page, "reports/sales.ipynb")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    # A notebook takes the focus once its kernel is there, and the palette closes.
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=LAB_MILLISECONDS)
    page.keyboard.press("ControlOrMeta+Shift+C")
    palette = page.locator(".lm-CommandPalette-input")
    expect(palette).to_be_focused()
    page.keyboard.type("Nightdesk")
    page.locator(".lm-CommandPalette-item", has_text="Run in Background").click()
    form = page.get_by_role("dialog", name="Run in background")
    expect(form.get_by_label("year")).to_be_visible()
    form.get_by_label("On a schedule").check()
    expect(form.get_by_role("group", name="Due next").get_by_role("listitem")).to_have_count(5)
    form.get_by_label("What runs").select_option("the file in my home, as it is each time")
    expect(form).to_contain_text("Read each time from your home, as sales.ipynb is saved then")
    lab.picture("lab-dark")
    form.get_by_label("Time zone").fill("Mars/Base")
    expect(form.get_by_role("alert").first).to_contain_text("no time zone")
    sound(page)
    form.get_by_label("Time zone").fill("UTC")
    expect(form.get_by_role("group", name="Due next").get_by_role("listitem")).to_have_count(5)
    form.get_by_label("Take along the folder “reports”").check()
    expect(form).to_contain_text("The folder as it is each time")
    form.get_by_role("button", name="Make the schedule").click()
    expect(form).to_be_hidden()
    expect(page.get_by_role("list", name="My schedules")).to_contain_text("every weekday at 06:30")
    made = json.loads(lara.command("schedule", "show", "sales.ipynb", "--json").stdout)
    source = made["source"]
    assert (source["kind"], source["path"], source["folder"]) == ("home", "reports/sales.ipynb", "reports")
    lara.command("schedule", "rm", "sales.ipynb").check_returncode()
    assert not lab.troubles


def open_notebook(page: Page, path: str) -> None:
    page.goto(f"/user/{NAME}/lab/tree/{path}?reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=LAB_MILLISECONDS)


def ask(page: Page) -> Locator:
    """The form, opened from the toolbar."""
    page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Run in background").click()
    form = page.get_by_role("dialog", name="Run in background")
    expect(form).to_be_visible()
    return form


def sound(page: Page) -> None:
    """Axe finds nothing serious in what is ours."""
    page.evaluate(AXE_SCRIPT)
    ours = [".nightdesk-panel", *([".nightdesk-form"] if page.locator(".nightdesk-form").count() else [])]
    found = page.evaluate("([ours, how]) => axe.run({ include: ours }, how)", [ours, OPTIONS])
    grave = [each for each in found["violations"] if each["impact"] in GRAVE]
    assert not grave, [(each["id"], each["nodes"][0]["html"][:200]) for each in grave]


def hand_over(form: Locator) -> None:
    form.get_by_role("button", name="Run in background").click()


def lab_digest(lara: Person) -> str:
    """The image that her session runs in."""
    session = lara.running_session()
    assert session is not None
    return str(lara.platform.inspect(session.container)["Image"])
