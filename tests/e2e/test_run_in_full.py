"""What one does with a run on its pages, in a real browser: look at its cells, run it again with changes, show it, compare it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.notebooks import code, notebook
from ..support.people import Person, join
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"
CELLS = 380
# As a file that the code leaves, because what cells may show is limited.
LARGE = f"""
import base64, json, random
import nightdesk
picture = base64.b64encode(random.Random(1).randbytes(30000)).decode()
def cell(number):
    text = "".join(f"line {{number}} {{line}} {{random.random()}}\\n" for line in range(1200))
    outputs = [{{"output_type": "display_data", "metadata": {{}}, "data": {{"image/png": picture}}}},
               {{"output_type": "stream", "name": "stdout", "text": text}}]
    source = f"number = {{number}}"
    return {{"cell_type": "code", "metadata": {{}}, "execution_count": number, "source": source, "outputs": outputs}}
formula = {{"cell_type": "markdown", "metadata": {{}}, "source": "$$\\\\frac{{a}}{{b}}$$"}}
cells = [formula, *(cell(number) for number in range({CELLS}))]
document = {{"nbformat": 4, "nbformat_minor": 4, "metadata": {{}}, "cells": cells}}
(nightdesk.output_dir / "large.ipynb").write_text(json.dumps(document))
"""


@pytest.fixture(scope="module")
def mara(platform: Platform) -> Person:
    """A member with runs of her own."""
    return join(platform, "mara")


@pytest.fixture
def window(desk: Callable[[str], Desk], mara: Person) -> Desk:
    """Her browser, signed in."""
    opened = desk(mara.name)
    opened.sign_in(mara.password, to=f"{BASE}/")
    expect(opened.page.locator("h1")).to_have_text("My runs")
    return opened


def test_a_large_notebook_shows_its_beginning_and_fills_in(window: Desk, mara: Person) -> None:
    run = mara.runs.end(mara.runs.submit(notebook(LARGE), name="large")["id"])
    assert run["status"] == "succeeded", run
    page = window.page
    page.goto(f"{BASE}/runs/{run['id']}/outputs/large.ipynb", wait_until="domcontentloaded")
    frame = page.frame_locator("iframe")
    expect(frame.locator("mfrac")).to_be_visible()
    expect(frame.locator(".jp-CodeCell").first).to_contain_text("line 0 0")
    expect(frame.locator(".jp-CodeCell")).to_have_count(CELLS, timeout=120_000)
    window.picture("70-large-notebook")
    assert window.troubles == []


def test_again_with_changes_compared_and_shown_to_somebody(
    window: Desk, mara: Person, desk: Callable[[str], Desk], platform: Platform
) -> None:
    reader = join(platform, "nora")
    source = notebook(code("rate = 0.1  # of learning", "parameters"), "print('rate is', rate)")
    first = mara.runs.end(mara.runs.submit(source, name="training")["id"])
    page = window.page
    page.goto(f"{BASE}/runs/{first['id']}")
    expect(page.locator("#cells .cell.ok")).to_have_count(2)
    expect(page.locator("#cells .took").first).to_have_text(re.compile(r"\d"))
    page.get_by_role("link", name="With changes").click()
    expect(page.get_by_label("rate")).to_be_visible()
    page.get_by_label("rate").fill("0.5")
    window.picture("71-again")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator('[data-field="status"]')).to_have_text("succeeded")
    expect(page.locator("#log")).to_contain_text("rate is 0.5")
    again = page.url.rsplit("/", 1)[1]
    page.goto(f"{BASE}/")
    page.locator("h1").click()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    page.locator("#compare a").click()
    expect(page.locator("#parameters tr.differs")).to_contain_text("0.5")
    page.locator("iframe").scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("rate is 0.5")
    window.picture("72-compared")
    page.goto(f"{BASE}/runs/{again}")
    page.locator("#share-form").get_by_label("whose name").fill(reader.name)
    page.locator("#share-form").get_by_role("button", name="Share").click()
    expect(page.locator("#share")).to_contain_text(reader.name)
    other = desk(reader.name)
    other.sign_in(reader.password, to=f"{BASE}/?owner=shared")
    other.page.get_by_role("link", name="training").click()
    expect(other.page.locator("#owner")).to_contain_text("shown to you for reading")
    expect(other.page.get_by_role("button", name="Exactly again")).to_have_count(0)
    page.get_by_role("button", name=f"No longer share with {reader.name}").click()
    other.page.reload()
    expect(other.page.locator("body")).to_contain_text("no run")
    assert window.troubles == []
