"""Where a run comes from, over REST and on its page: the checkout without a login, and other runs' outputs."""

from __future__ import annotations

from nightdesk.server.domain.run import Run

from ..workbench import ADA
from .site import BASE, Site

COMMIT = "1a2b3c4d5e6f" + "0" * 28


def test_the_page_says_where_a_run_comes_from(site: Site) -> None:
    first: Run = site.finished(ADA)
    said = {"commit": COMMIT, "branch": "main", "dirty": True}
    git = {**said, "remote": "https://ada:canary@git.example.org/team/x.git"}
    wanted = [{"name": "gifts.csv", "run": first.id, "output": "table-1.csv"}]
    run = site.submit(ADA, git=git, inputs=wanted).json
    assert run["git"] == {**said, "remote": "https://git.example.org/team/x.git"}
    (taken,) = run["inputs"]
    assert {key: taken[key] for key in ("name", "run", "attempt", "output")} == {**wanted[0], "attempt": 1}
    page = site.ask("GET", f"{BASE}/runs/{run['id']}", ADA, cookie=True).text
    assert f"<code>{COMMIT[:12]}</code> on main, with changes; https://git.example.org/team/x.git" in page
    assert f'<code>gifts.csv</code> from <a href="{BASE}/runs/{first.id}">{first.id}</a>/table-1.csv' in page
    assert "canary" not in page
