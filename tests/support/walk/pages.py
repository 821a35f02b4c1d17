"""The list of pages that the walk goes through. Who adds a page adds it here: `tests/unit/support/test_pages.py` asks.

In a path `{run}` and the like stand for what `filled.py` has made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from .words import WORDS

BASE = "/services/nightdesk"
MEMBER, ADMIN, NOBODY = "member", "admin", "nobody"
_TYPED = quote(WORDS, safe="")


@dataclass(frozen=True, slots=True)
class PageToSee:
    """A page, who looks at it, and its status where it is an error."""

    path: str
    who: str = MEMBER
    status: int = 200

    def of(self, made: Mapping[str, str]) -> PageToSee:
        """The page of what was made."""
        path = self.path
        for name, value in made.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return replace(self, path=path)


def _of(who: str, *paths: str) -> tuple[PageToSee, ...]:
    return tuple(PageToSee(path, who) for path in paths)


PLATFORM = (
    *_of(
        MEMBER,
        f"{BASE}/home",
        f"{BASE}/",
        f"{BASE}/?name={_TYPED}",
        f"{BASE}/?environment={_TYPED}&since={_TYPED}",
        f"{BASE}/runs/{{run}}",
        f"{BASE}/runs/{{failed}}",
        f"{BASE}/runs/{{waiting}}",
        f"{BASE}/runs/{{run}}/outputs/page.html",
        f"{BASE}/runs/{{run}}/outputs/table.csv",
        f"{BASE}/runs/{{run}}/outputs/facts.json",
        f"{BASE}/runs/{{run}}/outputs/notes.md",
        f"{BASE}/runs/{{run}}/outputs/drawing.svg",
        f"{BASE}/runs/{{run}}/outputs/notebook.html",
        f"{BASE}/runs/{{run}}/outputs/log.txt",
        f"{BASE}/runs/{{run}}/outputs/{_TYPED.replace('%2F', '_')}.txt",
        f"{BASE}/runs/{{run}}/again",
        f"{BASE}/compare?run={{run}}&run={{failed}}",
        f"{BASE}/pipelines",
        f"{BASE}/pipelines/{{pipeline}}",
        f"{BASE}/sweeps",
        f"{BASE}/sweeps/new",
        f"{BASE}/sweeps/new?run={{run}}",
        f"{BASE}/sweeps/{{sweep}}",
        f"{BASE}/metrics?name={{name}}",
        f"{BASE}/schedules",
        f"{BASE}/schedules/new",
        f"{BASE}/schedules/new?run={{run}}",
        f"{BASE}/schedules/{{schedule}}",
        f"{BASE}/schedules/{{schedule}}/edit",
        f"{BASE}/reports",
        f"{BASE}/reports/new?run={{run}}",
        f"{BASE}/reports/{{report}}",
        f"{BASE}/environments",
        f"{BASE}/environments/{{environment}}",
        f"{BASE}/environments/{{environment}}/{{version}}",
        f"{BASE}/environments/{{environment}}/{{version}}?package={_TYPED}",
        f"{BASE}/connections",
        f"{BASE}/usage",
        f"{BASE}/notifications",
    ),
    PageToSee(f"{BASE}/environments/compare?before={{environment}}:{{version}}&after={_TYPED}", MEMBER, 400),
    PageToSee(f"{BASE}/runs/{_TYPED}", MEMBER, 404),
    PageToSee(f"{BASE}/environments/{_TYPED}", MEMBER, 404),
    *_of(
        ADMIN,
        f"{BASE}/home",
        f"{BASE}/admin",
        f"{BASE}/?owner=all",
        f"{BASE}/runs/{{failed}}",
        f"{BASE}/schedules?owner=all",
        f"{BASE}/admin/people",
        f"{BASE}/admin/people?q={_TYPED}",
        f"{BASE}/groups",
        f"{BASE}/groups/{{group}}",
        f"{BASE}/policies/person/{{member}}",
        f"{BASE}/policies/group/{{group}}",
        f"{BASE}/admin/connections",
        f"{BASE}/admin/new-connection/postgresql",
        f"{BASE}/admin/connections/{{connection}}",
        f"{BASE}/usage/people",
        f"{BASE}/admin/sessions",
        f"{BASE}/admin/announcements",
        f"{BASE}/admin/audit",
        f"{BASE}/admin/audit?by={_TYPED}&since={_TYPED}",
        f"{BASE}/environments/{{environment}}/{{version}}",
        f"{BASE}/environments/cleaning",
        f"{BASE}/environments/builds",
        f"{BASE}/environments/builds/{{build}}",
        f"{BASE}/environments/build",
    ),
)
HUB = (
    *_of(NOBODY, "/hub/login", f"/hub/login?next={_TYPED}", "/hub/signup"),
    *_of(MEMBER, "/hub/home", "/hub/spawn", "/hub/token", "/hub/password"),
    PageToSee("/hub/nothing-here", MEMBER, 404),
    PageToSee(f"/hub/{_TYPED}", MEMBER, 404),
    *_of(ADMIN, "/hub/accounts", "/hub/people/{member}"),
)
