"""A sweep in a real browser: counted before it is sent, live, the best marked, sorted, one run again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.notebooks import code, notebook
from ..support.people import join
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NOTEBOOK = notebook(
    code("lr = 0.1\ndepth = 2", "parameters"),
    "import time, nightdesk\ntime.sleep(1)\nnightdesk.log_metric('accuracy', 1 - abs(lr - 0.01) + depth / 1000)",
)


def test_a_sweep_from_the_form_to_the_best(platform: Platform, desk: Callable[[str], Desk]) -> None:
    person = join(platform, "sweta")
    window = desk(person.name)
    window.sign_in(person.password, to=f"{BASE}/sweeps")
    page = window.page
    expect(page.locator(".empty")).to_contain_text("No sweeps here yet")
    page.get_by_role("link", name="New sweep").click()
    page.set_input_files(
        "#source", files=[{"name": "train.ipynb", "mimeType": "application/json", "buffer": NOTEBOOK}]
    )
    page.locator("#text").fill("lr=0.1,fast")
    expect(page.locator("#makes")).to_contain_text("Run 2 of 2 (lr=fast): parameter 'lr' must be float")
    page.locator("#text").fill("lr=0.1,0.01,0.001\ndepth=2,8")
    expect(page.locator("#makes")).to_contain_text("lr (3) x depth (2): 6 runs")
    page.locator("#at_most").fill("2")
    page.locator("#metric").fill("accuracy")
    page.locator("#size").select_option("tiny")
    expect(page.locator("#send")).to_have_text("Send 6 runs")
    window.picture("60-sweep-form")
    page.locator("#send").click()
    expect(page.locator("#members tbody tr")).to_have_count(6)
    expect(page.locator("#counts")).to_contain_text("succeeded", timeout=60_000)  # live, nobody reloads
    expect(page.locator("#counts")).to_have_text(re.compile(r"6 succeeded"), timeout=120_000)
    best = page.locator("tr.best")
    expect(best).to_have_count(1)
    expect(best).to_contain_text("0.01")
    expect(page.locator("#facts")).to_contain_text("lr=0.01 depth=8")
    expect(page.locator("#stop")).to_have_count(0)
    expect(page.locator("#chart circle")).to_have_count(6)
    page.locator("thead a", has_text="accuracy").click()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#members tbody tr").last).to_have_class("best")
    page.locator("#goal").select_option("min")
    expect(page.locator("#members tbody tr").first).to_have_class("best")
    page.locator("#against").select_option("depth")
    expect(page.locator("#chart figcaption")).to_contain_text("accuracy against depth")
    window.picture("61-sweep")
    page.locator("#again-1").click()
    expect(page.locator("#m-1")).to_contain_text("again")
    expect(page.locator("#counts")).to_have_text(re.compile(r"6 succeeded"), timeout=60_000)
    with window.another("62-sweep-phone", page.url, **PHONE) as phone:
        expect(phone.locator("#members tbody tr")).to_have_count(6)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Its runs").click()
    expect(page.locator("table.runs tbody tr")).to_have_count(7)
    assert window.troubles == []
