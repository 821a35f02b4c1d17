"""Every route with everybody: the routes come from the application itself, the answers from one table."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from nightdesk.server.domain.announcement import Announcement
from nightdesk.server.domain.build import Build, BuildKind, new_build_id
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.notification import Wishes
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import Report
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.roster import Member
from nightdesk.server.services.connections import Draft
from starlette.routing import Mount, Route

from ..workbench import ADA, BOB, ROOT
from .site import API, BASE, NOTEBOOK, SERVICE_TOKEN, Answer, Site, multipart

# Who is in a group with the owner of the run that is asked for has a column of their own.
PEOPLE: dict[str, Person | str | None] = {
    "anonymous": None,
    "owner": ADA,
    "other": BOB,
    "admin": ROOT,
    "group member": "token-cleo",
}
TEAM = ("team",)
# What anonymous, owner, somebody else, an admin, and who shares a group with the owner are answered. Without
# the last one these are answered as anybody else is.
Codes = tuple[int, int, int, int] | tuple[int, int, int, int, int]

ANYBODY: Codes = (200, 200, 200, 200)
SIGNED_IN: Codes = (401, 200, 200, 200)
OWN_RUN: Codes = (401, 200, 404, 200)
ADMINS: Codes = (401, 403, 403, 200)

EXPECTED: dict[tuple[str, str], Codes] = {
    ("GET", f"{API}/openapi.json"): ANYBODY,
    ("HEAD", f"{API}/openapi.json"): ANYBODY,
    ("GET", f"{API}/health"): ANYBODY,
    ("GET", f"{API}/user"): SIGNED_IN,
    ("GET", f"{API}/environments"): SIGNED_IN,
    ("GET", f"{API}/environments/compare"): SIGNED_IN,
    ("GET", f"{API}/environments/cleaning"): ADMINS,
    ("POST", f"{API}/environments/cleaning"): ADMINS,
    ("GET", f"{API}/environments/{{name}}/events"): SIGNED_IN,
    ("POST", f"{API}/environments/{{name}}/groups"): ADMINS,
    ("POST", f"{API}/environments/{{name}}/channels/{{channel}}"): ADMINS,
    ("POST", f"{API}/environments/{{name}}/channels/{{channel}}/rollback"): (
        401,
        403,
        403,
        409,
    ),  # no earlier one
    ("GET", f"{API}/environments/{{name}}/{{version}}"): SIGNED_IN,
    ("GET", f"{API}/environments/{{name}}/{{version}}/lock"): SIGNED_IN,
    ("POST", f"{API}/environments/{{name}}/{{version}}/deprecate"): (401, 403, 403, 409),  # it is stable
    ("POST", f"{API}/environments/{{name}}/{{version}}/offer"): ADMINS,
    ("POST", f"{API}/environments/{{name}}/{{version}}/remove"): (401, 403, 403, 409),
    ("POST", f"{API}/builds"): (401, 403, 403, 201),
    ("GET", f"{API}/builds"): ADMINS,
    ("GET", f"{API}/builds/{{build_id}}"): ADMINS,
    ("GET", f"{API}/builds/{{build_id}}/log"): ADMINS,
    ("GET", f"{API}/builds/{{build_id}}/events"): ADMINS,
    ("POST", f"{API}/builds/{{build_id}}/cancel"): ADMINS,
    ("GET", f"{API}/groups"): ADMINS,
    ("POST", f"{API}/groups"): (401, 403, 403, 201),
    ("GET", f"{API}/groups/{{name:path}}"): ADMINS,
    ("DELETE", f"{API}/groups/{{name:path}}"): ADMINS,
    ("POST", f"{API}/groups/{{name:path}}/members"): ADMINS,
    ("DELETE", f"{API}/groups/{{name:path}}/members"): ADMINS,
    ("GET", f"{API}/policies"): ADMINS,
    ("GET", f"{API}/policies/{{kind}}/{{name:path}}"): ADMINS,
    ("PATCH", f"{API}/policies/{{kind}}/{{name:path}}"): ADMINS,
    ("POST", f"{API}/people/changed"): (401, 401, 401, 401),  # the hub alone
    ("GET", f"{API}/notifications"): SIGNED_IN,
    ("PATCH", f"{API}/notifications"): SIGNED_IN,
    ("POST", f"{API}/notifications/confirm"): SIGNED_IN,
    ("POST", f"{API}/notifications/test"): SIGNED_IN,
    ("GET", f"{API}/connections"): SIGNED_IN,
    ("POST", f"{API}/connections"): (401, 403, 403, 201),
    ("POST", f"{API}/connections/reseal"): ADMINS,
    ("GET", f"{API}/connections/{{name}}"): (401, 200, 404, 200, 200),  # granted to the owner's group
    ("PATCH", f"{API}/connections/{{name}}"): ADMINS,
    ("DELETE", f"{API}/connections/{{name}}"): ADMINS,
    ("POST", f"{API}/connections/{{name}}/grants"): ADMINS,
    ("DELETE", f"{API}/connections/{{name}}/grants"): ADMINS,
    ("POST", f"{API}/connections/{{name}}/rotate"): ADMINS,
    ("GET", f"{API}/connections/{{name}}/uses"): ADMINS,
    ("POST", f"{API}/connections/{{name}}/test"): (401, 403, 403, 503),  # no worker is there
    ("POST", f"{API}/connections/{{name}}/use"): (401, 200, 404, 200, 200),
    ("GET", f"{API}/usage"): SIGNED_IN,
    ("GET", f"{API}/usage.csv"): SIGNED_IN,
    ("GET", f"{API}/usage/people"): ADMINS,
    ("GET", f"{API}/usage/people.csv"): ADMINS,
    ("GET", f"{API}/sizes"): SIGNED_IN,
    ("GET", f"{API}/offers"): (401, 401, 401, 401),  # the hub alone
    ("PUT", f"{API}/leaving/{{name}}"): (401, 401, 401, 401),  # the hub alone
    ("GET", f"{API}/owners/{{name}}"): ADMINS,
    ("GET", f"{API}/doctor"): (401, 403, 403, 200),
    ("GET", f"{API}/audit"): ADMINS,
    ("GET", f"{API}/audit/export"): ADMINS,
    ("GET", f"{API}/audit/verify"): ADMINS,
    ("POST", f"{API}/audit/arrived"): (401, 401, 401, 401),  # the hub alone
    ("GET", f"{API}/sessions"): ADMINS,
    ("GET", f"{API}/announcements"): SIGNED_IN,
    ("GET", f"{API}/announcements/all"): (401, 401, 401, 401),  # the hub alone
    ("POST", f"{API}/announcements"): (401, 403, 403, 201),
    ("DELETE", f"{API}/announcements"): ADMINS,
    ("DELETE", f"{API}/announcements/{{number}}"): ADMINS,
    ("POST", f"{API}/schedules"): (401, 201, 201, 201),
    ("POST", f"{API}/schedules/preview"): SIGNED_IN,
    ("GET", f"{API}/schedules"): SIGNED_IN,
    ("GET", f"{API}/schedules/{{schedule_id}}"): OWN_RUN,
    ("PATCH", f"{API}/schedules/{{schedule_id}}"): OWN_RUN,
    ("PUT", f"{API}/schedules/{{schedule_id}}/source"): OWN_RUN,
    ("DELETE", f"{API}/schedules/{{schedule_id}}"): OWN_RUN,
    ("POST", f"{API}/schedules/{{schedule_id}}/pause"): OWN_RUN,
    ("POST", f"{API}/schedules/{{schedule_id}}/resume"): OWN_RUN,
    ("POST", f"{API}/schedules/{{schedule_id}}/run"): (401, 201, 404, 201),
    ("GET", f"{API}/schedules/{{schedule_id}}/ticks"): OWN_RUN,
    ("POST", f"{API}/runs"): (401, 201, 201, 201),
    ("GET", f"{API}/runs"): SIGNED_IN,
    ("POST", f"{API}/notebooks/inspect"): SIGNED_IN,
    ("GET", f"{API}/runs/{{run_id}}"): OWN_RUN,
    ("POST", f"{API}/runs/{{run_id}}/cancel"): OWN_RUN,
    ("POST", f"{API}/runs/{{run_id}}/retry"): (401, 201, 404, 201),
    ("PUT", f"{API}/runs/{{run_id}}/keep"): OWN_RUN,
    ("DELETE", f"{API}/runs/{{run_id}}/keep"): OWN_RUN,
    ("GET", f"{API}/retention"): ADMINS,
    ("GET", f"{API}/runs/{{run_id}}/log"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/events"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/usage"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/metrics"): OWN_RUN,
    ("GET", f"{API}/metrics"): SIGNED_IN,
    ("GET", f"{API}/runs/{{run_id}}/history"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/failure"): (401, 409, 404, 409),  # it succeeded
    ("GET", f"{API}/runs/{{run_id}}/outputs"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/outputs.zip"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/outputs/{{name:output}}"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/preview/{{name:output}}"): OWN_RUN,
    ("GET", f"{API}/runs/{{run_id}}/view/{{name:output}}"): (
        401,
        404,
        404,
        404,
    ),  # of a table no page is made
    ("GET", f"{BASE}/runs/{{run_id}}/outputs/{{name:output}}"): (303, 200, 404, 200),
    ("GET", f"{API}/reports"): SIGNED_IN,
    ("POST", f"{API}/reports"): (401, 201, 201, 201),  # of one's own runs
    ("GET", f"{API}/reports/{{name}}"): OWN_RUN,
    ("PATCH", f"{API}/reports/{{name}}"): OWN_RUN,
    ("DELETE", f"{API}/reports/{{name}}"): OWN_RUN,
    ("GET", f"{API}/reports/{{name}}/content"): OWN_RUN,
    # pages: who is not signed in is sent to sign in
    ("GET", BASE): (308, 308, 308, 308),
    ("GET", f"{BASE}/"): (303, 200, 200, 200),
    ("GET", f"{BASE}/runs/{{run_id}}"): (303, 200, 404, 200),
    ("POST", f"{BASE}/runs/{{run_id}}/cancel"): (403, 303, 404, 303),
    ("POST", f"{BASE}/runs/{{run_id}}/keep"): (403, 303, 404, 303),
    ("POST", f"{BASE}/runs/{{run_id}}/retry"): (403, 303, 404, 303),
    ("GET", f"{BASE}/schedules"): (303, 200, 200, 200),
    ("POST", f"{BASE}/schedules/alerts/seen"): (403, 303, 303, 303),
    ("GET", f"{BASE}/schedules/new"): (303, 200, 200, 200),
    ("POST", f"{BASE}/schedules/new"): (
        401,
        200,
        200,
        200,
    ),  # a look ahead; nobody's form of that size is not read
    ("POST", f"{BASE}/schedules/edit"): (401, 303, 404, 303),
    ("GET", f"{BASE}/schedules/{{schedule_id}}"): (303, 200, 404, 200),
    ("GET", f"{BASE}/schedules/{{schedule_id}}/edit"): (303, 200, 404, 200),
    ("POST", f"{BASE}/schedules/{{schedule_id}}/{{change}}"): (403, 303, 404, 303),
    ("GET", f"{BASE}/environments"): (303, 200, 200, 200),
    ("GET", f"{BASE}/environments/compare"): (303, 200, 200, 200),
    ("GET", f"{BASE}/environments/cleaning"): (303, 403, 403, 200),
    ("POST", f"{BASE}/environments/cleaning"): (403, 403, 403, 303),
    ("GET", f"{BASE}/environments/builds"): (303, 403, 403, 200),
    ("GET", f"{BASE}/environments/builds/{{build_id}}"): (303, 403, 403, 200),
    ("POST", f"{BASE}/environments/builds/{{build_id}}/cancel"): (403, 403, 403, 303),
    ("GET", f"{BASE}/environments/build"): (303, 403, 403, 200),
    ("POST", f"{BASE}/environments/build"): (401, 403, 403, 303),  # nobody's form of that size is not read
    ("GET", f"{BASE}/environments/{{name}}"): (303, 303, 303, 303),  # to its version
    ("GET", f"{BASE}/environments/{{name}}/{{version}}"): (303, 200, 200, 200),
    ("POST", f"{BASE}/environments/{{name}}/{{version}}/{{change}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/notifications"): (303, 200, 200, 200),
    ("POST", f"{BASE}/notifications"): (403, 303, 303, 303),
    ("POST", f"{BASE}/notifications/confirm"): (403, 303, 303, 303),
    ("POST", f"{BASE}/notifications/test"): (403, 303, 303, 303),
    ("GET", f"{BASE}/usage"): (303, 200, 200, 200),
    ("GET", f"{BASE}/usage/people"): (303, 403, 403, 200),
    ("GET", f"{BASE}/reports"): (303, 200, 200, 200),
    ("POST", f"{BASE}/reports"): (403, 303, 404, 303),
    ("GET", f"{BASE}/reports/new"): (303, 200, 404, 200),
    ("GET", f"{BASE}/reports/{{name}}"): (303, 200, 404, 200),
    ("POST", f"{BASE}/reports/{{name}}/save"): (403, 303, 404, 303),
    ("POST", f"{BASE}/reports/{{name}}/remove"): (403, 303, 404, 303),
    ("GET", f"{BASE}/metrics"): (303, 200, 200, 200),
    ("GET", f"{BASE}/groups"): (303, 403, 403, 200),
    ("POST", f"{BASE}/groups"): (403, 403, 403, 303),
    ("GET", f"{BASE}/groups/{{name:path}}"): (303, 403, 403, 200),
    ("POST", f"{BASE}/groups/{{name:path}}/{{change}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/connections"): (303, 200, 200, 200),
    ("GET", f"{BASE}/admin/connections"): (303, 403, 403, 200),
    ("GET", f"{BASE}/admin/new-connection/{{kind}}"): (303, 403, 403, 200),
    ("POST", f"{BASE}/admin/new-connection/{{kind}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/admin/connections/{{name}}"): (303, 403, 403, 200),
    ("POST", f"{BASE}/admin/connections/{{name}}/{{change}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/policies/{{kind}}/{{name:path}}"): (303, 403, 403, 200),
    ("POST", f"{BASE}/policies/{{kind}}/{{name:path}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/admin"): (303, 303, 303, 303),
    ("GET", f"{BASE}/admin/people"): (303, 403, 403, 200),
    ("POST", f"{BASE}/admin/people/{{name}}/{{change}}"): (403, 403, 403, 303),
    ("GET", f"{BASE}/admin/sessions"): (303, 403, 403, 200),
    ("POST", f"{BASE}/admin/sessions/stop"): (403, 403, 403, 303),
    ("POST", f"{BASE}/admin/sessions/stop-idle"): (403, 403, 403, 303),
    ("GET", f"{BASE}/admin/announcements"): (303, 403, 403, 200),
    ("POST", f"{BASE}/admin/announcements"): (403, 403, 403, 303),
    ("POST", f"{BASE}/admin/announcements/{{number}}/clear"): (403, 403, 403, 303),
    ("GET", f"{BASE}/admin/audit"): (303, 403, 403, 200),
    ("GET", f"{BASE}/admin/audit/export"): (303, 403, 403, 200),
    ("GET", f"{BASE}/login"): (303, 303, 303, 303),
    ("GET", f"{BASE}/oauth_callback"): (400, 400, 400, 400),  # nothing was started
    ("GET", f"{BASE}/logout"): (303, 303, 303, 303),
}


def routes(site: Site) -> set[tuple[str, str]]:
    """Method and path of everything that the application answers to."""
    found: set[tuple[str, str]] = set()
    for context in iter_route_contexts(site.app.routes):
        route = context.original_route
        if isinstance(route, Mount):
            assert route.path == f"{BASE}/static", f"{route.path} is mounted: say here who may see it"
        else:
            assert isinstance(route, Route | APIRoute), f"{route!r} is of a kind that this test does not know"
            found |= {(method, str(context.path)) for method in route.methods or ()}
    return found


@pytest.mark.security(1)
def test_every_route_stands_in_the_table(site: Site) -> None:
    there, ruled = routes(site), set(EXPECTED)
    without = "".join(
        f'\n    ("{method}", "{path}"): (401, 200, 404, 200),' for method, path in sorted(there - ruled)
    )
    assert not without, (
        f"Nobody has said who may do this:{without}\nAdd each to EXPECTED in {__file__}, with what anonymous, the "
        "owner of the run that it is about, another person and an admin are answered, and as a fifth what a member of "
        "the owner's group is where that differs from another person. Where the path holds a name of something other "
        "than a run, an environment or a build, `asked` below has to put one there. Pages: 303 for anonymous."
    )
    gone = ruled - there
    assert not gone, f"There are no such routes any more; take them out of EXPECTED: {sorted(gone)}"


@pytest.fixture
def a_group(site: Site) -> Iterator[None]:
    """ada and cleo are in it, bob is not; root is an admin and in none."""
    site.people.tokens["token-ada"] = Person("ada", groups=TEAM)
    site.people.tokens["token-cleo"] = Person("cleo", groups=TEAM)
    yield
    site.people.tokens["token-ada"] = ADA
    del site.people.tokens["token-cleo"]


@pytest.mark.parametrize(
    ("method", "path"), list(EXPECTED), ids=[f"{method} {path}" for method, path in EXPECTED]
)
@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.usefixtures("a_group")
@pytest.mark.security(1)
def test_who_is_answered_what(site: Site, who: str, method: str, path: str) -> None:
    codes = EXPECTED[method, path]
    expected = dict(zip(PEOPLE, codes, strict=False)).get(who, codes[2])
    answer = asked(site, PEOPLE[who], method, path)
    assert answer.status == expected
    if expected >= 400:
        assert set(answer.json) == {"error"}
        assert set(answer.json["error"]) == {"code", "message", "hint"}
        assert answer.json["error"]["message"]
    if expected == 303 and who == "anonymous" and path not in {f"{BASE}/login", f"{BASE}/logout"}:
        assert answer.headers["location"].startswith(f"{BASE}/login?next={BASE}")


def asked(site: Site, person: Person | str | None, method: str, path: str) -> Answer:
    """Ask for a route about a run of ada's: the API with a token, pages with the cookie."""
    api = path.startswith(API)
    how: dict[str, Any] = {} if api else {"cookie": True}
    form: dict[str, str] = {}
    if "{run_id}" in path:
        run = site.bench.submit(person=ADA) if path.endswith("cancel") else site.finished(ADA)
        path = path.replace("{run_id}", run.id).replace("{name:output}", "table-1.csv")
    if "/reports" in path:
        path, more, form = about_reports(site, method, path)
        how |= more
    if path == f"{API}/metrics":
        path += "?name=analysis"
    if path.endswith("/offers"):
        path += "?user=ada"
    if path.startswith((f"{API}/environments", f"{API}/builds")):
        path, how = about_environments(site, method, path)
    if path.startswith(f"{BASE}/environments"):
        path = path.replace("{name}", "python-data").replace("{version}", "2026.11.1")
        path = path.replace("{change}", "groups").replace("{build_id}", a_build(site))
        if path.endswith("/build"):
            form = {"kind": "image", "environment": "page", "source": "registry.example.org/x:1"}
    if path.startswith(f"{API}/connections"):
        path, how = about_connections(site, method, path)
    if path.startswith((f"{API}/leaving", f"{API}/owners")):
        path = path.replace("{name}", "ada")
    if path.startswith((f"{API}/groups", f"{BASE}/groups", f"{API}/policies", f"{BASE}/policies")):
        path, more = about_groups(site, method, path)
        how |= more
        form = {"name": f"made-{uuid.uuid4().hex[:6]}"}
    if "connection" in path and not api:
        path = about_connections(site, method, path)[0]
        path = path.replace("{kind}", "http").replace("{change}", "grant")
        form = {"name": f"page-{uuid.uuid4().hex[:6]}", "setting.url": "https://x", "secret.token": "abcdef"}
        form |= {"whom": "everybody"}
    elif path.startswith((f"{BASE}/admin", f"{API}/announcements")):
        path, how = about_admins(site, method, path, how)
        form = {"text": "x", "whose": "ada", "minutes": "60"}
    if "/notifications" in path:
        how |= about_notifications(site, person, method, path)
        form = {"code": "1", "when": "failure"}
    if "/schedules" in path:
        path, more, form = about_schedules(site, method, path)
        how |= more
    if (method, path) in {("POST", f"{API}/runs"), ("POST", f"{API}/notebooks/inspect")}:
        body, kind = multipart(request=json.dumps({"file": "a.ipynb"}).encode(), source=NOTEBOOK)
        how = {"body": body, "headers": {"Content-Type": kind}}
    if method == "POST" and not api:
        how["form"] = {"_xsrf": xsrf(site, person), **form}
    return site.ask(method, path, person, **how)


@pytest.mark.parametrize(
    ("method", "path"), [each for each in EXPECTED if each[0] not in {"GET", "HEAD"}], ids=" ".join
)
@pytest.mark.security(10)
def test_a_change_by_cookie_needs_the_pages_own_value(site: Site, method: str, path: str) -> None:
    """Whatever another site has a browser send: the cookie goes along, the value cannot."""
    for who in (ADA, ROOT):
        for headers in ({}, {"X-XSRFToken": "guessed"}, {"Origin": "https://evil.example"}):
            filled = re.sub(r"{[^}]*}", "x", path)
            form = {"_xsrf": "guessed", "kind": "image", "environment": "page", "source": "x"}
            answer = site.ask(method, filled, who, cookie=True, form=form, headers=dict(headers))
            assert answer.status in {401, 403}, (headers, answer)


def about_schedules(site: Site, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A route about a schedule of ada's."""
    how: dict[str, Any] = {}
    form = {"cron": "0 7 * * *", "do": "preview"}
    if path.endswith("/schedules/edit"):
        form = {"id": a_schedule(site), "cron": "0 7 * * *", "name": uuid.uuid4().hex}
    path = path.replace("{change}", "pause")
    if "{schedule_id}" in path:
        path = path.replace("{schedule_id}", a_schedule(site))
    wanted = {"file": "a.ipynb", "cron": "0 6 * * *", "name": uuid.uuid4().hex}
    if path.endswith("/source"):
        wanted = {"file": "a.ipynb"}
    if (method, path) == ("POST", f"{API}/schedules") or method == "PUT":
        how["body"], kind = multipart(request=json.dumps(wanted).encode(), source=NOTEBOOK)
        how["headers"] = {"Content-Type": kind}
    elif path.endswith("/preview") or method == "PATCH":
        how = {"body": b'{"cron": "0 7 * * *"}', "headers": {"Content-Type": "application/json"}}
    return path, how, form


def a_schedule(site: Site) -> str:
    wanted = {"file": "a.ipynb", "cron": "0 6 * * *", "name": uuid.uuid4().hex}
    body, kind = multipart(request=json.dumps(wanted).encode(), source=NOTEBOOK)
    made = site.post("/schedules", ADA, body=body, headers={"Content-Type": kind})
    assert made.status == 201, made
    return str(made.json["id"])


def about_admins(site: Site, method: str, path: str, how: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A route of the admins: ada is to be approved, and something is announced."""
    site.roster.members["ada"] = Member("ada", account="waiting")
    if "{number}" in path:
        site.bench.records.clear_announcements("root")
        number = site.bench.records.announce(Announcement(0, 0.0, "root", "x")).id
        path = path.replace("{number}", str(number))
    elif path.endswith("/announcements") and method == "POST":
        site.bench.records.clear_announcements("root")
    if (method, path) == ("POST", f"{API}/announcements"):
        how = {"body": b'{"text": "x"}', "headers": {"Content-Type": "application/json"}}
    return path.replace("{name}", "ada").replace("{change}", "approve"), how


def about_environments(site: Site, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """A route about the environment on the bench, or about a build of another."""
    how: dict[str, Any] = {}
    if path.endswith("/compare"):
        path += "?before=python-data:2026.11.1&after=python-data:2026.11.1"
    if method == "POST" and path.endswith("/groups"):
        how["body"] = b'{"groups": []}'
    if method == "POST" and path.endswith("{channel}"):
        how["body"] = b'{"version": "2026.11.1"}'
    if (method, path) == ("POST", f"{API}/builds"):
        request = {"kind": "image", "environment": "elsewhere", "source": "registry.example.org/x:1"}
        how["body"], kind = multipart(request=json.dumps(request).encode())
        how["headers"] = {"Content-Type": kind}
    elif "body" in how:
        how["headers"] = {"Content-Type": "application/json"}
    if "{build_id}" in path:
        path = path.replace("{build_id}", a_build(site))
    path = path.replace("{name}", "python-data").replace("{version}", "2026.11.1")
    return path.replace("{channel}", "stable"), how


def about_notifications(site: Site, person: Person | str | None, method: str, path: str) -> dict[str, Any]:
    """Everybody has a webhook, and was sent a code."""
    if person is not None:
        name = "cleo" if isinstance(person, str) else person.name
        wishes = Wishes(name, email="x@example.org", webhook="https://example.org/hook")
        site.bench.records.set_wishes(wishes, code="1")
    if not path.startswith(API) or method == "GET" or path.endswith("/test"):
        return {}
    body = b'{"code": "1"}' if path.endswith("/confirm") else b'{"when": "failure"}'
    return {"body": body, "headers": {"Content-Type": "application/json"}}


def about_reports(site: Site, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A route about a report of ada's table, or about making one of her run."""
    run = site.finished(ADA)
    name = f"report-{uuid.uuid4().hex[:8]}"
    form = {"run": run.id, "name": name, "title": "x", "output": "table-1.csv"}
    if path.endswith("/new"):
        path += f"?run={run.id}"
    how: dict[str, Any] = {}
    if path.startswith(API) and method in {"POST", "PATCH"}:
        body = {"name": name, "source_name": run.name} if method == "POST" else {"title": "y"}
        how = {"body": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
    if "{name}" in path:
        made = Report(name, "x", "ada", "ada", run.name, "table-1.csv")
        site.bench.records.add_report(made, "ada")
    return path.replace("{name}", name), how, form


def about_groups(site: Site, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """A route about a group that is made for it, with bob in it; about what holds for ada."""
    name = f"group-{uuid.uuid4().hex[:6]}"
    site.groups.names.add(name)
    site.groups.join("token-root", name, ["bob"])
    path = path.replace("{kind}/{name:path}", "person/ada").replace("{name:path}", name)
    body = {"people": ["bob"]} if path.endswith("/members") else {"read": "own"}
    if (method, path) == ("POST", f"{API}/groups"):
        body = {"name": f"made-{uuid.uuid4().hex[:6]}"}
    how: dict[str, Any] = {}
    if path.startswith(API) and (method in {"POST", "PATCH"} or path.endswith("/members")):
        how = {"body": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
    return path.replace("{change}", "policy"), how


def about_connections(site: Site, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """A route about a connection that is made for it and granted to the owner's group."""
    name = f"made-{uuid.uuid4().hex[:6]}"
    site.platform.vault.make(
        ROOT, Draft(name, ConnectionKind.HTTP, settings={"url": "https://x"}, secrets={"token": "abcdef"})
    )
    site.platform.vault.grant(ROOT, name, Grant(Kind.GROUP, "team"))
    body: dict[str, Any] = {"kind": "group", "name": "team"}
    if path.endswith("/connections"):
        body = {"name": f"new-{name}", "kind": "folder", "settings": {"path": "/srv/data/x"}}
    elif path.endswith("/rotate"):
        body = {"secrets": {"token": "another"}}
    elif method == "PATCH":
        body = {"title": "another"}
    how = {"body": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
    return path.replace("{name}", name), {} if method == "GET" or path.endswith(("use", "/test")) else how


def a_build(site: Site) -> str:
    """A build that is over: its events end."""
    build = Build(new_build_id(), BuildKind.IMAGE, "root", 1.0)
    site.bench.records.add_build(build)
    site.bench.records.request_build_cancel(build.id, "root")
    return build.id


def xsrf(site: Site, person: Person | str | None) -> str:
    """The value that a page of this person's holds."""
    if person is None:
        return "guessed"
    owner = Person("cleo", groups=TEAM) if isinstance(person, str) else person
    page = site.ask("GET", f"{BASE}/runs/{site.bench.submit(person=owner).id}", person, cookie=True).text
    return page.split('name="_xsrf" value="')[1].split('"')[0]


def test_the_hub_asks_for_offers(site: Site) -> None:
    answer = site.get("/offers?user=ada", SERVICE_TOKEN)
    assert answer.status == 200
    assert set(answer.json) == {"user", "environments", "sizes", "limits", "places", "in_use"}
    assert site.get("/offers", SERVICE_TOKEN).status == 422
    assert site.get("/offers?user=ada", SERVICE_TOKEN + "x").status == 401
    assert site.get("/user", SERVICE_TOKEN).status == 401, "and is nobody elsewhere"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/log",
        "/events",
        "/outputs",
        "/outputs.zip",
        "/outputs/log.txt",
        "/outputs/notebook.html",
        "/outputs/nothing",
    ],
)
@pytest.mark.security(2)
def test_another_s_run_is_told_like_none(site: Site, path: str) -> None:
    run = site.finished(ADA)
    others = site.get(f"/runs/{run.id}{path}", BOB)
    nobodys = site.get(f"/runs/abcdefghijkm{path}", BOB)
    assert (others.status, nobodys.status) == (404, 404)
    assert others.body.replace(run.id.encode(), b"ID") == nobodys.body.replace(b"abcdefghijkm", b"ID")
    assert {**others.headers, "date": "", "content-length": ""} == {
        **nobodys.headers,
        "date": "",
        "content-length": "",
    }


def test_cancelling_another_s_run_changes_nothing(site: Site) -> None:
    run = site.bench.submit(person=ADA)
    assert site.post(f"/runs/{run.id}/cancel", BOB).status == 404
    assert site.bench.run(run).status is Status.QUEUED


def test_lists_hold_one_s_own_runs(site: Site) -> None:
    mine, theirs = site.bench.submit(person=ADA), site.bench.submit(person=BOB)

    def ids(query: str, person: Person) -> set[str]:
        return {run["id"] for run in site.get(f"/runs?limit=500{query}", person).json["runs"]}

    assert mine.id in ids("", ADA)
    assert theirs.id not in ids("", ADA) | ids("&owner=all", ADA) | ids("&owner=ada", ADA)
    assert site.get("/runs?owner=bob", ADA).status == 403
    assert {mine.id, theirs.id} <= ids("&owner=all", ROOT)
    assert ids("&owner=bob", ROOT) & {mine.id, theirs.id} == {theirs.id}
    assert ids("", ROOT) & {mine.id, theirs.id} == set()
    for page, person, seen in (
        ("", ADA, {mine.id}),
        ("?owner=all", ADA, {mine.id}),
        ("?owner=all", ROOT, {mine.id, theirs.id}),
    ):
        text = site.ask("GET", f"{BASE}/{page}", person, cookie=True).text
        assert {run.id for run in (mine, theirs) if run.id in text} == seen


@pytest.mark.parametrize(
    "header",
    [
        "Bearer nobody's",
        "Bearer",
        "Bearer ",
        "token-ada",
        "Basic dG9rZW4tYWRhOg==",
        "Bearer token-ada x",
        "Negotiate token-ada",
    ],
)
def test_what_is_no_token(site: Site, header: str) -> None:
    assert site.get("/user", headers={"Authorization": header}).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
def test_ways_to_write_a_token(site: Site, scheme: str) -> None:
    assert site.get("/user", headers={"Authorization": f"{scheme} token-ada"}).json == {
        "name": "ada",
        "admin": False,
        "groups": [],
    }


@pytest.mark.security(22)
def test_a_token_that_was_revoked_is_refused(site: Site) -> None:
    site.people.tokens["token-eve"] = Person("eve")
    assert site.get("/user", "token-eve").status == 200
    assert site.ask("GET", f"{BASE}/", "token-eve", cookie=True).status == 200
    del site.people.tokens["token-eve"]
    assert site.get("/user", "token-eve").status == 401
    assert site.ask("GET", f"{BASE}/", "token-eve", cookie=True).status == 303


@pytest.mark.security(7)
def test_admins_are_those_that_the_hub_says_are(site: Site) -> None:
    """Nobody promotes himself: what the request says about it is nothing."""
    for extra in ("?admin=true", "?user=root", "?owner=root"):
        assert site.get(f"/doctor{extra}", ADA).status == 403
    assert site.submit(BOB, **{"as": "ada"}).status == 403
    answer = site.submit(ROOT, **{"as": "ada"})
    assert (answer.status, answer.json["owner"], answer.json["submitted_by"]) == (201, "ada", "root")


def test_a_hub_that_is_away_is_not_nobody(site: Site) -> None:
    site.people.away = True
    try:
        answer = site.get("/user", ADA)
    finally:
        site.people.away = False
    assert answer.status == 503
    assert answer.json["error"] == {
        "code": "unavailable",
        "message": "the hub does not answer, so nobody can be signed in",
        "hint": "Try again in a moment.",
    }
