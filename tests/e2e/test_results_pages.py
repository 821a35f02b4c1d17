"""What runs leave, in a real browser: every kind of file, reports for who is on their list, metrics as pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from ..support.browser import Desk
from ..support.notebooks import notebook
from ..support.people import Person, join
from ..support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.platform]
BASE = "/services/nightdesk"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
EVIL = "<script>parent.document.title='ran';fetch('/hub/api/user')</script><img src=x onerror=\"document.title='ran'\">"
LEAVING = f"""
import base64, json
import pandas as pd
import nightdesk
out = nightdesk.output_dir
(out / "tables").mkdir()
frame = pd.DataFrame({{"day": pd.date_range("2026-11-01", periods=300), "amount": range(300), "word": ["ünï"] * 300}})
frame.to_csv(out / "tables" / "sales.csv", index=False)
frame.to_parquet(out / "tables" / "sales.parquet")
evil = {EVIL!r}
(out / "page.html").write_text(f"<h1>A page</h1>{{evil}}<form action='/hub/logout'><button>Go</button></form>")
(out / "notes.md").write_text(f"# Notes\\n\\n{{evil}}\\n\\n- one\\n- two\\n")
(out / "settings.json").write_text(json.dumps({{"model": {{"depth": 4, "evil": evil}}, "rows": list(range(100))}}))
(out / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='80' onload=\\"document.title='ran'\\">"
    "<circle cx='40' cy='40' r='30' fill='teal'/></svg>")
(out / "dot.png").write_bytes(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC"))
(out / "lines.txt").write_text(evil + "\\nsecond line\\n")
"""
SHOWING = """
from IPython.display import HTML, display
display(HTML("<b>bold</b><script>parent.document.title='ran'</script>"))
print("the result is 42")
"""
LOGGING = """
for step in range(60):
    nightdesk.log_metric("loss", 1 / (step + 1) + depth / 100, step=step)
nightdesk.log_metric("accuracy", 0.8 + depth / 100)
"""


@pytest.fixture(scope="module")
def rosa(platform: Platform) -> Person:
    """A member with runs of her own."""
    return join(platform, "rosa")


@pytest.fixture(scope="module")
def run(rosa: Person) -> dict[str, Any]:
    """A run that has left a file of each kind."""
    source = notebook("depth = 4", LEAVING, SHOWING, LOGGING)
    submitted = rosa.runs.submit(source, name="Results of all kinds")
    ended = rosa.runs.end(submitted["id"])
    assert ended["status"] == "succeeded", ended
    return ended


@pytest.fixture
def window(desk: Callable[[str], Desk], rosa: Person) -> Desk:
    """Her browser, signed in."""
    opened = desk(rosa.name)
    opened.sign_in(rosa.password, to=f"{BASE}/")
    expect(opened.page.locator("h1")).to_have_text("My runs")
    return opened


def test_every_kind_of_file_is_shown_and_none_runs(window: Desk, run: dict[str, Any]) -> None:
    page = window.page
    page.goto(f"{BASE}/runs/{run['id']}")
    page.locator(".outputs summary", has_text="tables/").wait_for()
    window.picture("50-outputs-tree")
    page.locator(".outputs a", has_text="sales.csv").click()
    expect(page.locator("#preview")).to_have_attribute("data-kind", "table")
    expect(page.locator("#preview th").first).to_contain_text("day")
    expect(page.locator("#preview th").nth(1)).to_contain_text("integer")
    expect(page.locator("#preview tbody tr")).to_have_count(200)
    window.picture("51-csv")
    shown = {
        "tables/sales.parquet": ("table", lambda: expect(page.locator("#preview th").first).to_contain_text("timestamp")),
        "settings.json": ("json", lambda: expect(page.locator("#preview .key").first).to_have_text("model")),
        "lines.txt": ("text", lambda: expect(page.locator("#preview pre")).to_contain_text("second line")),
        "dot.png": ("image", lambda: expect(page.locator("#preview img")).to_have_js_property("naturalWidth", 10)),
        "notes.md": ("markdown", lambda: expect(page.frame_locator("iframe").locator("li").last).to_have_text("two")),
        "drawing.svg": ("drawing", lambda: expect(page.frame_locator("iframe").locator("img")).to_be_visible()),
        "page.html": ("html", lambda: expect(page.frame_locator("iframe").locator("h1")).to_have_text("A page")),
        "notebook.ipynb": ("notebook", lambda: expect(page.frame_locator("iframe").locator("body")).to_contain_text("is 42")),
    }  # fmt: skip
    for number, (name, (kind, looks)) in enumerate(shown.items()):
        page.goto(f"{BASE}/runs/{run['id']}/outputs/{name}")
        expect(page.locator("#preview")).to_have_attribute("data-kind", kind)
        looks()
        assert "ran" not in page.title().split(), name
        window.picture(f"52-{number}-{kind}")
    assert window.troubles == []


def test_what_is_opened_by_itself_runs_nothing_either(window: Desk, run: dict[str, Any]) -> None:
    page = window.page
    api = f"{BASE}/api/v1/runs/{run['id']}"
    for path in ("outputs/page.html", "view/notes.md", "view/drawing.svg", "outputs/notebook.html"):
        page.goto(f"{api}/{path}")
        page.locator("body").wait_for()
        assert "ran" not in page.title().split(), path
        assert page.evaluate("self.origin") == "null", "it is of no origin"


def test_a_report_is_for_who_is_on_its_list(
    window: Desk, desk: Callable[[str], Desk], platform: Platform, run: dict[str, Any]
) -> None:
    reader, other = join(platform, "rita"), join(platform, "otto")
    page = window.page
    page.goto(f"{BASE}/runs/{run['id']}")
    page.get_by_role("link", name="Make a report of this").click()
    page.get_by_label("Address").fill("all-kinds")
    page.get_by_label("Title").fill("All kinds of results")
    page.get_by_label("show the inputs").uncheck()
    page.get_by_label("Who sees it").fill(reader.name)
    window.picture("55-report-form")
    page.get_by_role("button", name="Make the report").click()
    expect(page.locator("h1")).to_have_text("All kinds of results")
    window.picture("56-report-owner")
    theirs = desk(reader.name)
    theirs.sign_in(reader.password, to=f"{BASE}/reports")
    theirs.page.get_by_role("link", name="All kinds of results").click()
    body = theirs.page.frame_locator("iframe").locator("body")
    expect(body).to_contain_text("the result is 42")
    expect(body).not_to_contain_text("log_metric")
    theirs.picture("57-report-reader")
    with theirs.page.expect_download() as saved:
        theirs.page.get_by_role("link", name="PDF").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF-")
    theirs.page.goto(f"{BASE}/runs/{run['id']}")
    expect(theirs.page.locator("body")).to_contain_text("There is no run")
    nobody = desk(other.name)
    nobody.sign_in(other.password, to=f"{BASE}/reports/all-kinds")
    expect(nobody.page.locator("body")).to_contain_text("There is no report")
    with theirs.another(
        "58-report-phone", f"{BASE}/reports/all-kinds", color_scheme="dark", **PHONE
    ) as phone:
        expect(phone.locator("h1")).to_have_text("All kinds of results")
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert theirs.troubles == []


def test_metrics_are_drawn(window: Desk, rosa: Person, run: dict[str, Any]) -> None:
    for depth in (2, 6):
        source = notebook(f"import nightdesk\ndepth = {depth}", LOGGING)
        rosa.runs.end(rosa.runs.submit(source, name="Results of all kinds")["id"])
    page = window.page
    page.goto(f"{BASE}/runs/{run['id']}")
    section = page.locator("#metrics")
    expect(section.locator("tr[data-metric=loss]")).to_contain_text("60")
    expect(section.locator("figure.chart")).to_have_count(1)
    assert section.locator("path.line").get_attribute("d").count("L") == 59
    section.scroll_into_view_if_needed()
    window.picture("60-metrics-run")
    section.get_by_role("link", name="The metrics of all runs of this name").click()
    expect(page.locator("#compared circle")).to_have_count(3)
    window.picture("61-metrics-over-runs")
    page.locator("#what").select_option("loss")
    expect(page.locator("#compared figcaption")).to_contain_text("loss")
    with window.another("62-metrics-phone-dark", page.url, color_scheme="dark", **PHONE) as phone:
        expect(phone.locator("#compared circle")).to_have_count(3)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert window.troubles == []
