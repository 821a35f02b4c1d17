"""A pipeline's page in a real browser: the picture moves by itself, also on a phone, by keyboard, and without scripts."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.people import Person, join
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
PIPELINES = "/services/nightdesk/pipelines"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark", "java_script_enabled": False}
STEPS = {
    "prepare": {"run": "quick.py"},
    "train": {"run": "slow.py", "needs": "prepare"},
    "check": {"run": "broken.py", "needs": "prepare"},
    "report": {"run": "quick.py", "needs": ["train", "check"]},
}
FILES = {
    "quick.py": b"pass\n",
    "slow.py": b"import time; time.sleep(8)\n",
    "broken.py": b"raise ValueError('not good')\n",
}


def send(person: Person) -> Any:
    text = json.dumps({"name": "pictured", "size": "tiny", "steps": STEPS})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    files = {
        "request": (None, "{}"),
        "source": ("pipeline.yaml", text.encode()),
        "files": ("files.tar.gz", buffer.getvalue()),
    }
    return person.runs.ask("POST", "/pipelines", files=files)


def test_the_picture_moves_by_itself(platform: Platform, desk: Callable[[str], Desk]) -> None:
    pia = join(platform, "pia")
    window = desk("pia")
    window.sign_in(pia.password, to=PIPELINES)
    page = window.page
    expect(page.locator(".empty")).to_contain_text("nightdesk pipeline run")
    made = send(pia)
    page.goto(f"{PIPELINES}/{made['id']}")
    page.evaluate("window.sameDocument = true")
    expect(page.locator("svg.graph a.spot")).to_have_count(4)
    expect(page.locator("#spot-prepare")).to_have_class("spot succeeded")
    expect(page.locator("#spot-train")).to_have_class("spot running")
    expect(page.locator("#says")).to_contain_text("1 of 4 steps done")
    page.locator("#spot-prepare").focus()
    window.picture("60-pipeline-live")
    expect(page.locator("article .status").first).to_have_text("failed")
    expect(page.locator("#spot-report")).to_have_class("spot not_run")
    expect(page.locator("#step-check .why")).to_contain_text("not good")
    assert page.evaluate("window.sameDocument"), "the page was not loaded anew"
    assert page.evaluate("document.activeElement.id") == "spot-prepare", "and the focus stayed where it was"
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("article .status").first).to_have_text("running")
    expect(page.locator("article .status").first).to_have_text("failed")
    with window.another("61-pipeline-phone", f"{PIPELINES}/{made['id']}", **PHONE) as phone:
        expect(phone.locator("#spot-train")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    with window.another("62-pipeline-dark", f"{PIPELINES}/{made['id']}", **DARK) as dark:
        expect(dark.get_by_role("button", name="Resume")).to_be_visible()
    page.locator("#spot-train").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("pictured: train")
    page.get_by_role("link", name=made["id"]).click()
    expect(page.locator("h1")).to_contain_text("pictured")
    assert not window.troubles
