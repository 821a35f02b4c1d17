"""What somebody sees in a browser: how soon a print is on the page, and how soon the list of runs is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.browser import Desk, chromium
from tests.support.people import Person
from tests.support.platform import Platform, docker

from .crowd import people
from .figures import spread
from .scale import fill

GOING_ON = 10
PRINTS = 90
PRINT_SECONDS = 0.7
PATIENCE_SECONDS = 240
FEW, MANY = 100, 100_000
PAINTS = 25
# Each says when it was printed; this machine has one clock for run and browser.
CODE = f"""
import time
for number in range({PRINTS}):
    print(f"printed {{time.time():.4f}}", flush=True)
    time.sleep({PRINT_SECONDS})
"""
# What was printed before anybody looked comes all at once and does not count.
WATCH = """() => {
  window.seen = [];
  const began = Date.now() / 1000;
  new MutationObserver((changes) => {
    const now = (performance.timeOrigin + performance.now()) / 1000;
    for (const change of changes)
      for (const node of change.addedNodes)
        for (const [, printed] of node.textContent.matchAll(/printed ([0-9.]+)/g))
          if (printed > began) window.seen.push(now - printed);
  }).observe(document.querySelector("#log"), { childList: true, subtree: true });
}"""
PAINTED = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) resolve(entry.startTime / 1000);
  }).observe({ type: "paint", buffered: true });
})"""


def live(platform: Platform, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds from a print in a cell until it is on the page of its run, while ten such runs go on.

    The platform needs as many slots.
    """
    admin = Person(platform, "admin", "", platform.admin_token)
    say(f"{GOING_ON} runs that print each {PRINT_SECONDS} s")
    runs = [str(admin.runs.submit(CODE.encode(), f"prints-{number}.py")["id"]) for number in range(GOING_ON)]
    with _desk(platform, folder) as page:
        _until(lambda: all(admin.runs.show(run)["status"] == "running" for run in runs), "all of them go on")
        page.goto(f"/services/nightdesk/runs/{runs[0]}")
        page.evaluate(WATCH)
        say("watching one of them in a browser")
        seen: list[float] = []
        deadline = time.monotonic() + PRINTS * PRINT_SECONDS
        # The page is loaded again when the run is over: what was seen until then is fetched before.
        while (found := page.evaluate("() => window.seen")) is not None and time.monotonic() < deadline:
            seen = found
            page.wait_for_timeout(2000)
    for run in runs:
        admin.runs.end(run, PATIENCE_SECONDS)
    return {"runs": GOING_ON, **spread(seen)}


def first_paint(platform: Platform, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds until a browser shows something of everybody's list of runs, with a hundred and with a hundred thousand."""
    worker = platform.service("worker")
    found = {}
    with people(platform, "paint") as tokens:
        docker("stop", worker)
        try:
            for total in (FEW, MANY):
                say(f"filling the database up to {total} finished runs")
                fill(platform, total, list(tokens))
                say(f"opening the list {PAINTS} times")
                with _desk(platform, folder) as page:
                    found[total] = spread([_paint(page) for _ in range(PAINTS + 3)][3:])
        finally:
            docker("start", worker)
    return {
        "few": {"runs": FEW, **found[FEW]},
        "many": {"runs": MANY, **found[MANY]},
        "ratio": found[MANY]["median"] / found[FEW]["median"],
    }


def _paint(page: Page) -> float:
    page.goto("/services/nightdesk/?owner=all")
    assert page.locator("#list tbody tr").count() >= 50, "a page that is not full"
    return float(page.evaluate(PAINTED))


@contextmanager
def _desk(platform: Platform, folder: Path) -> Iterator[Page]:
    with chromium() as browser:
        desk = Desk(browser, platform.address, folder / "pictures", "admin")
        try:
            desk.sign_in(platform.settings["NIGHTDESK_ADMIN_PASSWORD"], to="/hub/home")
            desk.page.wait_for_url("**/hub/home")
            yield desk.page
            assert not desk.troubles, desk.troubles
        finally:
            desk.close()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(1)
