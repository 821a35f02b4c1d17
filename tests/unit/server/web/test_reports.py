"""Reports: the newest good output under an address that stays, for who is on its list and for nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import Reader, Report, moment_of
from nightdesk.server.domain.run import Run
from nightdesk.server.services import letters
from nightdesk.server.services.reports import in_words, readers_of
from sqlalchemy import update

from ..workbench import ADA, BOB, ROOT, code, notebook
from .asking import xsrf
from .site import API, BASE, Answer, Site
from .test_outputs import leaving

PICTURE = base64.b64encode(
    bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0000003"
                  "0101002f2b5a3d0000000049454e44ae426082")
).decode()  # fmt: skip
EVIL = "<script>alert(1)</script><img src='http://evil.example/x.png' onerror='alert(2)'><form action='http://evil.example'></form>"


def executed(word: str = "the result") -> bytes:
    """A notebook as a run leaves it: with a secret source, a table, a picture, and what must not run."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": f"{word}\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": f"<table><tr><td>cell</td></tr></table>{EVIL}"}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PICTURE, "text/plain": "x"}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": "<svg onload='alert(3)'><circle r='5'/></svg>"}},  # noqa: E501
    ]  # fmt: skip
    return notebook({**code("the_source = 1"), "execution_count": 1, "outputs": outputs})


@pytest.fixture
def cleo(site: Site) -> Iterator[str]:
    """Somebody in a group; the token, so that the group can be left."""
    site.people.tokens["token-cleo"] = Person("cleo", groups=("analysts",))
    yield "token-cleo"
    del site.people.tokens["token-cleo"]


def asked(site: Site, method: str, path: str, person: Any, body: Any = None) -> Answer:
    """A call with a JSON body."""
    sent = None if body is None else json.dumps(body).encode()
    return site.ask(
        method,
        f"{API}{path}",
        person,
        body=sent,
        headers={"Content-Type": "application/json"} if sent else {},
    )


def reported(site: Site, run: Run, name: str, **wanted: Any) -> dict[str, Any]:
    """A report of ada's run."""
    answer = asked(site, "POST", "/reports", ADA, {"name": name, "run": run.id, **wanted})
    assert answer.status == 201, answer
    document: dict[str, Any] = answer.json
    return document


def test_who_is_on_the_list_sees_the_report_though_not_the_run(site: Site, cleo: str) -> None:
    run = leaving(site, {}, executed=executed())
    made = reported(site, run, "weekly", title="The week", readers=[{"kind": "group", "name": "analysts"}])
    assert made["url"].endswith("/services/nightdesk/reports/weekly")
    assert made["source"] == {"owner": "ada", "name": run.name, "output": "notebook.html"}
    assert site.get(f"/runs/{run.id}", cleo).status == 404
    seen = site.get("/reports/weekly", cleo).json
    assert (seen["title"], seen["version"]["run"], seen["readers"], seen["mine"]) == (
        "The week",
        run.id,
        None,
        False,
    )
    content = site.get("/reports/weekly/content", cleo)
    assert content.status == 200
    assert content.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "the result" in content.text
    page = site.ask("GET", f"{BASE}/reports/weekly", cleo, cookie=True)
    assert page.status == 200
    assert f"{BASE}/runs/{run.id}" not in page.text, "nothing leads to the run"
    assert [one["name"] for one in site.get("/reports", cleo).json["reports"]] == ["weekly"]
    for path in ("/reports/weekly", "/reports/weekly/content"):
        theirs, nobodys = site.get(path, BOB), site.get(path.replace("weekly", "nightly"), BOB)
        assert (theirs.status, theirs.body.replace(b"weekly", b"nightly")) == (404, nobodys.body)
    assert asked(site, "PATCH", "/reports/weekly", cleo, {"title": "x"}).status == 403
    assert asked(site, "DELETE", "/reports/weekly", cleo).status == 403
    site.people.tokens[cleo] = Person("cleo")
    site.people.forget("cleo")
    assert site.get("/reports/weekly", cleo).status == 404, "who leaves the group sees it no more"
    noted = {entry.action for entry in site.bench.records.entries(AuditFilter(on="weekly"))}
    assert {"report.made", "report.seen"} <= noted
    assert asked(site, "DELETE", "/reports/weekly", ADA).json == {"removed": "weekly"}
    assert site.get("/reports/weekly", ADA).status == 404
    assert "report.removed" in {
        entry.action for entry in site.bench.records.entries(AuditFilter(on="weekly"))
    }


def test_the_newest_good_one_and_as_of_a_date(site: Site) -> None:
    first = leaving(site, {}, executed=executed("first"))
    second = leaving(site, {}, executed=executed("second"))
    reported(site, first, "dated")
    day = moment_of("2026-11-01") - 3600
    with site.bench.database.writing() as connection:
        for run, at in ((first, day), (second, day + 86400)):
            connection.execute(
                update(runs).where(runs.c.id == run.id).values(created_at=at - 60, finished_at=at)
            )
        connection.execute(update(runs).where(runs.c.id.not_in([first.id, second.id])).values(name="another"))
    site.bench.submit(file="analysis.ipynb")  # one that waits is no version
    assert site.get("/reports/dated", ADA).json["version"]["run"] == second.id
    assert [one["run"] for one in site.get("/reports/dated", ADA).json["versions"]] == [second.id, first.id]
    for as_of, word in (("2026-11-01", "first"), ("2026-11-02", "second"), ("2026-11-01T22:59:00Z", None)):
        answer = site.get(f"/reports/dated/content?as_of={as_of}", ADA)
        assert answer.status == (200 if word else 404)
        assert word is None or word in answer.text
    assert "first" in site.get(f"/reports/dated/content?run={first.id}", ADA).text
    assert site.get("/reports/dated/content?as_of=yesterday", ADA).status == 400
    assert site.get("/reports/dated/content?run=abcdefghijkm", ADA).status == 404
    page = site.ask("GET", f"{BASE}/reports/dated?as_of=2026-11-01", ADA, cookie=True).text
    assert f"run={first.id}" in page
    assert (
        "The report has no version as of 2020-01-01"
        in site.ask("GET", f"{BASE}/reports/dated?as_of=2020-01-01", ADA, cookie=True).text
    )


def test_without_code(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    reported(site, run, "plain", code=False)
    for form in ("view", "mail"):
        text = site.get(f"/reports/plain/content?form={form}", ADA).text
        assert "the_source" not in text
        assert "the result" in text
    assert site.get("/reports/plain/content?form=file", ADA).status == 409
    assert asked(site, "PATCH", "/reports/plain", ADA, {"code": True}).json["code"] is True
    assert "the_source" in site.get("/reports/plain/content", ADA).text
    kept = [key for key in site.bench.stored() if f"{run.id}/1/rendered/" in key]
    site.get("/reports/plain/content", ADA)
    assert kept == [key for key in site.bench.stored() if f"{run.id}/1/rendered/" in key], (
        "made once and kept"
    )


def test_a_letter_holds_all_it_needs_and_nothing_that_runs(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    reported(site, run, "letter", title="<b>Title</b>")
    answer = site.get("/reports/letter/content?form=mail", ADA)
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''letter-")
    text = answer.text
    for evil in ("<script", "onerror", "onload", "evil.example", "<form", "<link", "<style", "<b>Title"):
        assert evil not in text
    assert "&lt;b&gt;Title" in text
    assert f"data:image/png;base64,{PICTURE}" in text.replace("\n", "")
    assert "data:image/svg+xml;base64," in text
    assert 'style="' in text, "styles stand where mail programs keep them"
    assert run.id in text


def test_a_pdf_fetches_nothing(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    reported(site, run, "paper")
    answer = site.get("/reports/paper/content?form=pdf", ADA)
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body.startswith(b"%PDF-")
    assert len(answer.body) > 2000


def test_the_writer_of_pdfs_is_refused_all_addresses(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    for address in ("http://127.0.0.1:9/x.png", secret.as_uri(), "ftp://127.0.0.1/x"):
        html = f"<style>body {{ background: url('{address}') }}</style><p>fine"
        monkeypatch.setattr(letters, "_body", lambda *_, html=html: html)
        assert letters.pdf_of(b"", "html", "x", True, "y").startswith(b"%PDF-")
        assert f"URI uses disallowed protocol: {address}" in caplog.text


def test_other_outputs(site: Site) -> None:
    run = leaving(site, {"numbers.csv": b"a,b\n1,2\n", "text.md": b"# Hello\n"})
    reported(site, run, "numbers", output="numbers.csv")
    page = site.ask("GET", f"{BASE}/reports/numbers", ADA, cookie=True).text
    assert 'data-kind="table"' in page
    assert site.get("/reports/numbers/content?form=file", ADA).body == b"a,b\n1,2\n"
    assert site.get("/reports/numbers/content?form=pdf", ADA).status == 409
    reported(site, run, "hello", output="text.md")
    assert "<h1>Hello</h1>" in site.get("/reports/hello/content", ADA).text
    assert site.get("/reports/hello/content?form=pdf", ADA).body.startswith(b"%PDF-")


def test_nobody_publishes_what_is_another_s(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    assert asked(site, "POST", "/reports", BOB, {"name": "stolen", "run": run.id}).status == 404
    taken = {"name": "stolen", "source_owner": "ada", "source_name": run.name}
    assert asked(site, "POST", "/reports", BOB, taken).status == 403
    assert asked(site, "POST", "/reports", ROOT, taken).status == 201


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Upper"}, {"name": "new"}, {"name": "1st"}, {"name": "a" * 64}, {"title": "a\nb"}, {"output": ""},
     {"readers": [{"kind": "group", "name": ""}]}, {"source_name": ""}],
)  # fmt: skip
def test_what_is_no_report(site: Site, wrong: dict[str, Any]) -> None:
    answer = asked(site, "POST", "/reports", ADA, {"name": "fine", "source_name": "x", **wrong})
    assert answer.status == 400, answer
    assert answer.json["error"]["message"]


def test_a_name_is_one_report_s(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    reported(site, run, "once")
    assert asked(site, "POST", "/reports", ADA, {"name": "once", "run": run.id}).status == 409


def test_pages_make_change_and_remove(site: Site) -> None:
    run = leaving(site, {}, executed=executed())
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert f"{BASE}/reports/new?run={run.id}" in page
    form = site.ask("GET", f"{BASE}/reports/new?run={run.id}", ADA, cookie=True)
    assert 'value="analysis-ipynb"' in form.text or "value=" in form.text
    value = xsrf(site, ADA)
    sent = {
        "_xsrf": value,
        "run": run.id,
        "name": "by-page",
        "title": "By page",
        "output": "notebook.html",
        "readers": "bob, group:a b",
    }
    made = site.ask("POST", f"{BASE}/reports", ADA, cookie=True, form=sent)
    assert (made.status, made.headers["location"]) == (303, f"{BASE}/reports/by-page")
    report = site.bench.records.report("by-page")
    assert report is not None
    assert (report.code, report.readers) == (False, (Reader(Kind.GROUP, "a b"), Reader(Kind.PERSON, "bob")))
    assert site.ask("GET", f"{BASE}/reports/by-page", BOB, cookie=True).status == 200
    wrong = site.ask("POST", f"{BASE}/reports", ADA, cookie=True, form=sent)
    assert wrong.status == 409
    assert "There is a report &#39;by-page&#39; already" in wrong.text
    saved = site.ask(
        "POST",
        f"{BASE}/reports/by-page/save",
        ADA,
        cookie=True,
        form={"_xsrf": value, "title": "New", "code": "true", "readers": ""},
    )
    assert saved.status == 303
    assert site.ask("GET", f"{BASE}/reports/by-page", BOB, cookie=True).status == 404, "it holds at once"
    entries = site.bench.records.entries(AuditFilter(on="by-page", action="report.changed"))
    assert "readers: nobody else" in entries[0].words
    assert (
        site.ask("POST", f"{BASE}/reports/by-page/remove", ADA, cookie=True, form={"_xsrf": value}).status
        == 303
    )
    assert site.bench.records.report("by-page") is None


def test_a_list_in_words() -> None:
    readers = (
        Reader(Kind.EVERYBODY),
        Reader(Kind.GROUP, "a b"),
        Reader(Kind.PERSON, "ada"),
        Reader(Kind.PERSON, "ben"),
    )
    assert readers_of("everybody, group:a b, ada ben") == readers
    assert readers_of(in_words(readers)) == readers


def test_reports_go_with_who_inherits_the_runs(site: Site) -> None:
    records = site.bench.records
    report = Report(
        "inherited", "x", "gone", "gone", "n", readers=(Reader(Kind.PERSON, "gone"), Reader(Kind.GROUP, "g"))
    )
    records.add_report(report, "gone")
    records.hand_over_some("gone", "heir", (), "", 10)
    after = records.report("inherited")
    assert after is not None
    assert (after.owner, after.source_owner, after.readers) == ("heir", "heir", (Reader(Kind.GROUP, "g"),))
    records.forget_reader(Reader(Kind.GROUP, "g"))
    after = records.report("inherited")
    assert after is not None
    assert after.readers == ()
