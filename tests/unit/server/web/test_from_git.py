"""Code from elsewhere over HTTP: what is asked, what a worker brings, and what is said of both."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.server.domain.connection import Grant
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.policy import Kind
from nightdesk.server.doubles.fetcher import MemoryFetcher, MemoryRepository
from nightdesk.server.ports.fetching import Login
from nightdesk.server.services.connections import Draft
from nightdesk.server.services.fetched_ticks import end_tick
from nightdesk.server.services.fetching import take
from nightdesk.server.services.reporting import ErrandParts
from nightdesk.server.services.ticking import look
from nightdesk.server.web.schedules import clock_of

from ..workbench import ADA, BOB, ROOT
from .asking import xsrf
from .site import BASE, NOTEBOOK, Answer, Site, multipart

ADDRESS = "https://git.example.org/team/reports.git"
PIPELINE = b"name: monthly\nsteps:\n  first:\n    run: n.ipynb\n"


class Worker:
    """One that fetches for the site, with a private repository that ada may use."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.fetcher = MemoryFetcher()
        self.repository = MemoryRepository(login=Login("git", "canary-token"))
        self.fetcher.repositories[ADDRESS] = self.repository
        files = {"a/n.ipynb": NOTEBOOK, "a/x.txt": b"x", "a/pipeline.yaml": PIPELINE, "b/broken.ipynb": b"{"}
        self.commit = self.repository.commit(1, files)
        platform = site.platform
        self._parts = ErrandParts(
            platform.records, platform.store, platform.settings, platform.handing_over, self.fetcher
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(5)

    def _work(self) -> None:
        clock = clock_of(self.site.platform)
        while not self._stopped.wait(0.02):
            self.site.platform.records.beat("worker", 1, 1)
            work = take(self._parts, "worker", lambda *done: end_tick(clock, *done, pause=0.01))
            if work is not None:
                work()


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[Worker]:
    vault = site.platform.vault
    secrets = {"password": "canary-token"}
    vault.make(ROOT, Draft("code", ConnectionKind.GIT, settings={"url": ADDRESS}, secrets=secrets))
    vault.grant(ROOT, "code", Grant(Kind.PERSON, "ada"))
    site.platform.records.beat("worker", 1, 1)
    made = Worker(site)
    yield made
    made.stop()
    site.platform.records.let_go("worker")


def post(site: Site, path: str, body: Any, person: Any = ADA) -> Answer:
    return site.post(
        path, person, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )


def source(path: str = "a/n.ipynb", **more: Any) -> dict[str, Any]:
    return {"repository": "code", "path": path, "ref": "main", **more}


def test_a_run_from_a_private_repository(site: Site, worker: Worker) -> None:
    answer = post(site, "/runs/from-git", {"source": source(), "key": "once", "parameters": {"year": 2}})
    assert answer.status == 201, answer
    run = answer.json
    assert run["git"] == {
        "commit": worker.commit,
        "branch": "main",
        "dirty": False,
        "remote": ADDRESS,
        "path": "a/n.ipynb",
        "folder": "a",
        "connection": "code",
        "fetched": True,
    }
    assert (run["file"], run["parameters"]) == ("n.ipynb", {"year": 2})
    assert site.bench.run(run["id"]).files_count == 2
    again = post(site, "/runs/from-git", {"source": source(), "key": "once"})
    assert (again.status, again.json["id"]) == (200, run["id"])
    page = site.ask("GET", f"{BASE}/runs/{run['id']}", ADA, cookie=True).text
    assert worker.commit[:12] in page
    assert "canary-token" not in str(answer.body) + page


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"source": source("none.ipynb")}, 404, "no file 'none.ipynb'"),
        ({"source": source(ref="nowhere")}, 404, "no branch or tag 'nowhere'"),
        ({"source": source("b/broken.ipynb")}, 400, "not valid JSON"),
        ({"source": source("a/x.txt")}, 400, "neither a notebook nor a script"),
        ({"source": source("../x.ipynb")}, 400, "path inside"),
        ({"source": source(ref="--upload-pack=x")}, 400, "no branch, tag or commit"),
        ({"source": source() | {"repository": "file:///etc"}}, 400, "must be an address"),
        ({"source": source() | {"repository": "https://a:b@x/y"}}, 400, "must not have a login"),
        ({"source": source() | {"repository": "other"}}, 404, "no connection 'other'"),
        ({"source": source() | {"repository": ADDRESS}}, 404, "or it is private"),
        ({"source": source(), "size": "galactic"}, 404, "no size"),
        ({"source": source(), "git": {"commit": "x"}}, 422, "git"),
        ({}, 422, "source"),
    ],
)
@pytest.mark.usefixtures("worker")
def test_what_cannot_be_is_refused(site: Site, body: dict[str, Any], status: int, words: str) -> None:
    answer = post(site, "/runs/from-git", body)
    assert (answer.status, words in answer.json["error"]["message"]) == (status, True), answer


@pytest.mark.usefixtures("worker")
def test_another_person_has_no_such_connection(site: Site) -> None:
    assert post(site, "/runs/from-git", {"source": source()}, BOB).status == 404


def test_a_pipeline_from_a_repository(site: Site, worker: Worker) -> None:
    answer = post(site, "/pipelines/from-git", {"source": source("a/pipeline.yaml"), "key": "p"})
    assert answer.status == 201, answer
    pipeline = answer.json
    assert pipeline["name"] == "monthly"
    (step,) = site.platform.records.steps_of(pipeline["id"])
    assert step is not None
    kept = site.platform.records.pipeline(pipeline["id"])
    assert kept is not None
    assert kept.git is not None
    assert kept.git["commit"] == worker.commit
    again = post(site, "/pipelines/from-git", {"source": source("a/pipeline.yaml"), "key": "p"})
    assert (again.status, again.json["id"]) == (200, pipeline["id"])
    wrong = post(site, "/pipelines/from-git", {"source": source("b/broken.ipynb")})
    assert wrong.status == 400


def add(site: Site, **wanted: Any) -> Answer:
    body, kind = multipart(request=json.dumps(wanted).encode())
    return site.post("/schedules", ADA, body=body, headers={"Content-Type": kind})


def test_a_schedule_of_a_repository_with_pushes(site: Site, worker: Worker) -> None:
    made = add(site, name="pushed", on_push=True, git=source())
    assert made.status == 201, made
    schedule = made.json
    assert (schedule["when"], schedule["next_ticks"]) == ("when commits are pushed", [])
    assert schedule["source"]["kind"] == "git"
    assert schedule["source"]["words"] == f"fetched each time, as it is then: a/n.ipynb of {ADDRESS} at main"
    page = site.ask("GET", f"{BASE}/schedules/{schedule['id']}", ADA, cookie=True).text
    assert "from the repository" in page
    hook = site.post(f"/schedules/{schedule['id']}/hook", ADA)
    assert (hook.status, hook.headers["cache-control"]) == (201, "no-store")
    assert hook.json["url"].endswith(f"/api/v1/pushes/{schedule['id']}")
    body = json.dumps({"ref": "refs/heads/main", "after": worker.commit}).encode()
    mac = hmac.new(hook.json["secret"].encode(), body, hashlib.sha256).hexdigest()
    path, headers = f"/pushes/{schedule['id']}", {"X-Hub-Signature-256": f"sha256={mac}"}
    assert site.post(path, None, body=body).status == 401
    assert site.post(path, None, body=b"x" * 2_000_000).status == 413
    first = site.post(path, None, body=body, headers=headers)
    second = site.post(path, None, body=body, headers=headers)
    assert (first.status, second.status, first.json["tick"]) == (200, 200, second.json["tick"])
    assert second.json["words"] == "It has come before."
    look(clock_of(site.platform), site.platform.records.now())
    assert site.get(f"/schedules/{schedule['id']}", ADA).json["source"]["hook"]["by"] == "ada"
    off = site.ask("DELETE", f"{BASE}/api/v1/schedules/{schedule['id']}/hook", ADA)
    assert off.json["source"]["hook"] is None
    assert site.post(path, None, body=body, headers=headers).status == 401


def test_a_schedule_of_a_live_file(site: Site, worker: Worker) -> None:
    worker.fetcher.homes["ada"] = {"n.ipynb": NOTEBOOK}
    made = add(site, name="live", cron="0 6 * * *", home={"path": "~/n.ipynb"})
    assert made.status == 201, made
    assert made.json["source"]["words"] == "read each time from the home of ada, as it is then: n.ipynb"
    page = site.ask("GET", f"{BASE}/schedules/{made.json['id']}", ADA, cookie=True).text
    assert "the live file" in page
    for wanted, words in (
        ({"home": {"path": "none.ipynb"}}, "no file 'none.ipynb'"),
        ({"home": {"path": "../n.ipynb"}}, "path inside"),
        ({"home": {"path": "n.ipynb"}, "git": source()}, "either in a repository or in a home"),
        ({"home": {"path": "n.ipynb"}, "run": "abcdefghijkm"}, "a place where it is fetched"),
        ({"home": {"path": "n.ipynb"}, "on_push": True}, "either a cron line or an interval"),
    ):
        refused = add(site, name="refused", cron="0 6 * * *", **wanted)
        assert (refused.status in {400, 404}, words in refused.json["error"]["message"]) == (True, True), (
            refused
        )
    body, kind = multipart(request=json.dumps({"git": source()}).encode())
    where = f"{BASE}/api/v1/schedules/{made.json['id']}/source"
    changed = site.ask("PUT", where, ADA, body=body, headers={"Content-Type": kind})
    assert changed.json["source"]["kind"] == "git", changed


def test_the_form_makes_and_changes_what_is_fetched(site: Site, worker: Worker) -> None:
    worker.fetcher.homes["ada"] = {"n.ipynb": NOTEBOOK}
    token = xsrf(site, ADA)

    def sent(to: str, **fields: str) -> Answer:
        form = {
            "_xsrf": token,
            "kind": "cron",
            "cron": "0 6 * * *",
            "zone": "UTC",
            "pause_after": "5",
            **fields,
        }
        return site.ask("POST", f"{BASE}/schedules/{to}", ADA, cookie=True, form=form)

    made = sent(
        "new", name="by form", source_kind="git", repository="code", ref="main", path="a/n.ipynb", folder="."
    )
    assert made.status == 303, made
    where = made.headers["location"]
    schedule_id = where.rpartition("/")[2]
    kept = site.get(f"/schedules/{schedule_id}", ADA).json["source"]
    assert (kept["kind"], kept["folder"], kept["path"]) == ("git", "", "a/n.ipynb")
    edit = site.ask("GET", f"{where}/edit", ADA, cookie=True).text
    assert 'value="a/n.ipynb"' in edit
    same = {"source_kind": "git", "repository": "code", "ref": "main", "path": "a/n.ipynb", "folder": "."}
    assert sent("edit", id=schedule_id, name="renamed", **same).status == 303
    pushed = sent("edit", id=schedule_id, name="renamed", **{**same, "kind": "push"})
    assert pushed.status == 303, pushed
    assert site.get(f"/schedules/{schedule_id}", ADA).json["on_push"]
    page = site.ask("GET", f"{where}/edit", ADA, cookie=True).text
    assert '<option value="push" selected>' in page
    live = sent("edit", id=schedule_id, name="renamed", source_kind="live", path="n.ipynb")
    assert live.status == 303, live
    assert site.get(f"/schedules/{schedule_id}", ADA).json["source"]["kind"] == "home"
    wrong = sent("edit", id=schedule_id, name="renamed", source_kind="live", path="none.ipynb")
    assert (wrong.status, "no file &#39;none.ipynb&#39;" in wrong.text) == (404, True), wrong.text[:3000]
