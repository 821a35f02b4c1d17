"""The pages as the server writes them: complete without scripts, and nothing in them is obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from nightdesk.server.adapters.schema import runs
from nightdesk.server.domain.errors import Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.web import wording
from sqlalchemy import update

from ..services.watching import Worker, until
from ..workbench import ADA, BOB, ROOT, two_cells
from .site import API, BASE, Answer, Site
from .test_story import tried

LEA = Person("lea")


@pytest.fixture(autouse=True)
def _lea(site: Site) -> None:
    site.people.tokens["token-lea"] = LEA


def page(site: Site, path: str = "/", person: Person | str = "token-lea", **query: Any) -> Answer:
    """A page as a browser gets it."""
    asked = f"?{urlencode(query)}" if query else ""
    return site.ask("GET", f"{BASE}{path}{asked}", person, cookie=True)


def words(answer: Answer) -> str:
    """What a reader sees, on one line."""
    assert answer.status == 200, answer
    text = re.sub(r"<(script|style|datalist|select)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def listed(answer: Answer) -> list[str]:
    """The ids of the rows."""
    return re.findall(r'<tr id="(\w+)"', answer.text)


def change(site: Site, run: Run | str, **values: Any) -> None:
    """Change a run behind everybody's back."""
    run_id = run if isinstance(run, str) else run.id
    with site.bench.database.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(**values))


@pytest.fixture
def going(site: Site) -> Iterator[Run]:
    """A run in its second cell of three, after 100 seconds of 260."""

    def play(stage: Any) -> int:
        stage.event("started", cells=3)
        stage.event("cell_started", cell=2)
        stage.event("stream", cell=2, name="stdout", text="\x1b[31mhello\x1b[0m <b>\n")
        stage.wait_for("end")
        stage.event("finished", outcome="succeeded")
        return 0

    bench = site.bench
    bench.play = play
    run = bench.submit(person=LEA, name="Long training")
    worker = Worker(bench.supervisor(), run)
    until(lambda: bench.run(run).cell == 2, "the second cell")
    change(site, run, started_uptime=bench.records.uptime() - 100, expected_seconds=260.0)
    yield bench.run(run)
    bench.engine.stage(run).cue("end")
    worker.join()
    bench.play = two_cells


# the list


def test_a_live_run_shows_how_far_it_is(site: Site, going: Run) -> None:
    answer = page(site)
    assert going.id in listed(answer)
    shown = words(answer)
    assert "running cell 2 of 3 about 3 min left" in shown
    assert re.search(r"1 min 4\d s", shown)
    assert '<progress data-field="bar" max="3" value="1"' in answer.text
    assert 'data-live="yes"' in answer.text


def test_a_queued_run_shows_why_it_waits_and_a_failed_one_why_it_failed(site: Site) -> None:
    site.people.tokens["token-lea"] = LEA
    run = site.submit("token-lea", name="Sweep", priority="low").json
    shown = words(page(site))
    assert f"Sweep {run['id']} queued low priority {run['waiting']}" in shown
    failed = tried(site, 1, person=LEA, name="Import")
    assert f"Import {failed.id} failed Cell 2 of 2 raised KeyError: 'amount'" in words(page(site))
    site.post(f"/runs/{run['id']}/cancel", "token-lea")


def test_the_list_is_narrowed_by_the_form(site: Site) -> None:
    site.people.tokens["token-kai"] = Person("kai")
    ids = [site.submit("token-kai", name=name).json["id"] for name in ("Report", "My report 2", "Training")]
    change(site, ids[0], created_at=1_000_000_000.0)  # 2001-09-09T01:46:40Z

    def asked(**query: str) -> list[str]:
        return listed(page(site, person="token-kai", **query))

    assert asked() == [ids[2], ids[1], ids[0]]
    assert asked(name="REPORT") == [ids[1], ids[0]], "a part of the name, whatever the case"
    assert asked(name="*report") == [ids[0]]
    assert asked(status="queued", name="train") == [ids[2]]
    assert asked(status="failed") == []
    assert asked(environment="python-data:2026.11.1") == [ids[2], ids[1], ids[0]]
    assert asked(environment="other") == []
    assert asked(until="2001-09-09") == [ids[0]]
    assert asked(since="2001-09-09", until="2001-09-09") == [ids[0]]
    assert asked(until="2001-09-08", zone="-120") == [ids[0]], (
        "two hours west of Greenwich it is still the 8th"
    )
    assert asked(until="2001-09-08", zone="0") == []
    assert "No run fits." in words(page(site, person="token-kai", status="failed"))


def test_the_form_keeps_what_was_filled_in(site: Site) -> None:
    text = page(site, name='<"x">', status="failed", environment="python-data", since="2026-11-22").text
    assert 'name="name" value="&lt;&#34;x&#34;&gt;"' in text
    assert '<option value="failed" selected>' in text
    assert "<option selected>python-data</option>" in text
    assert 'name="since" value="2026-11-22"' in text
    assert "Show all" in text
    assert "Show all" not in page(site).text


@pytest.mark.parametrize(
    "query",
    [{"since": "soon"}, {"until": "2026-13-45"}, {"before": "nowhere"}, {"zone": "x"}, {"zone": "99999"}, {"status": "done"},
     {"name": "\x00"}, {"name": "x" * 5000}, {"owner": "\x00"}, {"environment": ":"}, {"until": "9999-12-31"}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("person", [ADA, ROOT], ids=["member", "admin"])
def test_what_cannot_be_meant_is_left_out_in_words(site: Site, query: dict[str, str], person: Person) -> None:
    answer = page(site, person=person, **query)
    assert answer.status == 200
    if next(iter(query)) in {"since", "until", "before"}:
        assert "It was left out." in words(answer)


def test_pages_of_the_list_keep_the_filter(site: Site) -> None:
    site.people.tokens["token-ida"] = Person("ida")
    for number in range(53):
        site.bench.submit(person=Person("ida"), name=f"Sweep {number}")
    site.bench.submit(person=Person("ida"), name="Other")
    first = page(site, person="token-ida", name="sweep")
    assert len(listed(first)) == 50
    older = unescape(re.findall(r'<a href="(\?[^"]*)" rel="next"', first.text)[0])
    second = site.ask("GET", f"{BASE}/{older}", "token-ida", cookie=True)
    assert len(listed(second)) == 3
    assert not set(listed(first)) & set(listed(second))
    assert 'rel="next"' not in second.text
    back = unescape(re.findall(r'<a href="(\?[^"]*)" rel="first"', second.text)[0])
    assert listed(site.ask("GET", f"{BASE}/{back}", "token-ida", cookie=True)) == listed(first)


def test_an_id_in_the_search_leads_to_its_run(site: Site) -> None:
    run = site.bench.submit(person=LEA)
    answer = page(site, name=run.id)
    assert (answer.status, answer.headers["location"]) == (303, f"{BASE}/runs/{run.id}")
    assert page(site, name=run.id, person=BOB).status == 200, "of another's run it says nothing"
    assert page(site, name=run.id, person=ROOT).status == 303
    assert page(site, name="abcdefghijkm").status == 200


def test_whose_runs_is_for_admins(site: Site) -> None:
    mine, theirs = site.bench.submit(person=LEA), site.bench.submit(person=BOB)
    for owner in ("all", "bob"):
        assert theirs.id not in listed(page(site, owner=owner))
        assert theirs.id in listed(page(site, person=ROOT, owner=owner))
    assert mine.id not in listed(page(site, person=ROOT, owner="bob"))
    assert "Runs of bob" in words(page(site, person=ROOT, owner="bob"))
    assert "Whose" not in words(page(site))


# one run


def test_a_run_s_page_says_how_far_it_is_and_what_it_may_take(site: Site, going: Run) -> None:
    answer = page(site, f"/runs/{going.id}")
    shown = words(answer)
    assert re.search(r"cell 2 of 3 1 min 4\d s about 3 min left", shown)
    assert "hello <b>" in shown
    assert "\x1b" not in answer.text
    assert "Code started" in shown
    assert "Time limits 12 h" in shown
    assert "2 cores, 4 GB of memory, 20 GB of files, 10 GB of them as outputs, 1024 processes" in shown
    assert f'href="{API}/runs/{going.id}/log"' in answer.text
    assert "What went wrong" not in shown
    assert "Attempts" not in shown


def test_a_failure_comes_first_with_its_cell_and_the_end_of_its_log(site: Site) -> None:
    run = tried(site, 1, person=LEA, cell_timeout_seconds=60)
    shown = words(page(site, f"/runs/{run.id}"))
    order = [
        "failed Cell 2 of 2 raised KeyError: 'amount'", "What went wrong", "KeyError : 'amount'", "Cell 2 for row in rows:",
        "The last lines of its log first attempt, cell 1 first attempt, cell 2", "Outputs", "Log", "History",
    ]  # fmt: skip
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "Time limits 12 h, 1 min for a cell" in shown


def test_attempts_link_to_what_each_left(site: Site) -> None:
    run = tried(site, 2, person=LEA, retries=2, retry_wait_seconds=0)
    answer = page(site, f"/runs/{run.id}")
    shown = words(answer)
    assert "Attempts" in shown
    assert "1 of 3 failed Cell 2 of 2 raised KeyError: 'amount'" in shown
    assert "2 of 3 succeeded" in shown
    for path in ("log", "outputs/notebook.html", "outputs/manifest.json"):
        for attempt in (1, 2):
            assert f'href="{API}/runs/{run.id}/{path}?attempt={attempt}"' in answer.text
    assert "Attempt 1 failed, attempt 2 waits: Cell 2 of 2 raised KeyError: 'amount'" in shown


def test_the_next_attempt_says_when_it_comes(site: Site) -> None:
    run = tried(site, 1, person=LEA, retries=1, retry_wait_seconds=600)
    shown = words(page(site, f"/runs/{run.id}"))
    assert re.search(
        r"queued attempt 2 of 2 starts in (10 min|9 min \d+ s): Cell 2 of 2 raised KeyError", shown
    )
    assert "the second begins 10 min after the first has failed" in shown


def test_what_code_printed_is_only_text(site: Site) -> None:
    evil = "</pre><script>alert(1)</script>"

    def play(stage: Any) -> int:
        stage.event("started", cells=1)
        stage.event("cell_started", cell=1)
        stage.event("stream", cell=1, name="stdout", text=evil)
        error = {"type": evil, "message": f"{evil}\n{evil}", "cell": 1}
        stage.event("finished", outcome="code_failed", reason=evil, error=error)
        return 1

    site.bench.play = play
    try:
        run = site.bench.submit(person=LEA)
        site.bench.supervisor().supervise(run.id)
    finally:
        site.bench.play = two_cells
    for path in ("/", f"/runs/{run.id}"):
        answer = page(site, path)
        assert answer.status == 200
        assert "<script>alert" not in answer.text


def test_a_store_that_is_away_takes_no_page_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tried(site, 1, person=LEA)
    with site.bench.database.writing() as connection:
        connection.exec_driver_sql("delete from run_log where run_id = ?", (run.id,))

    def away(*_: Any) -> None:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(site.platform.store, "open", away)
    shown = words(page(site, f"/runs/{run.id}"))
    assert "Cell 2 of 2 raised KeyError: 'amount'" in shown
    assert site.bench.run(run).status is Status.FAILED


# again


def press_again(site: Site, run: Run, **fields: str) -> Answer:
    """One of the buttons, as the browser sends it."""
    value = page(site, f"/runs/{run.id}").text.split('name="_xsrf" value="')[1].split('"')[0]
    form, headers = {"_xsrf": value, **fields}, {"Accept": "text/html"}
    return site.ask(
        "POST", f"{BASE}/runs/{run.id}/retry", "token-lea", cookie=True, form=form, headers=headers
    )


@pytest.mark.parametrize(("fields", "how"), [({}, ""), ({"exact": "true"}, ", exactly")])
def test_a_run_that_is_over_is_run_again(site: Site, fields: dict[str, str], how: str) -> None:
    run = tried(site, 1, person=LEA, name="Again")
    shown = page(site, f"/runs/{run.id}").text
    assert f'href="{BASE}/environments/python-data/2026.11.1">python-data:2026.11.1</a>' in shown
    answer = press_again(site, run, **fields)
    assert answer.status == 303
    again = site.bench.run(answer.headers["location"].removeprefix(f"{BASE}/runs/"))
    assert (again.name, again.digest, again.status) == ("Again", run.digest, Status.QUEUED)
    assert f"Runs {run.id} again{how}." in words(page(site, f"/runs/{again.id}"))


def test_what_cannot_be_run_again_says_why_on_a_page(site: Site) -> None:
    run = tried(site, 1, person=LEA)
    site.bench.forget_inputs(run)
    answer = press_again(site, run)
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert f"The inputs of run {run.id} are not there any more" in answer.text


# words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "\u2013"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (64, "1 min 4 s"), (7380, "2 h 3 min"),
     (273600, "3 d 4 h")],
)  # fmt: skip
def test_durations(seconds: float | None, said: str) -> None:
    assert wording.took(seconds) == said


def test_times_and_what_is_left() -> None:
    assert wording.when("2026-11-22T16:30:00.123Z") == "2026-11-22 16:30 UTC"
    assert wording.when(None) == ""
    assert [wording.left(elapsed, 180.0) for elapsed in (0.0, 130.0, 175.0, 199.0)] == [
        "about 3 min left",
        "about 50 s left",
        "a few seconds left",
        "longer than usual (3 min 0 s)",
    ]
    assert wording.left(600.0, 7200.0 + 1800) == "about 2½ h left"
    assert wording.left(None, 5.0) == wording.left(5.0, None) == ""


def test_a_commit_that_was_told_by_whoever_submitted_is_shown_as_one_that_was_fetched_is(site: Site) -> None:
    told = {"commit": "a" * 40, "branch": "main", "dirty": True, "remote": "git@example.org:team/x.git"}
    run = site.submit("token-lea", name="From a checkout", git=told).json
    shown = words(page(site, f"/runs/{run['id']}"))
    assert re.search(r"aaaaaaaaaaaa *on main ?, with changes; git@example.org:team/x.git", shown), shown
    assert "fetched by the platform" not in shown
    site.post(f"/runs/{run['id']}/cancel", "token-lea")
