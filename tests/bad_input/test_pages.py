"""What people look at: pages of runs that show too much, or what is made to do harm, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Request, expect

from ..support.browser import Desk, chromium
from ..support.notebooks import code, notebook
from ..support.people import Person
from ..support.platform import Platform
from .conftest import Ended
from .hostile import HARM, HARMFUL_FILES

pytestmark = [pytest.mark.browser, pytest.mark.platform]
Say = Callable[[object], None]
API = "/services/nightdesk/api/v1"
RUN_PAGE = "/services/nightdesk/runs"


@pytest.fixture(scope="module")
def desk(platform: Platform, eve: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Eve's browser, signed in: what runs in it could do anything in her name."""
    with chromium() as browser:
        window = Desk(browser, platform.address, tmp_path_factory.mktemp("pictures"), "eve")
        window.sign_in(eve.password, to="/services/nightdesk/")
        expect(window.page.locator("h1")).to_contain_text("uns")
        yield window
        window.close()


class Looking:
    """One look at an address: everything that leaves the browser meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self.page = desk.page
        self.asked: list[str] = []

    def __enter__(self) -> Looking:
        self.page.goto("about:blank")
        self.page.on("requestfinished", self._note)
        self.page.on("requestfailed", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self.page.remove_listener("requestfinished", self._note)
        self.page.remove_listener("requestfailed", self._note)

    def _note(self, request: Request) -> None:
        if request.failure != "csp":  # what the policy forbids never leaves the browser
            self.asked.append(request.url)

    def at(self, path: str) -> str:
        """Go there and wait until nothing more comes; the title, or "download" where nothing is shown."""
        self.asked.clear()
        try:
            self.page.goto(path, wait_until="load")
        except Exception as error:
            if "Download is starting" in str(error):
                return "download"
            raise
        self.page.wait_for_timeout(300)
        return self.page.title()


@pytest.mark.case(28)
@pytest.mark.security(12)
def test_harmful_files_are_inert_when_somebody_opens_them(desk: Desk, ended: Ended, got: Say) -> None:
    run = ended.succeeded("harmful")
    told = []
    with Looking(desk) as look:
        for name in HARMFUL_FILES:
            path = f"{API}/runs/{run['id']}/outputs/{quote(name)}"
            title = look.at(path)
            assert "RAN" not in title, name
            assert look.asked == [f"{desk.address}{path}"], name
            told.append(f"{name}: {'downloaded' if title == 'download' else 'shown, inert'}")
            if title != "download" and name == "page.html":
                provoke(desk)
                assert "RAN" not in desk.page.title()
                assert desk.page.url == f"{desk.address}{path}"
                assert look.asked == [f"{desk.address}{path}"], "the form went nowhere"
    assert [cookie for cookie in desk.page.context.cookies() if "ran" in cookie["name"].lower()] == []
    got("; ".join(told))


def provoke(desk: Desk) -> None:
    """Press everything that can be pressed, as somebody curious would."""
    for what in ("#button", "#submit", "#script-link", "#framed"):
        thing = desk.page.locator(what)
        if thing.count():
            thing.first.click(timeout=2000, no_wait_after=True)
    desk.page.wait_for_timeout(300)


@pytest.mark.case(28)
@pytest.mark.security(12)
def test_a_notebook_of_harmful_outputs_is_inert_as_a_page(desk: Desk, ended: Ended) -> None:
    run = ended.succeeded("harmful")
    path = f"{API}/runs/{run['id']}/outputs/notebook.html"
    with Looking(desk) as look:
        title = look.at(path)
        assert "RAN" not in title
        provoke(desk)
        assert "RAN" not in desk.page.title()
        assert look.asked == [f"{desk.address}{path}"]
    expect(desk.page.locator("body")).to_contain_text("the harmless end")
    answer = ended.runs.call("GET", f"/runs/{run['id']}/outputs/notebook.html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "allow-" not in policy


@pytest.mark.case(28)
def test_words_of_a_run_are_words_on_its_page(desk: Desk, eve: Person) -> None:
    source = notebook(code("x = ''", "parameters"), f"print({HARM!r})", f"raise ValueError({HARM!r})")
    asked = {"name": "<script>document.title='RAN'</script>", "parameters": {"x": HARM}}
    run = eve.runs.end(eve.runs.submit(source, "<img src=x onerror=alert(1)>.ipynb", **asked)["id"])
    assert run["status"] == "failed"
    for path in (f"{RUN_PAGE}/{run['id']}", "/services/nightdesk/"):
        desk.page.goto(path)
        expect(desk.page.locator("body")).to_contain_text("<script>document.title='RAN'</script>")
        assert "RAN'" in desk.page.title() or desk.page.title() != "RAN"
        for made in ("iframe", "form[action*=canary]", "img[onerror]", "svg[onload]", "main script"):
            assert desk.page.locator(made).count() == 0, (path, made)
    assert not desk.troubles


@pytest.mark.case(14)
def test_the_page_of_3000_displays_answers(desk: Desk, ended: Ended, got: Say) -> None:
    run = ended.succeeded("displays")
    desk.page.goto(f"{RUN_PAGE}/{run['id']}")
    expect(desk.page.locator('[data-field="status"]')).to_have_text("succeeded")
    desk.page.goto(f"{API}/runs/{run['id']}/outputs/notebook.html")
    expect(desk.page.locator("b", has_text="number 2999")).to_be_visible()
    assert desk.page.locator("b", has_text="number").count() == 3000
    large = ended.succeeded("large displays")
    words = "40 outputs of 40,"
    assert words in ended.log("large displays")
    assert "after" in ended.log("large displays")
    size = next(output["size"] for output in large["outputs"] if output["name"] == "notebook.ipynb")
    assert size < 25_000_000
    got("run page and notebook.html show them; of 60 MB: [nightdesk: 40 outputs … left out here …]")


@pytest.mark.case(14)
@pytest.mark.thorough
def test_the_page_of_20_mb_of_displays_answers(ended: Ended) -> None:
    ended.succeeded("large displays")
    assert "left out here" in ended.page("large displays")


@pytest.mark.case(16)
def test_the_page_shows_colours_and_none_of_the_rest(desk: Desk, ended: Ended) -> None:
    run = ended.succeeded("escapes")
    desk.page.goto(f"{RUN_PAGE}/{run['id']}")
    log = desk.page.locator("#log")
    expect(log).to_contain_text("after")
    expect(log.locator(".ink-red")).to_have_text("red")
    expect(log.locator(".ink-green.bold")).to_have_text("green")
    shown = log.inner_text()
    assert "red green plain" in shown
    assert not [character for character in shown if ord(character) < 32 and character not in "\n\t"]
    assert not [word for word in ("[31m", "]0;", "a title", "example.org") if word in shown]
    assert desk.page.title().startswith("escapes.ipynb")
