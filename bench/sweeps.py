"""A sweep of two hundred runs: how long until it is made, and until a browser shows its page with the whole table.

On a database file of its own with the platform's own web application, without a platform: its runs are over or go on as if
they had run, each with five metrics. Half of them are over while it is looked at first, and all of them later.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightdesk.server.adapters.database import Database
from nightdesk.server.domain.metric import Point
from nightdesk.server.domain.run import Status
from playwright.sync_api import Page

from tests.support.browser import WAIT_MILLISECONDS, chromium
from tests.support.notebooks import code, notebook
from tests.unit.server.web.site import BASE, TOKENS, Site, multipart, session_cookie
from tests.unit.server.workbench import ADA, Bench

from .figures import spread

RUNS, METRICS, LOOKS = 200, 5, 25
SOURCE = notebook(code("lr = 0.1\ndepth = 2\nseed = 1", "parameters"), "print(lr)")
GRID = {"lr": [0.1, 0.03, 0.01, 0.003], "depth": [2, 3, 4, 6, 8], "seed": list(range(10))}
# Navigation until the table has all rows and the chart all dots.
SHOWN = """(rows) => document.querySelectorAll("#members tbody tr").length === rows
  && document.querySelectorAll("#chart circle").length > 0"""


def sweep_of_two_hundred(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures."""
    path = folder / "sweeps.db"
    Database(f"sqlite:///{path}").migrate()
    bench = Bench(path, {})
    site = Site(bench)
    try:
        say(f"making sweeps of {RUNS} runs")
        made, taken = [], []
        for _ in range(5):
            began = time.perf_counter()
            made.append(_make(site))
            taken.append(time.perf_counter() - began)
        sweep = made[-1]
        _end(bench, sweep, RUNS // 2)
        found: dict[str, Any] = {"runs": RUNS, "metrics": METRICS, "made": spread(taken)}
        say("asking for its page while half of it is over")
        found["page"] = spread(_asked(site, f"{BASE}/sweeps/{sweep}?sort=-m:metric-0"))
        with chromium() as browser:
            context = browser.new_context(viewport={"width": 1280, "height": 860})
            cookie = {"name": "nightdesk-session", "value": session_cookie(TOKENS[ADA.name])}
            context.add_cookies([{**cookie, "url": f"http://127.0.0.1:{site.port}"}])
            page = context.new_page()
            found["browser"] = spread([_looked(page, site, sweep) for _ in range(LOOKS)])
            _end(bench, sweep, RUNS)
            found["browser_when_over"] = spread([_looked(page, site, sweep) for _ in range(LOOKS)])
        return found
    finally:
        site.stop()
        bench.close()


def _make(site: Site) -> str:
    request = {"file": "train.ipynb", "grid": GRID, "at_most": 4, "metric": "metric-0"}
    body, kind = multipart(request=json.dumps(request).encode(), source=SOURCE)
    answer = site.post("/sweeps", ADA, body=body, headers={"Content-Type": kind})
    assert answer.status == 201, answer
    return str(answer.json["id"])


def _end(bench: Bench, sweep: str, count: int) -> None:
    """So many of its runs are over, each with its metrics."""
    for number, run in enumerate(bench.records.runs_of_sweep(sweep)[:count]):
        if run.final:
            continue
        taken = bench.records.claim(run.id, "bench")
        assert taken is not None
        going = bench.records.change(taken, status=Status.RUNNING)
        points = [Point(place + 1, f"metric-{place}", (number * 37 % 101) / 101) for place in range(METRICS)]
        bench.records.add_metrics(going, points)
        bench.records.change(going, status=Status.SUCCEEDED)


def _asked(site: Site, path: str) -> list[float]:
    taken = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        assert site.ask("GET", path, ADA, cookie=True).status == 200
        taken.append(time.perf_counter() - began)
    return taken


def _looked(page: Page, site: Site, sweep: str) -> float:
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{site.port}{BASE}/sweeps/{sweep}", wait_until="commit")
    page.wait_for_function(SHOWN, arg=RUNS, timeout=WAIT_MILLISECONDS)
    return time.perf_counter() - began
