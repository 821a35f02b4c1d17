"""A real browser: the system's own Chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from .pictures import Album

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
# Without a sandbox of its own, because continuous integration runs as root; and nothing but the tests'
# own traffic: no updates, no first-run pages.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]
WAIT_MILLISECONDS = 30_000
# A promise that all images are there, or that three seconds have passed.
IMAGES = """() => Promise.race([
  new Promise((late) => setTimeout(late, 3000)),
  Promise.all([...document.images].filter((each) => each.loading !== "lazy").map((each) => each.decode().catch(() => null))),
]).then(() => null)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the block ends. Fails the test where there is none."""
    executable = next((path for path in CHROMIUM if Path(path).exists()), None)
    if executable is None:
        pytest.fail("no Chromium on this machine; setup/browser.sh installs it")
    expect.set_options(timeout=WAIT_MILLISECONDS)  # its own five seconds are short for a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        browser.close()


class Desk:
    """One person's browser window, with a picture of each step and a list of what went wrong in the page."""

    def __init__(self, browser: Browser, address: str, pictures: Path, who: str) -> None:
        self._browser = browser
        self.address = address
        self.who = who
        self.troubles: list[str] = []
        self._album = Album(pictures)
        self._context: BrowserContext = browser.new_context(
            base_url=address, viewport={"width": 1280, "height": 860}, locale="en-GB", accept_downloads=True
        )
        self._context.set_default_timeout(WAIT_MILLISECONDS)
        self.page: Page = self._open()

    def _open(self) -> Page:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._own(request.url))
        return page

    def _own(self, url: str) -> None:
        """Everything that a page loads comes from the platform itself."""
        if url.startswith(("http:", "https:", "ws:", "wss:")) and not url.split(":", 1)[1].startswith(
            self.address.split(":", 1)[1] + "/"
        ):
            self.troubles.append(f"{self.page.url} asks {url}")

    def picture(self, name: str) -> None:
        """Keep what the window shows now, with its images."""
        with suppress(Error):  # the page goes on to another one
            self.page.evaluate(IMAGES)
        self._album.keep(name, self.page.screenshot(animations="disabled", caret="hide"))

    def sign_in(self, password: str, *, to: str = "/hub/home") -> None:
        """Through the sign-in page."""
        self.page.goto(f"/hub/login?next={to}")
        self.page.locator("#username_input").fill(self.who)
        self.page.locator("#password_input").fill(password)
        self.page.locator("#login_submit").click()

    @contextmanager
    def another(self, name: str, path: str, **kind: Any) -> Iterator[Page]:
        """A window of another kind, signed in alike: a phone, a dark one, one without scripts. Leaves a picture."""
        context = self._browser.new_context(
            base_url=self.address, storage_state=self._context.storage_state(), locale="en-GB", **kind
        )
        try:
            page = context.new_page()
            page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
            page.goto(path)
            yield page
            self._album.keep(name, page.screenshot(full_page=True, animations="disabled", caret="hide"))
        finally:
            context.close()

    def close(self) -> None:
        """Close the window and forget its cookies."""
        self._context.close()
