"""In a real browser with a signed-in person: what outputs and pages get, and from where pages load."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Request

from ..support.browser import Desk, chromium
from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
Say = Callable[[object], None]
DESK = "/services/nightdesk"

# Says in the page's title and body what it got; a page that runs it at all is the first failure.
SPY = """<!DOCTYPE html><title>quiet</title><body><p id="end">the end</p><script>
document.title = "RAN";
(async () => {
  const told = {origin: self.origin, cookie: "", api: 0, hub: 0};
  try { told.cookie = document.cookie; } catch (error) { told.cookie = "refused"; }
  for (const [name, path] of [["api", "/services/nightdesk/api/v1/user"], ["hub", "/hub/api/user"]]) {
    try { told[name] = (await fetch(path, {credentials: "include"})).status; } catch (error) { told[name] = -1; }
  }
  document.title = "RAN " + JSON.stringify(told);
})();
</script><iframe src="/services/nightdesk/"></iframe><object data="/services/nightdesk/"></object>
<a id="top" href="/services/nightdesk/" target="_top">up</a><a id="new" href="/hub/home" target="_blank">new</a>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def bobs_desk(
    browser: Browser, platform: Platform, bob: Person, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    window = Desk(browser, platform.address, tmp_path_factory.mktemp("pictures"), bob.name)
    window.sign_in(bob.password, to=f"{DESK}/")
    window.page.wait_for_url(f"**{DESK}/")
    yield window
    window.close()


@pytest.mark.security(12)
def test_an_output_that_spies_gets_nothing(bobs_desk: Desk, bob: Person, tried: Say) -> None:
    cell = f"import os, pathlib\nspy = {SPY!r}\n(pathlib.Path(os.environ['NIGHTDESK_OUTPUT_DIR']) / 'spy.html').write_text(spy)"
    shown = "from IPython.display import HTML, Javascript\ndisplay(HTML(spy))\ndisplay(Javascript('document.title=\"RAN js\"'))"
    run = bob.runs.end(bob.runs.submit(notebook(cell, shown))["id"])
    assert run["status"] == "succeeded", run
    page = bobs_desk.page
    addresses = [f"{DESK}/api/v1/runs/{run['id']}/outputs/{name}" for name in ("spy.html", "notebook.html")]
    for address in addresses:
        asked: list[str] = []

        def note(request: Request, into: list[str] = asked) -> None:
            if request.failure != "csp":
                into.append(request.url)

        page.goto("about:blank")
        page.on("requestfinished", note)
        response = page.goto(address)
        page.wait_for_timeout(500)
        page.remove_listener("requestfinished", note)
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert policy.startswith("sandbox;"), policy
        assert "allow-same-origin" not in policy
        assert "allow-scripts" not in policy
        assert "RAN" not in page.title(), page.title()
        assert asked == [bobs_desk.address + address], asked
    page.goto(f"{DESK}/runs/{run['id']}")
    page.wait_for_timeout(500)
    assert "RAN" not in page.title()
    for frame in page.frames[1:]:
        assert "RAN" not in frame.title()
    tried(
        "a page of a run's and a notebook's HTML, by address and on the run's page: no script runs, no request leaves"
    )


@pytest.mark.security(13, 14)
def test_pages_load_from_here_alone(
    bob: Person,
    admin: Person,
    bobs_desk: Desk,
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    tried: Say,
) -> None:
    run = bob.runs.end(bob.runs.submit(notebook("print(1)"))["id"])
    bob.session(environment="python-data", size="tiny")
    window = Desk(browser, bobs_desk.address, tmp_path_factory.mktemp("pictures"), "admin")
    window.sign_in(admin.password)
    window.page.wait_for_url("**/hub/home")
    visits = [
        (
            bobs_desk,
            (
                "/hub/home",
                "/hub/spawn",
                "/hub/token",
                "/hub/password",
                f"{DESK}/",
                f"{DESK}/runs/{run['id']}",
            ),
        ),
        (
            bobs_desk,
            (f"{DESK}/environments", f"{DESK}/environments/python-data", "/user/bob/lab", f"{DESK}/nothing"),
        ),
        (
            window,
            ("/hub/admin", "/hub/accounts", f"{DESK}/environments/builds", f"{DESK}/environments/cleaning"),
        ),
    ]
    count = 0
    for desk, paths in visits:
        for path in paths:
            desk.page.goto(path)
            desk.page.wait_for_timeout(1500 if path.endswith("/lab") else 200)
            count += 1
        elsewhere = [trouble for trouble in desk.troubles if " asks " in trouble]
        assert elsewhere == []
    readable = bobs_desk.page.evaluate("document.cookie")
    assert {part.partition("=")[0].strip() for part in readable.split(";") if part} <= {"_xsrf"}, readable
    window.close()
    tried(
        f"{count} pages of hub, platform and Lab: every request goes to the platform; scripts read no cookie but _xsrf"
    )


@pytest.mark.security(14)
def test_nobody_elsewhere_frames_a_page(bobs_desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = bobs_desk.page.context.new_page()
    folder = tmp_path_factory.mktemp("elsewhere")
    frames = {
        name: f"{bobs_desk.address}{path}" for name, path in (("pages", f"{DESK}/"), ("hub", "/hub/home"))
    }
    file = folder / "frame.html"
    file.write_text(
        "".join(f'<iframe name="{name}" src="{address}"></iframe>' for name, address in frames.items())
    )
    page.goto(f"file://{file}")
    page.wait_for_timeout(1500)
    for frame in page.frames[1:]:
        assert "chrome-error" in frame.url, json.dumps([each.url for each in page.frames])
    page.close()
