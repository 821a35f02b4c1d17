"""One visit to a page: in light, in the dark and as narrow as a phone, by keyboard, with ears for what runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Response

from ..browser import WAIT_MILLISECONDS
from .pages import BASE, PageToSee

DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
GRAVE = ("serious", "critical")
# Outputs are shown in frames of no origin that run nothing, axe neither; they are somebody's own pages.
OPTIONS = {"resultTypes": ["violations"], "iframes": False, "preload": False}
COLOURS = OPTIONS | {"runOnly": ["color-contrast", "link-in-text-block"]}
# What the frame of an output refuses to run is as it should be; a page of ours has nothing to refuse.
_OUTPUTS = f"{BASE}/api/v1/"
_REFUSED = ("Content Security Policy", "sandboxed")

# A form that takes the focus by itself has its own way in; the way past the header is there all the same.
FIRST_STOP = """() => document.querySelector("[autofocus]")
  ? document.querySelector("a[href^='#']")?.textContent.trim() : document.activeElement.textContent.trim()"""
# Everything that Tab reaches gets the focus, and has to look different for it.
UNSEEN = """() => {
  const found = [];
  const drawn = (part) => part ? ["stroke", "strokeWidth", "fill"].map((name) => getComputedStyle(part)[name]).join() : "";
  for (const each of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
    if (each.disabled || each.type === "hidden" || !each.checkVisibility({ visibilityProperty: true })) continue;
    document.activeElement?.blur();
    const part = each.querySelector("rect, path, circle");
    const before = drawn(part);
    each.focus({ preventScroll: true });
    if (document.activeElement !== each) continue;
    const looks = [getComputedStyle(each), getComputedStyle(each.closest("label") || each)];
    const seen = drawn(part) !== before || looks.some((look) => look.boxShadow !== "none"
      || (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0));
    if (!seen) found.push(each.outerHTML.slice(0, 160));
  }
  return found;
}"""


@dataclass
class Seen:
    """What was found on one page."""

    page: PageToSee
    status: int = 0
    axe: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    wide: bool = False
    unseen: list[str] = field(default_factory=list)
    first_stop: str = ""
    landmarks: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Whose page, and which."""
        return f"{self.page.who} {self.page.path[:100]}"


class Walker:
    """Somebody who goes from page to page in one window."""

    def __init__(self, browser: Browser, address: str, cookies: Any = None) -> None:
        self._context: BrowserContext = browser.new_context(
            base_url=address, viewport=DESKTOP, locale="en-GB", storage_state=cookies, reduced_motion="reduce"
        )
        self._context.set_default_timeout(WAIT_MILLISECONDS)
        self.page: Page = self._context.new_page()
        self._seen: Seen | None = None
        self.page.on("dialog", self._dialog)
        self.page.on("pageerror", lambda error: self._note(f"error: {error}"))
        self.page.on("console", self._console)
        self.page.on("framenavigated", self._navigated)

    def close(self) -> None:
        """Close the window."""
        self._context.close()

    def look(self, page: PageToSee) -> Seen:
        """Go there and look at everything."""
        self._seen = seen = Seen(page)
        browser = self.page
        browser.set_viewport_size(DESKTOP)
        browser.emulate_media(color_scheme="light")
        response: Response | None = browser.goto(page.path)
        seen.status = response.status if response else 0
        browser.wait_for_load_state("networkidle" if "/outputs/" in page.path else "load")
        seen.landmarks = browser.evaluate(
            "['main', 'header', 'nav', 'h1'].map((each) => document.querySelectorAll(each).length)"
        )
        browser.keyboard.press("Tab")
        seen.first_stop = browser.evaluate(FIRST_STOP)
        seen.unseen = browser.evaluate(UNSEEN)
        browser.evaluate(AXE_SCRIPT)
        seen.axe += self._axe("light", OPTIONS)
        browser.emulate_media(color_scheme="dark")
        seen.axe += self._axe("dark", COLOURS)
        browser.set_viewport_size(PHONE)
        seen.wide = browser.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        seen.axe += self._axe("phone", OPTIONS)
        return seen

    def _axe(self, how: str, options: dict[str, Any]) -> list[str]:
        result = self.page.evaluate("(options) => axe.run(document, options)", options)
        return [
            f"{how}: {each['id']} ({each['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for each in result["violations"]
            if each["impact"] in GRAVE
            for node in each["nodes"][:5]
        ]

    def _note(self, words: str) -> None:
        if self._seen is not None:
            self._seen.troubles.append(words[:400])

    def _dialog(self, dialog: Dialog) -> None:
        if self._seen is not None:
            self._seen.ran.append(f"{dialog.type} {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        of_output = _OUTPUTS in url or url == "about:srcdoc"  # a frame within an output
        of_output = of_output and any(words in message.text for words in _REFUSED)
        itself = self._seen is not None and self._seen.page.status >= 400 and url == self.page.url
        if message.type == "error" and not of_output and not itself:
            self._note(f"console: {message.text} ({url})")

    def _navigated(self, frame: Any) -> None:
        if "logout" in frame.url or "elsewhere.example" in frame.url:
            self._note(f"a frame was led to {frame.url}")
