"""Ask for any route, about a thing of ada's that is put there for it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from nightdesk.server.domain.announcement import Announcement
from nightdesk.server.domain.build import Build, BuildKind, new_build_id
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.notification import Wishes
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import Report
from nightdesk.server.domain.share import Share
from nightdesk.server.ports.roster import Member
from nightdesk.server.services.addresses import sealed
from nightdesk.server.services.connections import Draft

from ..workbench import ADA, ROOT, archive
from .site import API, BASE, NOTEBOOK, Answer, Site, multipart

# The groups of who owns what is asked for.
TEAM = ("team",)


def asked(site: Site, person: Person | str | None, method: str, path: str) -> Answer:
    """Ask for a route about a run of ada's: the API with a token, pages with the cookie."""
    api = path.startswith(API)
    how: dict[str, Any] = {} if api else {"cookie": True}
    form: dict[str, str] = {}
    if "{run_id}" in path:
        run = site.bench.submit(person=ADA) if path.endswith("cancel") else site.finished(ADA)
        path = path.replace("{run_id}", run.id).replace("{name:output}", "table-1.csv")
    if "/compare" in path and "environments" not in path:
        path += f"?run={site.finished(ADA).id}&run={site.finished(ADA).id}"
    if path.endswith(("/shares", "/share", "/again")) and "/sweeps" not in path:
        site.bench.records.share_run(run, Share(Kind.PERSON, "eve"), "ada")
        form = {"name": "eve"}
        if method in {"POST", "DELETE"} and api:
            how = {"body": b'{"name": "eve"}', "headers": {"Content-Type": "application/json"}}
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
    if "/pipelines" in path:
        path, more = about_pipelines(site, method, path)
        how |= more
    if "/sweeps" in path:
        path, more, form = about_sweeps(site, method, path)
        how |= more
    if (method, path) in {("POST", f"{API}/runs"), ("POST", f"{API}/notebooks/inspect")}:
        body, kind = multipart(request=json.dumps({"file": "a.ipynb"}).encode(), source=NOTEBOOK)
        how = {"body": body, "headers": {"Content-Type": kind}}
    if path.endswith("/from-git"):
        body = b'{"source": {"repository": "https://git.example.org/x.git", "path": "a.ipynb"}}'
        how = {"body": body, "headers": {"Content-Type": "application/json"}}
    if method == "POST" and not api:
        how["form"] = {"_xsrf": xsrf(site, person), **form}
    return site.ask(method, path, person, **how)


def about_sweeps(site: Site, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A route about a sweep of ada's, which is over."""
    how: dict[str, Any] = {}
    if "{sweep_id}" in path:
        made = a_sweep(site)
        for run in site.bench.records.runs_of_sweep(made):
            site.bench.records.request_cancel(run.id, "ada")
        path = path.replace("{sweep_id}", made)
    elif method == "POST" and path.startswith(API):
        body, kind = multipart(request=b'{"file": "a.ipynb", "grid": {"year": [1]}}', source=NOTEBOOK)
        how = {"body": body, "headers": {"Content-Type": kind}}
    return path, how, {"place": "1", "do": "preview"}


def a_sweep(site: Site) -> str:
    body, kind = multipart(request=b'{"file": "a.ipynb", "grid": {"year": [1]}}', source=NOTEBOOK)
    made = site.post("/sweeps", ADA, body=body, headers={"Content-Type": kind})
    assert made.status == 201, made
    return str(made.json["id"])


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


def about_pipelines(site: Site, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """A route about a pipeline of ada's; of one that is followed, it is over."""
    how: dict[str, Any] = {}
    if "{pipeline_id}" in path:
        pipeline = a_pipeline(site)
        if path.endswith("/events"):
            site.post(f"/pipelines/{pipeline}/cancel", ADA)
        path = path.replace("{pipeline_id}", pipeline).replace("{change}", "cancel")
    elif method == "POST" and path.startswith(API):
        how["body"], kind = a_pipeline_form()
        how["headers"] = {"Content-Type": kind}
    return path, how


def a_pipeline_form() -> tuple[bytes, str]:
    files = archive(("a.ipynb", NOTEBOOK)).archive.read()
    return multipart(request=b"{}", source=b"name: n\nsteps: {a: {run: a.ipynb}}", files=files)


def a_pipeline(site: Site) -> str:
    body, kind = a_pipeline_form()
    made = site.post("/pipelines", ADA, body=body, headers={"Content-Type": kind})
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
        site.bench.records.set_wishes(sealed(site.platform.addresses, wishes, Wishes(name)), code="1")
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
