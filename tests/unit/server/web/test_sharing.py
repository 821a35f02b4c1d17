"""Showing a run to others: what they see of it, what not, until when; and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run
from nightdesk.server.web import live

from ..workbench import ADA, BOB, ROOT
from .site import API, BASE, NOTEBOOK, Answer, Site, multipart
from .test_result_commands import Run as Command
from .test_result_commands import nightdesk as nightdesk  # the command, against this site

JSON = {"Content-Type": "application/json"}
EVE = Person("eve", groups=("readers",))
READS = (
    "",
    "/log",
    "/cells",
    "/outputs",
    "/outputs/table-1.csv",
    "/history",
    "/usage",
    "/metrics",
    "/outputs.zip",
)
WRITES = (
    ("POST", "/cancel", 403),
    ("POST", "/retry", 403),
    ("PUT", "/keep", 403),
    ("GET", "/shares", 403),
    ("POST", "/shares", 403),
    ("DELETE", "/shares", 403),
)


@pytest.fixture
def eve(site: Site) -> Iterator[Person]:
    """A member of the group `readers`."""
    site.people.tokens["token-eve"] = EVE
    yield EVE
    del site.people.tokens["token-eve"]


def shares(site: Site, method: str, run: Run, who: Person = ADA, **whom: str) -> Answer:
    return site.ask(method, f"{API}/runs/{run.id}/shares", who, body=json.dumps(whom).encode(), headers=JSON)


@pytest.mark.usefixtures("eve")
def test_what_a_share_gives_and_what_not(site: Site) -> None:
    run = site.finished(ADA)
    for path in READS:
        assert site.get(f"/runs/{run.id}{path}", BOB).status == 404
    assert shares(site, "POST", run, name="bob").json["shares"][0]["name"] == "bob"
    for path in READS:
        assert site.get(f"/runs/{run.id}{path}", BOB).status == 200, path
    page = site.ask("GET", f"{BASE}/runs/{run.id}", BOB, cookie=True).text
    assert "shown to you for reading" in page
    for missing in ('id="again"', "Exactly again", "Who else sees it", "Keep outputs"):
        assert missing not in page
    for method, path, status in WRITES:
        body = b'{"name": "eve"}' if "shares" in path else None
        answer = site.ask(
            method, f"{API}/runs/{run.id}{path}", BOB, body=body, headers=JSON if body else None
        )
        assert answer.status == status, (method, path, answer)
    assert site.ask("GET", f"{BASE}/runs/{run.id}/again", BOB, cookie=True).status == 403
    request = json.dumps({"cron": "0 6 * * *", "run": run.id}).encode()
    body, kind = multipart(request=request)
    assert site.post("/schedules", BOB, body=body, headers={"Content-Type": kind}).status == 403
    taken = site.submit(BOB, inputs=[{"run": run.id, "output": "table-1.csv"}])
    assert taken.status == 404, "nor are its outputs inputs of another's runs"
    report = json.dumps({"name": "x", "run": run.id}).encode()
    assert site.post("/reports", BOB, body=report, headers=JSON).status == 403
    assert run.id not in {each["id"] for each in site.get("/runs?owner=all", BOB).json["runs"]}
    assert [each["id"] for each in site.get("/shared", BOB).json["runs"]] == [run.id]
    listed = site.ask("GET", f"{BASE}/?owner=shared", BOB, cookie=True).text
    assert "Shared with me" in listed
    assert run.id in listed
    assert site.get(f"/runs/{run.id}", "token-eve").status == 404


@pytest.mark.usefixtures("eve")
def test_a_group_s_members_of_the_moment_see_it(site: Site) -> None:
    run = site.finished(ADA)
    assert shares(site, "POST", run, kind="group", name="readers").status == 200
    assert site.get(f"/runs/{run.id}", "token-eve").status == 200
    site.people.tokens["token-eve"] = Person("eve")
    assert site.get(f"/runs/{run.id}", "token-eve").status == 404
    assert site.get(f"/runs/{run.id}", BOB).status == 404


def test_taking_it_back_holds_at_once_on_an_open_page_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK_ALONE_SECONDS", 0.01)
    run = site.bench.submit(person=ADA)
    assert shares(site, "POST", run, name="bob").status == 200
    events = site.events(run, BOB)
    assert next(events)[1] == "run"
    assert shares(site, "DELETE", run, name="bob").json["shares"] == []
    assert [name for _, name, _ in events if name not in {"ping", "run"}] == [], "it ends without a word"
    assert site.get(f"/runs/{run.id}", BOB).status == 404
    assert shares(site, "DELETE", run, name="bob").status == 404
    said = [entry.action for entry in site.bench.records.entries(AuditFilter(on=run.id))]
    assert "run.seen" in said
    assert said.index("run.not shared") < said.index("run.shared")


def test_with_whom_not(site: Site) -> None:
    run = site.finished(ADA)
    assert shares(site, "POST", run, kind="everybody", name="").status == 400
    assert shares(site, "POST", run, name="").status == 400
    assert shares(site, "POST", run, name="ada").json["shares"] == [], "she sees it anyway"
    assert shares(site, "POST", run, BOB, name="bob").status == 404, "nobody shows himself a run"
    assert shares(site, "POST", run, ROOT, name="bob").status == 200


def test_code_of_a_run_is_not_shown_what_its_owner_is(site: Site) -> None:
    """Not at the gate: sharing shows it to people, and what code runs as somebody is not them."""
    run = site.finished(ADA)
    shares(site, "POST", run, name="bob")
    owners = site.platform.owners
    going = site.bench.submit(person=BOB)
    claimed = site.bench.records.claim(going.id, "w")
    assert claimed is not None
    from nightdesk.server.domain.run_token import run_token
    from nightdesk.server.services.sharing import visible_run

    found = owners.of_token(run_token(owners._key, going.id, 1))
    assert found is not None
    assert visible_run(site.bench.records, BOB, run.id).id == run.id
    with pytest.raises(Exception, match="there is no run"):
        visible_run(site.bench.records, found[0], run.id)


def test_the_button_and_the_command(site: Site, nightdesk: Command) -> None:
    run = site.finished(ADA)
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    value = page.split('name="_xsrf" value="')[1].split('"')[0]
    form = {"_xsrf": value, "kind": "group", "name": " readers "}
    address = f"{BASE}/runs/{run.id}/share"
    assert site.ask("POST", address, ADA, cookie=True, form=form).status == 303
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert "everybody in group <strong>readers</strong>" in page
    assert nightdesk("share", run.id)[1] == f"run {run.id} is shared with group:readers\n"
    form |= {"take_back": "true", "name": "readers"}
    assert site.ask("POST", address, ADA, cookie=True, form=form).status == 303
    assert nightdesk("share", run.id)[1] == f"run {run.id} is shared with nobody\n"
    assert nightdesk("share", run.id, "bob", "group:x")[1] == f"run {run.id} is shared with bob, group:x\n"
    assert nightdesk("share", run.id, "bob", "--not", "--json")[0] == 0
    assert nightdesk("share", run.id, "bob", "--not")[0] == 1
    assert nightdesk("share", run.id, who="bob")[0] == 1


def test_again_with_changes(site: Site, nightdesk: Command) -> None:
    run = site.submit(ADA, NOTEBOOK, parameters={"year": 2026}, name="yearly").json
    again = site.post(
        f"/runs/{run['id']}/retry", ADA, body=b'{"parameters": {"year": 2027}, "name": "other"}', headers=JSON
    )
    assert again.status == 201
    assert again.json["parameters"] == {"year": 2027}
    assert (again.json["name"], again.json["file"]) == ("other", run["file"])
    assert f"Runs {run['id']} again, with changes." in again.json["notes"]
    for wrong in (
        '{"parameters": {"yeer": 1}}',
        '{"parameters": {"year": "x"}}',
        '{"exact": true, "size": "s"}',
    ):
        answer = site.post(f"/runs/{run['id']}/retry", ADA, body=wrong.encode(), headers=JSON)
        assert answer.status == 400, answer
    assert site.post(f"/runs/{run['id']}/retry", ADA, body=b'{"size": "none"}', headers=JSON).status == 404
    made = nightdesk("retry", run["id"], "-p", "year=2030", "--name", "cli", "--json")
    assert json.loads(made[1])["parameters"] == {"year": 2030}


def test_the_form_of_again_with_changes(site: Site) -> None:
    run = site.submit(ADA, NOTEBOOK, parameters={"year": 2026}, name="yearly").json
    address = f"{BASE}/runs/{run['id']}/again"
    page = site.ask("GET", address, ADA, cookie=True).text
    assert 'name="parameter.year" value="2026"' in page
    assert "left empty: 1" in page
    assert "<option selected>python-data:2026.11.1</option>" in page
    value = page.split('name="_xsrf" value="')[1].split('"')[0]
    form = {"_xsrf": value, "name": "yearly", "environment": "python-data:2026.11.1", "size": run["size"]}
    wrong = site.ask("POST", address, ADA, cookie=True, form=form | {"parameter.year": "many"})
    assert wrong.status == 400
    assert 'value="many"' in wrong.text, "what was typed stays"
    assert "must be int" in wrong.text
    made = site.ask("POST", address, ADA, cookie=True, form=form | {"parameter.year": "2031"})
    assert made.status == 303
    again = site.get(f"/runs/{made.headers['location'].rsplit('/', 1)[1]}", ADA).json
    assert again["parameters"] == {"year": 2031}
    made = site.ask("POST", address, ADA, cookie=True, form=form | {"parameter.year": ""})
    again = site.get(f"/runs/{made.headers['location'].rsplit('/', 1)[1]}", ADA).json
    assert again["parameters"] == {}, "left empty it is what the file has"


def test_cells_with_their_times(site: Site) -> None:
    run = site.finished(ADA)
    told = site.get(f"/runs/{run.id}/cells", ADA).json
    assert told["count"] == 2
    assert [(each["number"], each["status"], each["seconds"]) for each in told["cells"]] == [
        (1, "ok", 0.1),
        (2, "ok", 0.1),
    ]
    assert told["cells"][0]["source"] == "1"
    assert site.get(f"/runs/{run.id}/cells?sources=false", ADA).json["cells"][0]["source"] == ""
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert '<li class="cell ok" data-cell="2"' in page
    assert "0.1 s" in page
