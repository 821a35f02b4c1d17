"""The pages of sweeps: the form counts before it sends, one page has the table, the best marked, in the order one asks for."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status

from ..workbench import ADA, BOB, ROOT
from .site import BASE, Answer, Site
from .test_sweeps import NOTEBOOK, send, succeeded

PAGES = f"{BASE}/sweeps"


def view(site: Site, path: str = "", person: Person = ADA) -> Answer:
    return site.ask("GET", f"{PAGES}{path}", person, cookie=True)


def xsrf(site: Site, person: Person) -> str:
    found = re.search(r'name="_xsrf" value="([^"]+)"', view(site, "/new", person).text)
    assert found is not None
    return found[1]


def fill(site: Site, source: bytes | None = NOTEBOOK, person: Person = ADA, **fields: str) -> Answer:
    """The form as a browser sends it."""
    boundary = "xxBOUNDARYxx"
    body = b""
    for name, value in {"_xsrf": xsrf(site, person), "kind": "grid", "do": "send", **fields}.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    if source is not None:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="source"; filename="train.ipynb"\r\n\r\n'.encode()
        body += source + b"\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return site.ask(
        "POST",
        f"{PAGES}/new",
        person,
        cookie=True,
        body=body + f"--{boundary}--\r\n".encode(),
        headers=headers,
    )


def places(page: str) -> list[int]:
    return [int(place) for place in re.findall(r'<tr id="m-(\d+)"', page)]


@pytest.fixture
def made(site: Site) -> dict[str, Any]:
    wanted = {"grid": {"lr": [0.1, 0.01], "depth": [2, 4]}, "at_most": 2, "metric": "accuracy"}
    document: dict[str, Any] = send(site, **wanted).json
    return document


def test_nothing_is_sent_before_it_was_counted(site: Site) -> None:
    before = len(site.get("/sweeps?limit=200", ADA).json["sweeps"])
    answer = fill(site, text="lr=0.1,0.2\ndepth=1,2,3")
    assert answer.status == 200
    assert "lr (2) x depth (3): 6 runs" in answer.text
    assert 'name="counted" value="6"' in answer.text
    assert "Send 6 runs" in answer.text
    assert len(site.get("/sweeps?limit=200", ADA).json["sweeps"]) == before
    changed = fill(site, text="lr=0.1\ndepth=1,2,3", counted="6")  # what was counted is not what is there now
    assert 'name="counted" value="3"' in changed.text
    sent = fill(site, text="lr=0.1,0.2\ndepth=1,2,3", counted="6", at_most="2", metric="accuracy", goal="min")
    assert sent.status == 303
    page = view(site, sent.headers["location"].removeprefix(PAGES)).text
    assert places(page) == [1, 2, 3, 4, 5, 6]
    assert "at most 2 at once" in page


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"kind": "list", "text": "lr=0.1 depth=2\nlr=0.5"}, 2),
        ({"kind": "random", "text": "lr=uniform:0,1\nname=choice:a,b", "number": "7", "seed": "3"}, 7),
        ({"kind": "csv", "text": "lr,depth\n0.1,2\n0.2,3\n0.3,4"}, 3),
        ({"kind": "grid", "text": 'name=["a,b","c"]', "parameters": "depth=8"}, 2),
    ],
)
def test_each_way_of_saying_them(site: Site, fields: dict[str, str], count: int) -> None:
    assert f'name="counted" value="{count}"' in fill(site, do="preview", **fields).text
    assert fill(site, counted=str(count), **fields).status == 303


def test_what_is_drawn_is_what_was_shown(site: Site) -> None:
    fields = {"kind": "random", "text": "lr=loguniform:0.001,1", "number": "4"}
    shown = fill(site, do="preview", **fields).text
    seed = re.search(r'name="seed" value="(\d+)"', shown)
    assert seed is not None
    first = re.search(r"<code>lr=([0-9.e-]+)</code>", shown)
    assert first is not None
    sent = fill(site, counted="4", **{**fields, "seed": seed[1]})
    sweep = site.get(f"/sweeps/{sent.headers['location'].rpartition('/')[2]}", ADA).json
    assert sweep["members"][0]["parameters"]["lr"] == float(first[1])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "no run"),
        ({"text": "lr"}, "no NAME=VALUES"),
        ({"text": "lr=1\nlr=2"}, "given twice"),
        ({"text": "lr=[1"}, "no JSON list"),
        ({"text": "lr=fast"}, "must be float"),
        ({"text": "wings=1"}, "no parameter"),
        ({"kind": "list", "text": "lr='1"}, "cannot be read"),
        ({"kind": "random", "text": "lr=normal:0,1"}, "no NAME=KIND:VALUES"),
        ({"kind": "random", "text": "lr=uniform:0"}, "two numbers"),
        ({"kind": "random", "text": "lr=uniform:0,1", "number": "x"}, "Random.count"),
        ({"kind": "csv", "text": "lr,lr\n1,2"}, "two columns"),
        ({"text": "lr=1", "at_most": "many"}, "At most: Input"),
        ({"text": "lr=1", "parameters": "x"}, "no NAME=VALUE"),
        ({"text": "lr=1", "environment": "nothing"}, "no environment"),
    ],
)
def test_what_cannot_be_is_said_on_the_form(site: Site, fields: dict[str, str], words: str) -> None:
    answer = fill(site, **fields)
    assert answer.status in {400, 404}
    text = html.unescape(answer.text)
    assert words in text
    assert fields["text"] in text  # what was typed stays


def test_a_form_without_a_file_says_so(site: Site) -> None:
    assert "Choose a notebook or script" in fill(site, None, text="lr=1").text


def test_the_best_is_marked_and_the_table_in_the_order_asked_for(site: Site, made: dict[str, Any]) -> None:
    runs = [each["run"] for each in made["members"]]
    page = view(site, f"/{made['id']}").text
    assert "no run has logged <code>accuracy</code> yet" in page
    assert "Stop the rest" in page
    succeeded(site, runs[0], accuracy=0.5, loss=3.0)
    succeeded(site, runs[1], accuracy=0.9, loss=4.0)
    succeeded(site, runs[3], accuracy=0.7, loss=1.0)
    path = f"/{made['id']}"
    page = view(site, path).text
    assert re.search(r'<tr id="m-2" class="best">', page)
    assert page.count('class="best"') == 1
    assert places(page) == [1, 2, 3, 4]
    assert places(view(site, f"{path}?sort=-m:accuracy").text) == [2, 4, 1, 3]  # who has none comes last
    assert places(view(site, f"{path}?sort=m:accuracy").text) == [1, 4, 2, 3]
    assert places(view(site, f"{path}?sort=p:lr").text) == [3, 4, 1, 2]
    assert places(view(site, f"{path}?sort=nonsense").text) == [1, 2, 3, 4]
    assert 'aria-sort="descending"' in view(site, f"{path}?sort=-m:accuracy").text
    by_loss = view(site, f"{path}?metric=loss&goal=min&sort=m:loss").text
    assert re.search(r'<tr id="m-4" class="best">', by_loss)
    assert "metric=loss&amp;goal=min&amp;sort=-m%3Aloss" in by_loss
    assert view(site, f"{path}?goal=x&metric=%00").status == 200


def test_when_none_waits_there_is_nothing_that_waits_to_stop(site: Site) -> None:
    made = send(site, grid={"lr": [0.1, 0.01]}).json
    assert "Stop what waits" in view(site, f"/{made['id']}").text
    for member in made["members"]:
        run = site.bench.records.claim(member["run"], "w")
        assert run is not None
        site.bench.records.change(run, status=Status.RUNNING)
    page = view(site, f"/{made['id']}").text
    assert "Stop the rest" in page
    assert "Stop what waits" not in page


def test_one_is_run_again_and_the_rest_stopped_from_the_page(site: Site, made: dict[str, Any]) -> None:
    path, runs = f"/{made['id']}", [each["run"] for each in made["members"]]
    succeeded(site, runs[1], accuracy=0.9)
    form = {"_xsrf": xsrf(site, ADA), "place": "2"}
    answer = site.ask("POST", f"{PAGES}{path}/again", ADA, cookie=True, form=form)
    assert (answer.status, answer.headers["location"]) == (303, f"{PAGES}{path}#m-2")
    member = site.get(f"/sweeps{path}", ADA).json["members"][1]
    assert (member["status"], member["earlier"]) == ("queued", 1)
    assert (
        site.ask("POST", f"{PAGES}{path}/again", ADA, cookie=True, form={**form, "place": "9"}).status == 404
    )
    assert site.ask("POST", f"{PAGES}{path}/stop", ADA, cookie=True, form=form).status == 303
    page = view(site, path).text
    assert "Stop the rest" not in page
    assert "by ada" in page
    assert site.bench.run(runs[0]).status is Status.CANCELLED
    of_admin = site.ask(
        "POST", f"{PAGES}{path}/again", ROOT, cookie=True, form={"_xsrf": xsrf(site, ROOT), "place": "1"}
    )
    assert re.fullmatch(f"{BASE}/runs/[a-z0-9]+", of_admin.headers["location"])


def test_lists_and_what_leads_to_a_sweep(site: Site, made: dict[str, Any]) -> None:
    assert made["id"] in view(site).text
    assert made["id"] not in view(site, person=BOB).text
    assert made["id"] in view(site, "?owner=all", ROOT).text
    run = made["members"][2]["run"]
    assert f'href="{PAGES}/{made["id"]}#m-3"' in site.ask("GET", f"{BASE}/runs/{run}", ADA, cookie=True).text
    listed = site.ask("GET", f"{BASE}/?sweep={made['id']}", ADA, cookie=True).text
    assert {each["run"] for each in made["members"]} == set(re.findall(r'<tr id="([a-z0-9]{12})"', listed))


def test_who_has_none_is_told_how_to_make_one(site: Site) -> None:
    assert "No sweeps here yet" in view(site, person=BOB).text


def test_what_people_wrote_is_text(site: Site) -> None:
    evil = "</td><script>alert(1)</script>'\""
    made = send(site, points=[{"name": evil}], name=evil[:60], metric="<b>x").json
    succeeded(site, made["members"][0]["run"], **{"<img src=x>": 1.0})
    page = view(site, f"/{made['id']}").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "<b>x" not in page
