"""Schedules over REST and on their pages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status

from ..workbench import ADA, BOB, ROOT, code, notebook
from .site import API, BASE, Answer, Site, multipart, session_cookie

NOTEBOOK = notebook(code("as_of = ''", "parameters"), code("print(as_of)"))
PAGES = f"{BASE}/schedules"


def add(site: Site, person: Person = ADA, source: bytes | None = NOTEBOOK, **wanted: Any) -> Answer:
    wanted = {"file": "report.ipynb", "cron": "0 6 * * *", "zone": "Europe/Berlin", **wanted}
    body, kind = multipart(request=json.dumps(wanted).encode(), source=source)
    return site.post("/schedules", person, body=body, headers={"Content-Type": kind})


def patch(site: Site, schedule: str, **changes: Any) -> Answer:
    headers = {"Content-Type": "application/json"}
    return site.ask(
        "PATCH", f"{API}/schedules/{schedule}", ADA, body=json.dumps(changes).encode(), headers=headers
    )


@pytest.fixture
def made(site: Site, request: pytest.FixtureRequest) -> dict[str, Any]:
    answer = add(site, name=f"of {request.node.name}", time_parameter="as_of")
    assert answer.status == 201, answer
    document: dict[str, Any] = answer.json
    return document


def test_a_schedule_says_what_it_runs_and_when(site: Site, made: dict[str, Any]) -> None:
    assert made["when"] == "cron 0 6 * * *, Europe/Berlin"
    assert len(made["next_ticks"]) == 5
    assert made["next_ticks"][0]["local"][11:16] == "06:00"
    assert made["next_ticks"][0]["at"] == made["next_at"]
    assert (made["environment"], made["version_is"]) == ("python-data@stable", "followed")
    assert made["source"]["kind"] == "snapshot"
    assert made["paused"] is None
    assert add(site, name="pinned", environment="python-data:2026.11.1").json["version_is"] == "pinned"


@pytest.mark.parametrize(
    ("wanted", "status", "words"),
    [
        ({"cron": "0 0 31 2 *"}, 400, "never due"),
        ({"cron": "x"}, 400, "no cron line"),
        ({"zone": "Mars/Olympus"}, 400, "no time zone"),
        ({"cron": None}, 400, "either a cron line or an interval"),
        ({"cron": None, "every_seconds": 1}, 400, "an interval is"),
        ({"environment": "nothing"}, 404, "no environment 'nothing'"),
        ({"size": "galactic"}, 404, "no size"),
        ({"time_parameter": "unknown"}, 400, "unknown"),
        ({"time_parameter": "1; import os"}, 400, "no name for a parameter"),
        ({"parameters": {"as_of": 5}}, 400, "as_of"),
        ({"file": "x.exe"}, 400, "neither a notebook nor a script"),
        ({"catch_up": 0}, 400, "missed times"),
        ({"pause_after": -1}, 400, "paused after"),
        ({"missed": "sometimes"}, 400, "missed"),
        ({"wish": 1}, 400, "wish"),
        ({"notify": "loudly"}, 400, "'loudly' is not when to notify"),
        ({"notify": 1}, 400, "notify"),
        ({"name": "a\nb"}, 400, "one line"),
        ({"run": "abcdefghijkm"}, 400, "a run whose file it takes"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_kept(
    site: Site, wanted: dict[str, Any], status: int, words: str
) -> None:
    answer = add(site, **{"name": "refused", **wanted})
    assert (answer.status, words in answer.json["error"]["message"]) == (status, True), answer
    assert site.get("/schedules?name=refused", ADA).json["schedules"] == []


def test_one_name_once(site: Site, made: dict[str, Any]) -> None:
    assert add(site, name=made["name"]).status == 409
    assert add(site, BOB, name=made["name"]).status == 201


def test_preview(site: Site) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"cron": "30 2 * * *", "zone": "Europe/Berlin"}'
    answer = site.post("/schedules/preview", ADA, body=body, headers=headers)
    assert [tick["local"][11:16] for tick in answer.json["ticks"]].count("02:30") >= 4
    bad = site.post("/schedules/preview", ADA, body=b'{"cron": "0 0 31 2 *"}', headers=headers)
    assert (bad.status, bad.json["error"]["code"]) == (400, "invalid")


def test_changes(site: Site, made: dict[str, Any]) -> None:
    answer = patch(site, made["id"], cron="0 7 * * *", overlap="queue", name="renamed " + made["id"])
    assert answer.status == 200
    assert answer.json["when"] == "cron 0 7 * * *, Europe/Berlin"
    assert answer.json["next_ticks"][0]["local"][11:16] == "07:00"
    assert (answer.json["overlap"], answer.json["missed"]) == ("queue", "once")
    zone = patch(site, made["id"], zone="UTC")
    assert zone.json["when"] == "cron 0 7 * * *, UTC"
    assert patch(site, made["id"], cron="0 0 30 2 *").status == 400
    assert patch(site, made["id"], environment="python-data:1").status == 404
    assert patch(site, made["id"], every_seconds=900).json["when"] == "every 15 min"


def test_it_says_how_its_runs_notify(site: Site, made: dict[str, Any]) -> None:
    assert made["notify"] is None
    loud = add(site, name="loud", notify="always", alert=False).json
    assert (loud["notify"], loud["alert"]) == ("always", False)
    run = site.post(f"/schedules/{loud['id']}/run", ADA).json["run"]
    assert site.get(f"/runs/{run}", ADA).json["notify"] == "always"
    assert patch(site, loud["id"], notify="never").json["notify"] == "never"
    assert patch(site, loud["id"], overlap="queue").json["notify"] == "never"
    assert patch(site, loud["id"], notify=None).json["notify"] is None
    assert patch(site, loud["id"], notify="loudly").status == 400


def test_another_file(site: Site, made: dict[str, Any]) -> None:
    def put(source: bytes) -> Answer:
        body, kind = multipart(request=b'{"file": "other.py"}', source=source)
        headers = {"Content-Type": kind}
        return site.ask("PUT", f"{API}/schedules/{made['id']}/source", ADA, body=body, headers=headers)

    answer = put(b"print(1)\n")
    assert (answer.status, answer.json["file"], answer.json["source"]["bytes"]) == (200, "other.py", 9)
    assert put(b"\xff").status == 400
    tick = site.post(f"/schedules/{made['id']}/run", ADA).json
    run = site.get(f"/runs/{tick['run']}", ADA).json
    assert (run["file"], run["schedule"]) == ("other.py", made["id"])


def test_run_now_waits_for_the_one_that_goes_on(site: Site, made: dict[str, Any]) -> None:
    path = f"/schedules/{made['id']}"
    site.post(f"{path}/pause", ADA)
    first = site.post(f"{path}/run", ADA)
    assert (first.status, first.json["state"], first.json["by"]) == (201, "queued", "ada")
    second = site.post(f"{path}/run", ROOT).json
    assert (second["state"], second["run"], second["by"]) == ("waiting", None, "root")
    ticks = site.get(f"{path}/ticks?limit=1", ADA).json
    assert [tick["state"] for tick in ticks["ticks"]] == ["waiting"]
    older = site.get(f"{path}/ticks?before={ticks['next']!r}", ADA).json
    assert [tick["state"] for tick in older["ticks"]] == ["queued"]
    run = site.get(f"/runs/{first.json['run']}", ADA).json
    assert (run["owner"], run["scheduled_at"]) == ("ada", first.json["at"])


def test_pause_and_resume(site: Site, made: dict[str, Any]) -> None:
    paused = site.post(f"/schedules/{made['id']}/pause", ADA).json
    assert (paused["paused"]["by"], paused["next_at"], paused["next_ticks"]) == ("ada", None, [])
    resumed = site.post(f"/schedules/{made['id']}/resume", ADA).json
    assert (resumed["paused"], resumed["next_at"]) == (None, made["next_at"])


def test_of_a_run(site: Site) -> None:
    run = site.finished(ADA)
    made = add(site, source=None, file=None, run=run.id, name="of a run")
    assert (made.status, made.json["file"]) == (201, run.file)
    assert add(site, BOB, source=None, file=None, run=run.id, name="of a run").status == 404


def test_lists(site: Site) -> None:
    for number in range(3):
        add(site, BOB, name=f"bob's {number}")
    first = site.get("/schedules?limit=2", BOB).json
    rest = site.get(f"/schedules?limit=500&before={first['next'].replace(' ', '%20')}", BOB).json
    names = [each["name"] for each in (*first["schedules"], *rest["schedules"])]
    assert names == sorted(names)
    assert {"bob's 0", "bob's 1", "bob's 2"} <= set(names)
    assert site.get("/schedules?owner=bob", ADA).status == 403
    assert "bob" in {
        each["owner"] for each in site.get("/schedules?owner=all&limit=500", ROOT).json["schedules"]
    }
    assert {each["owner"] for each in site.get("/schedules?owner=all&limit=500", ADA).json["schedules"]} <= {
        "ada"
    }


def test_removed(site: Site, made: dict[str, Any]) -> None:
    path = f"{API}/schedules/{made['id']}"
    assert site.ask("DELETE", path, ADA).json == {"removed": made["id"]}
    assert site.ask("GET", path, ADA).status == 404


# --- pages ----------------------------------------------------------------------------------------


def page(site: Site, path: str, person: Person = ADA) -> str:
    answer = site.ask("GET", path, person, cookie=True)
    assert answer.status == 200, answer
    return answer.text


def send(site: Site, path: str, source: bytes | None = None, **fields: str) -> Answer:
    form = page(site, f"{PAGES}/new")
    found = re.search(r'name="_xsrf" value="([^"]+)"', form)
    assert found
    boundary = "a-boundary-of-the-test"
    body = b""
    for name, value in {"_xsrf": found[1], **fields}.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    if source is not None:
        head = 'Content-Disposition: form-data; name="source"; filename="report.ipynb"'
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + source + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Cookie": f"nightdesk-session={session_cookie('token-ada')}",
        "Accept": "text/html",
    }
    return site.ask("POST", path, headers=headers, body=body)


FILLED = {"kind": "cron", "cron": "0 6 * * *", "zone": "Europe/Berlin", "catch_up": "10", "pause_after": "5"}


def test_the_form_makes_and_changes_one(site: Site) -> None:
    answer = send(
        site,
        f"{PAGES}/new",
        NOTEBOOK,
        name="by form",
        parameters="as_of=2026",
        alert="on",
        notify="always",
        **FILLED,
    )
    assert answer.status == 303, answer.text
    shown = page(site, answer.headers["location"])
    for words in ("by form", "as_of=2026", "of each run&#39;s end"):
        assert words in shown, words
    schedule = answer.headers["location"].rpartition("/")[2]
    typed = page(site, f"{PAGES}/{schedule}/edit")
    assert 'value="0 6 * * *"' in typed
    assert '<option value="always" selected>' in typed
    assert site.get(f"/schedules/{schedule}", ADA).json["notify"] == "always"
    changed = send(
        site, f"{PAGES}/edit", id=schedule, name="by form", parameters="as_of=2026", kind="every", every="2", unit="hours",
        zone="UTC", catch_up="10", pause_after="0",
    )  # fmt: skip
    assert changed.status == 303, changed.text
    after = site.get(f"/schedules/{schedule}", ADA).json
    assert (after["when"], after["pause_after"], after["alert"]) == ("every 2 h", 0, False)
    assert after["notify"] is None
    assert after["parameters"] == {"as_of": "2026"}


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(site: Site) -> None:
    answer = send(site, f"{PAGES}/new", NOTEBOOK, name="typed", **{**FILLED, "cron": "0 0 31 2 *"})
    assert answer.status == 400
    assert "never due" in answer.text
    assert 'value="typed"' in answer.text
    for fields in ({"every": "soon", "kind": "every"}, {"parameters": "nonsense"}, {"catch_up": "many"}):
        assert send(site, f"{PAGES}/new", NOTEBOOK, **{**FILLED, **fields}).status == 400
    assert send(site, f"{PAGES}/new", **FILLED).status == 400, "no file"


def test_the_form_looks_ahead_without_scripts(site: Site) -> None:
    answer = send(site, f"{PAGES}/new", do="preview", **{**FILLED, "cron": "30 5 * * *"})
    assert answer.status == 200
    assert answer.text.count(" 05:30 ") == 5


def test_a_large_notebook_passes_the_form(site: Site) -> None:
    large = notebook(code("as_of = ''", "parameters"), code("#" + "x" * 64_000))
    assert send(site, f"{PAGES}/new", large, name="large", **FILLED).status == 303


def test_a_page_with_history(site: Site, made: dict[str, Any]) -> None:
    site.post(f"/schedules/{made['id']}/run", ADA)
    text = page(site, f"{PAGES}/{made['id']}")
    for words in ("Run now", "History", "asked for by ada", "tick-busy", "Europe/Berlin", "a snapshot"):
        assert words in text, words
    assert made["name"] in page(site, PAGES)
    assert made["name"] in page(site, f"{PAGES}?owner=all", ROOT)


def test_alerts_stand_on_the_owner_s_pages_until_seen(site: Site, made: dict[str, Any]) -> None:
    records = site.bench.records
    site.post(f"/schedules/{made['id']}/run", ADA)
    run = site.get(f"/schedules/{made['id']}/ticks", ADA).json["ticks"][0]["run"]
    found = records.run(run)
    assert found is not None
    starting = records.claim(run, "w")
    assert starting is not None
    records.change(starting, status=Status.FAILED, reason="Out of memory.")
    assert records.settle(10)[0] == 1
    for path in (PAGES, f"{BASE}/"):
        assert "Out of memory." in page(site, path), path
        assert "Out of memory." not in page(site, path, BOB), path
    records.put_alerts_away("ada")
    assert "Did not succeed" not in page(site, PAGES)
