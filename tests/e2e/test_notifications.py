"""Hearing of a run that failed: from the page where an address is set to the mail in the box."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.mailbox import Mailbox, served
from ..support.notebooks import notebook
from ..support.people import Person
from ..support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.platform]
PAGE = "/services/nightdesk/notifications"


def test_a_failed_run_is_told_by_mail_once_the_address_is_confirmed(
    grace: Person, desk: Callable[[str], Desk], tmp_path: Path
) -> None:
    mailbox = Mailbox()

    def subjects() -> list[str]:
        return [str(mail["Subject"]) for _to, mail in mailbox.arrived]

    with served(mailbox, *grace.platform.mail_server):
        window = desk(grace.name)
        window.sign_in(grace.password, to=PAGE)
        page = window.page
        expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
        expect(page.locator(".empty")).to_contain_text("Nothing yet")
        page.get_by_label("E-mail").fill("grace@example.org")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#confirm")).to_contain_text("grace@example.org")
        window.picture("notifications-confirm")
        until(subjects, "the code arrives")
        code = re.search(r"(\d{6})$", subjects()[0])
        assert code is not None
        page.get_by_label("Code").fill("000000")
        page.get_by_role("button", name="Confirm").click()
        expect(page.locator("main")).to_contain_text("This is not the code")
        page.get_by_label("Code").fill(code[1])
        page.get_by_role("button", name="Confirm").click()
        expect(page.locator("#confirm")).to_have_count(0)

        good = grace.runs.submit(notebook("1"), name="all is well")
        bad = grace.runs.submit(notebook("1 / 0"), name="night job")
        grace.runs.end(good["id"])
        grace.runs.end(bad["id"])
        until(lambda: "night job: failed" in subjects(), "the mail about the run arrives", 30)
        assert "all is well" not in " ".join(subjects())
        told = len(mailbox.arrived)
        text = mailbox.arrived[-1][1].get_content()
        assert "cell 1: ZeroDivisionError" in text
        assert f"/services/nightdesk/runs/{bad['id']}" in text

        # Of what a schedule runs she wishes to hear always.
        (tmp_path / "digest.py").write_text("print('here it is')\n")
        when = ("--cron", "0 6 1 1 *", "--zone", "UTC", "--size", "tiny", "--notify", "always")
        grace.command("schedule", "add", "digest.py", *when, cwd=tmp_path).check_returncode()
        assert "of each run's end" in grace.command("schedule", "show", "digest.py").stdout
        grace.command("schedule", "run", "digest.py").check_returncode()
        until(lambda: subjects()[told:] == ["digest.py: succeeded"], "the mail about what went well", 30)
        grace.command("schedule", "rm", "digest.py").check_returncode()

        page.goto(PAGE)
        expect(page.locator("#sent tbody tr").nth(1)).to_contain_text(f"run {bad['id']}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            window.picture(f"notifications-{scheme}")
        page.set_viewport_size({"width": 390, "height": 844})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), "it fits a phone"
        window.picture("notifications-phone")
        assert window.troubles == []
