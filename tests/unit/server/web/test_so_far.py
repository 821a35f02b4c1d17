"""The notebook of a run that goes on: what was executed of it, as a page that can do nothing, made seldom."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.web import so_far as subject
from nightdesk.server.web.so_far import SoFar

from ..workbench import ADA, BOB, code, notebook
from .site import API, BASE, Answer, Site


def executed(*outputs: str) -> bytes:
    """A notebook of four cells as the runner has saved it: the first ones have shown that."""
    cells = [code(f"source_{number}") for number in range(1, 5)]
    for cell, shown in zip(cells, outputs, strict=False):
        data = {"output_type": "display_data", "metadata": {}, "data": {"text/html": shown}}
        cell.update(outputs=[data], execution_count=1)
    return notebook(*cells)


def going(site: Site, content: bytes | None, cell: int = 2, **wanted: Any) -> Run:
    """A run that is at this cell, whose runner has saved that."""
    taken = site.bench.records.claim(site.bench.submit(**wanted).id, "worker-1")
    assert taken is not None
    run = site.bench.records.change(taken, status=Status.RUNNING, cell=cell, cells=4)
    saved(site, run, content)
    return run


def saved(site: Site, run: Run, content: bytes | None) -> None:
    site.bench.folders.prepare(run, {}, io.BytesIO(b""), None)
    if content is not None:
        site.bench.folders.folders[run.id, run.attempt].result["notebook.ipynb"] = content


def look(site: Site, run: Run, **how: Any) -> Answer:
    return site.get(f"/runs/{run.id}/so-far", ADA, **how)


@pytest.fixture
def paced(site: Site) -> Iterator[list[float]]:
    """A clock that a test moves on."""
    now = [1000.0]
    site.app.state.so_far = SoFar(lambda: now[0])
    return now


def test_what_was_executed_is_there_and_the_rest_is_not(site: Site) -> None:
    run = going(site, executed("<b>first</b>", "<script>alert(1)</script><b>second</b>"))
    answer = look(site, run)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("sandbox;"), "as of one that is over"
    assert "allow-" not in answer.headers["content-security-policy"]
    assert "<b>first</b>" in answer.text
    assert "<b>second</b>" in answer.text
    assert "source_2" in answer.text
    assert "column-reverse" in answer.text, "its newest cell is in sight without a script"
    assert "source_3" not in answer.text
    assert 'id="now">Cell 2 of 4: what follows is not executed yet.' in answer.text
    assert site.bench.records.outputs([run.id])[run.id] == [], "nothing of it is kept among the outputs"
    assert "None of its 4 cells" in look(site, going(site, executed(), cell=0)).text
    assert "Cell 4 of 4, the last one." in look(site, going(site, executed("x"), cell=4)).text


def test_a_new_page_is_made_when_it_was_saved_anew_and_seldom(site: Site, paced: list[float]) -> None:
    run = going(site, executed("<b>first</b>"))
    first = look(site, run)
    again = look(site, run, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    saved(site, run, executed("<b>first</b>", "<b>second</b>"))
    assert look(site, run).body == first.body, "it was made just now"
    paced[0] += 3600
    later = look(site, run, headers={"If-None-Match": first.headers["etag"]})
    assert later.status == 200
    assert "<b>second</b>" in later.text
    assert later.headers["etag"] != first.headers["etag"]


def test_all_who_look_read_the_same_page(
    site: Site, paced: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(file: Any, size: int, title: str, cell: int) -> Iterator[bytes]:
        made.append((size, title, cell))
        yield b"<p>" + file.read()[:1]

    monkeypatch.setattr(site.app.state.renderer, "so_far", counted)
    content = executed("x")
    run = going(site, content)
    assert {look(site, run).body for _ in range(20)} == {b"<p>{"}
    paced[0] += 3600
    assert look(site, run).body == b"<p>{", "nothing was saved since"
    assert made == [(len(content), run.name, 2)]
    for _ in range(20):
        other = going(site, content)
        look(site, other)
    assert len(site.app.state.so_far._pages) == subject._MOST, "and few are kept"


@pytest.mark.parametrize(
    "content", [b"", b"[1", b"{}", b"null", b'{"nbformat": 4, "cells": [1]}', b"\xff\xfe" * 2**20]
)
def test_what_is_no_notebook_is_told_in_words(site: Site, content: bytes) -> None:
    """Code can write there as well as the runner."""
    answer = look(site, going(site, content))
    assert answer.status == 200
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert "cannot be shown" in answer.text
    assert "Traceback" not in answer.text


def test_before_and_after_and_too_much(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No cell has been executed yet." in look(site, going(site, None)).text
    assert "No cell has been executed yet." in look(site, site.bench.submit()).text
    over = site.finished()
    answer = look(site, over)
    assert (answer.status, answer.headers["location"]) == (307, f"{API}/runs/{over.id}/outputs/notebook.html")
    monkeypatch.setattr(subject, "RENDER_BYTES", 100)
    assert "too much to be shown as a page" in look(site, going(site, executed("x"))).text


def test_a_script_has_no_cells(site: Site) -> None:
    run = site.submit(source=b"print(1)", file="a.py").json
    answer = site.get(f"/runs/{run['id']}/so-far", ADA)
    assert (answer.status, answer.json["error"]["hint"]) == (409, "Read its log.")
    page = site.ask("GET", f"{BASE}/runs/{run['id']}", ADA, cookie=True)
    assert 'id="so-far"' not in page.text


def test_its_page_has_a_frame_for_it(site: Site) -> None:
    run = going(site, executed("x"))
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True).text
    assert f'<iframe class="frame" src="{API}/runs/{run.id}/so-far" sandbox ' in page
    assert 'loading="lazy"' in page, "nothing is made of it for who does not look"
    assert 'id="so-far"' not in site.ask("GET", f"{BASE}/runs/{site.finished().id}", ADA, cookie=True).text
    waiting = site.ask("GET", f"{BASE}/runs/{site.bench.submit().id}", ADA, cookie=True).text
    assert '<section id="so-far" hidden>' in waiting


def test_who_may_not_see_the_run_sees_none_of_it(site: Site) -> None:
    run = going(site, executed("<b>first</b>"))
    assert site.get(f"/runs/{run.id}/so-far", BOB).status == 404
    assert json.loads(site.get(f"/runs/{run.id}/so-far").body)["error"]["code"] == "sign_in_needed"
