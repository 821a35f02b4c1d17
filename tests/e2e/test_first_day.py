"""A newcomer's first day, in a real browser: from asking for an account to reading a run's notebook."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from ..support.browser import Desk
from ..support.notebooks import notebook
from ..support.people import Person, leave
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.platform]
NEWCOMER = "mary"
START_MILLISECONDS = 90_000
ONE = notebook(
    "import os, pathlib\nprint('the sum is', 40 + 2)",
    "(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / 'answer.txt').write_text('42\\n')",
)


@pytest.fixture
def password(platform: Platform) -> Iterator[str]:
    """What the newcomer thinks up. On a platform that is kept her account and home are removed first."""
    leave(platform, NEWCOMER)
    docker("volume", "rm", "--force", f"{platform.project}-home-{NEWCOMER}")
    yield secrets.token_urlsafe(12)
    leave(platform, NEWCOMER)


def test_from_signing_up_to_reading_the_notebook_of_a_run(
    platform: Platform, admin: Person, grace: Person, desk: Callable[[str], Desk], password: str
) -> None:
    mary = desk(NEWCOMER)
    ask_for_an_account(mary, password)
    mary.sign_in(password)
    cannot_get_in(mary)
    approve(desk("admin"), admin.password)
    mary.sign_in(password)
    session_digest = start_a_session(mary, platform)
    terminal = open_a_terminal(mary)
    run = submit_in_the_terminal(mary, terminal)
    read_the_run(mary, run, session_digest)
    is_hidden_from(desk("grace"), grace, run)
    assert not mary.troubles


def ask_for_an_account(mary: Desk, password: str) -> None:
    page = mary.page
    page.goto("/")
    mary.picture("01-sign-in")
    page.get_by_role("link", name="Ask for an account").click()
    mary.picture("02-sign-up")
    page.get_by_label("User name").fill(NEWCOMER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password)
    page.get_by_role("button", name="Ask for the account").click()
    expect(page.get_by_role("status")).to_contain_text("waits for an admin's approval")
    mary.picture("03-asked-for")


def cannot_get_in(mary: Desk) -> None:
    expect(mary.page.locator(".login_error")).to_contain_text("approv")
    mary.picture("04-not-approved-yet")
    mary.page.goto("/hub/home")
    expect(mary.page).to_have_url(re.compile("/hub/login"))


def approve(admin: Desk, password: str) -> None:
    admin.sign_in(password, to="/hub/accounts")
    row = admin.page.locator(f'tr[data-account="{NEWCOMER}"]')
    expect(row).to_contain_text("waits for approval")
    admin.picture("05-accounts")
    row.get_by_role("button", name="Approve").click()
    expect(row).not_to_contain_text("waits for approval")
    admin.picture("06-approved")
    assert not admin.troubles


def start_a_session(mary: Desk, platform: Platform) -> str:
    """The digest of the image that her session runs in."""
    page = mary.page
    expect(page).to_have_url(re.compile("/hub/home"))
    mary.picture("07-home")
    page.get_by_role("button", name="Start a session").click()
    # Not the default, so that the run's image is the session's because it was asked for.
    page.locator('input[name="version"]').last.check()
    page.locator('input[name="size"][value="small"]').check()
    mary.picture("08-choose")
    page.get_by_role("button", name=re.compile("start", re.IGNORECASE)).click()
    mary.picture("09-starting")
    expect(page).to_have_url(re.compile(f"/user/{NEWCOMER}/lab"), timeout=START_MILLISECONDS)
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=START_MILLISECONDS)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=START_MILLISECONDS)
    mary.picture("10-lab")
    (container,) = platform.containers("session", f"label=org.nightdesk.user={NEWCOMER}")
    return str(platform.inspect(container)["Image"])


def open_a_terminal(mary: Desk) -> str:
    """Puts her notebook into her home and opens a terminal beside it; the selector of its text."""
    page = mary.page
    base = f"/user/{NEWCOMER}"
    write(page, f"{base}/api/contents/one.ipynb", {"type": "file", "format": "text", "content": ONE.decode()})
    # The terminal's text is drawn; for screen readers, and for us, there is a copy that can be read.
    setting = f"{base}/lab/api/settings/@jupyterlab/terminal-extension:plugin"
    write(page, setting, {"raw": '{"screenReaderMode": true}'})
    page.reload()
    page.locator(".jp-LauncherCard", has_text="Terminal").click(timeout=START_MILLISECONDS)
    expect(page.locator(".jp-Terminal .xterm-screen")).to_be_visible()
    text = ".jp-Terminal .xterm-accessibility"
    expect(page.locator(text)).to_contain_text("$", timeout=START_MILLISECONDS)
    page.locator(".jp-Terminal .xterm-screen").click()
    return text


def submit_in_the_terminal(mary: Desk, terminal: str) -> str:
    """The run's id."""
    page = mary.page
    page.keyboard.type("nightdesk submit one.ipynb --watch; echo ended with $?\n")
    text = page.locator(terminal)
    expect(text).to_contain_text(re.compile(r"ended with \d"), timeout=START_MILLISECONDS)
    mary.picture("11-terminal")
    words = "\n".join(text.locator("> div").all_inner_texts()) or text.inner_text()
    assert "ended with 0" in words, words
    assert "the sum is 42" in words, words
    found = re.search(r"/services/nightdesk/runs/([a-z0-9]{12})", words.replace("\n", ""))
    assert found, words
    return found[1]


def read_the_run(mary: Desk, run: str, session_digest: str) -> None:
    page = mary.page
    page.goto("/services/nightdesk/")
    row = page.locator("table.runs tbody tr").first
    expect(row).to_contain_text("one.ipynb")
    expect(row).to_contain_text("succeeded")
    mary.picture("12-runs")
    row.get_by_role("link", name="one.ipynb").click()
    expect(page).to_have_url(re.compile(f"/services/nightdesk/runs/{run}$"))
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
    expect(page.locator("#log")).to_contain_text("the sum is 42")
    expect(page.locator("code.digest")).to_have_text(session_digest)
    for name in ("answer.txt", "notebook.ipynb", "log.txt", "manifest.json"):
        expect(page.locator(".outputs")).to_contain_text(name)
    mary.picture("13-run")
    page.get_by_role("link", name="Read the notebook as a page").click()
    shown = page.frame_locator("iframe").locator("body")
    expect(shown).to_contain_text("the sum is 42", timeout=60_000)
    mary.picture("14-notebook")


def is_hidden_from(window: Desk, person: Person, run: str) -> None:
    window.sign_in(person.password, to=f"/services/nightdesk/runs/{run}")
    expect(window.page.locator("h1")).to_contain_text(re.compile("no run", re.IGNORECASE))
    window.picture("15-hidden")
    page = window.page.goto(f"/services/nightdesk/runs/{run}")
    assert page is not None
    assert page.status == 404
    for path in (
        f"/runs/{run}",
        f"/runs/{run}/log",
        f"/runs/{run}/outputs",
        f"/runs/{run}/outputs/answer.txt",
    ):
        assert person.runs.call("GET", path).status_code == 404, path
    assert person.runs.call("POST", f"/runs/{run}/cancel").status_code == 404
    assert run not in [each["id"] for each in person.runs.ask("GET", "/runs?owner=all")["runs"]]
    assert not window.troubles


def write(page: Page, path: str, body: dict[str, str]) -> None:
    """PUT to her own server as its pages do."""
    status = page.evaluate(
        """async ([path, body]) => {
            const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
            const headers = {"Content-Type": "application/json", "X-XSRFToken": xsrf ? xsrf[1] : ""};
            return (await fetch(path, {method: "PUT", headers, body: JSON.stringify(body)})).status;
        }""",
        [path, body],
    )
    until(lambda: status in {200, 201, 204}, f"PUT {path} taken (it said {status})", 0)
