"""Runs side by side: over REST, on the page and by the command; two notebooks by nbdime, however they are."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from nightdesk.server.domain.run import Run
from nightdesk.server.services import notebook_diff

from ..workbench import ADA, BOB, code, notebook
from .site import BASE, Site
from .test_outputs import leaving
from .test_result_commands import Run as Command
from .test_result_commands import nightdesk as nightdesk  # the command, against this site

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def printed(source: str, text: str = "", html: str = "") -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    if text:
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if html:
        outputs.append({"output_type": "display_data", "metadata": {}, "data": {"text/html": html}})
    return {**code(source), "outputs": outputs, "execution_count": 1}


@pytest.fixture
def two(site: Site) -> tuple[Run, Run]:
    """Two runs of ada's with different notebooks."""
    before = notebook(
        printed("a = 1\nb = 2"), printed("print(a)", "1\n"), printed("gone = 1"), printed("same")
    )
    after = notebook(
        printed("a = 1\nb = 3"), printed("print(a)", "2\n", EVIL), printed("same"), printed("new = 2")
    )
    return leaving(site, {"x.csv": b"1"}, executed=before), leaving(site, {"x.csv": b"2"}, executed=after)


def test_what_differs_of_two(site: Site, two: tuple[Run, Run]) -> None:
    told = site.get(f"/compare?run={two[0].id}&run={two[1].id}", ADA).json
    assert [run["id"] for run in told["runs"]] == [two[0].id, two[1].id]
    facts = {each["name"]: each for each in told["facts"]}
    assert facts["environment"]["same"]
    assert [each["name"] for each in told["outputs"]] == ["notebook.ipynb", "x.csv"]
    assert told["packages"] == []
    cells = {(each["before"], each["after"]): each["what"] for each in told["notebook"]["cells"]}
    assert cells[1, 1] == "changed"
    assert cells[2, 2] == "output"
    assert cells[4, 3] == "same"
    assert {"removed", "added"} <= set(cells.values())
    changed = next(each for each in told["notebook"]["cells"] if each["before"] == 1)
    assert changed["lines"][-2:] == ["-b = 2", "+b = 3"]


def test_the_page_and_the_frame(site: Site, two: tuple[Run, Run]) -> None:
    query = f"run={two[0].id}&run={two[1].id}"
    page = site.ask("GET", f"{BASE}/compare?{query}", ADA, cookie=True).text
    assert 'sandbox title="the notebooks' in page
    assert "x.csv" in page
    frame = site.get(f"/compare/notebooks?{query}", ADA)
    assert frame.status == 200
    assert frame.headers["content-security-policy"].startswith("sandbox;")
    assert '<td class="gone"><pre>b = 2</pre></td><td class="new"><pre>b = 3</pre></td>' in frame.text
    empty = site.ask("GET", f"{BASE}/compare?run={two[0].id}", ADA, cookie=True)
    assert empty.status == 200, "the form, with the one that is known"
    assert f'value="{two[0].id}"' in empty.text
    for query, status in (
        ("run=none,other", 404),
        (f"run={two[0].id}", 400),
        ("run=" + ",".join("abcdefg"), 400),
    ):
        assert site.get(f"/compare?{query}", ADA).status == status


def test_only_what_one_may_see(site: Site, two: tuple[Run, Run]) -> None:
    theirs = site.finished(BOB)
    assert site.get(f"/compare?run={two[0].id},{theirs.id}", ADA).status == 404
    site.bench.records.share_run(theirs, notebook_share(), "bob")
    assert site.get(f"/compare?run={two[0].id},{theirs.id}", ADA).status == 200


def notebook_share() -> Any:
    from nightdesk.server.domain.policy import Kind
    from nightdesk.server.domain.share import Share

    return Share(Kind.PERSON, "ada")


def test_notebooks_that_are_none_do_not_hide_the_rest(site: Site) -> None:
    first, second = site.finished(ADA), site.finished(ADA)
    told = site.get(f"/compare?run={first.id},{second.id}", ADA).json
    assert told["notebook"]["trouble"]
    assert told["facts"]


def test_notebooks_with_nothing_in_common_are_compared_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbdime alone takes minutes for these."""
    monkeypatch.setattr(notebook_diff, "_SECONDS", 0.5)

    def line(*at: int) -> str:
        return f"line {(at[0] * 7919 + at[1] * 31 + at[2]) % 977} {at[0]}"

    def unlike(seed: int) -> bytes:
        return notebook(
            *(code("\n".join(line(seed, cell, each) for each in range(40))) for cell in range(150))
        )

    began = time.monotonic()
    told = json.loads(notebook_diff.compare_notebooks(unlike(1), unlike(2)))
    assert time.monotonic() - began < 20
    assert sum(told["counts"].values()) >= 150
    same = json.loads(notebook_diff.compare_notebooks(unlike(1), unlike(1)))
    assert same["counts"]["same"] == 150


def test_nbdime_is_not_in_the_service() -> None:
    """It is imported where notebooks are compared, in the process that renders."""
    import subprocess
    import sys

    program = "import sys, nightdesk.server.web.app; print([m for m in ('nbdime', 'nbconvert') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_command(two: tuple[Run, Run], nightdesk: Command) -> None:
    code_, out, err = nightdesk("compare", two[0].id, two[1].id)
    assert code_ == 0, err
    assert "output x.csv" in out
    assert "+b = 3" in out
    assert "environment" not in out, "it is the same"
    assert "python-data:2026.11.1" in nightdesk("compare", two[0].id, two[1].id, "--all")[1]
    assert (
        json.loads(nightdesk("compare", two[0].id, two[1].id, "--json")[1])["notebook"]["counts"]["changed"]
        >= 1
    )
    assert nightdesk("compare", two[0].id)[0] == 2
    assert nightdesk("compare", two[0].id, "nothing")[0] == 1
