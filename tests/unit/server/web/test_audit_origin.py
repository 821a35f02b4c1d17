"""What a request leaves in the audit log: who, from where, and by which means."""

from __future__ import annotations

from nightdesk.server.domain.audit import AuditFilter, Entry

from ..workbench import ADA, ROOT
from .site import BASE, Site


def of(site: Site, **wanted: str) -> list[Entry]:
    return site.platform.records.entries(AuditFilter(**wanted))  # type: ignore[arg-type]


def test_a_submit_is_noted_with_the_address_that_the_proxy_added(site: Site) -> None:
    run = site.submit(ADA).json
    (entry,) = of(site, on=run["id"])
    assert (entry.by, entry.action, entry.whom) == ("ada", "run.submitted", "")
    assert (entry.address, entry.means) == ("127.0.0.1", "token")


def test_a_made_up_address_before_the_proxys_is_not_believed(site: Site) -> None:
    run = site.submit(ADA).json
    made_up = {"X-Forwarded-For": "10.1.1.1,192.0.2.9", "X-Real-Ip": "10.2.2.2"}
    assert site.post(f"/runs/{run['id']}/cancel", ROOT, headers=made_up).status == 200
    (entry,) = of(site, on=run["id"], action="run.cancelled")
    assert (entry.by, entry.whom, entry.address) == ("root", "ada", "192.0.2.9")


def test_an_admin_who_looks_at_anothers_run_is_noted_once_for_a_while(site: Site) -> None:
    run = site.finished(ADA)
    for _ in range(3):
        assert site.ask("GET", f"{BASE}/runs/{run.id}", ROOT, cookie=True).status == 200
        assert site.get(f"/runs/{run.id}/outputs/notebook.ipynb", ROOT).status == 200
        assert site.get(f"/runs/{run.id}", ADA).status == 200
    seen = [(entry.by, entry.action, entry.whom, entry.words) for entry in of(site, on=run.id)]
    assert sorted(seen) == [
        ("ada", "run.submitted", "", "analysis.ipynb in python-data:2026.11.1"),
        ("root", "output.downloaded", "ada", "notebook.ipynb"),
        ("root", "run.seen", "ada", "analysis.ipynb"),
    ]
    (page,) = of(site, on=run.id, action="run.seen")
    assert page.means == "page"
