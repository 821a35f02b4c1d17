"""Outputs to look at: each kind as what it is, whatever is in it, and nothing of it runs."""

from __future__ import annotations

import contextlib
import io
import json
import time
import warnings
from typing import Any
from urllib.parse import quote

import pytest
from nightdesk.server.services import previews as work
from nightdesk.server.web.folders import folders_of
from nightdesk.server.web.renderer import Renderer

from ..workbench import ADA, code, notebook
from .site import BASE, Site
from .test_outputs import SCRIPT, leaving

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def preview(site: Site, name: str, content: bytes) -> dict[str, Any]:
    """What is answered about one file."""
    run = leaving(site, {name: content})
    answer = site.get(f"/runs/{run.id}/preview/{quote(name, safe='/')}", ADA)
    assert answer.status == 200, answer
    page = site.ask("GET", f"{BASE}/runs/{run.id}/outputs/{quote(name, safe='/')}", ADA, cookie=True)
    assert page.status == 200
    assert "<script>alert" not in page.text
    assert "onerror=" not in page.text.replace("&lt;img src=x onerror=", "")
    document: dict[str, Any] = answer.json
    assert (document["name"], document["size"]) == (name, len(content))
    assert f'data-kind="{document["kind"]}"' in page.text
    return document


def parquet(**columns: Any) -> bytes:
    """A Parquet file."""
    from arro3.core import Table
    from arro3.io import write_parquet

    file = io.BytesIO()
    write_parquet(Table.from_pydict(columns), file)
    return file.getvalue()


def test_csv(site: Site) -> None:
    text = f'day,amount,rate,ok,word,none\n2026-11-01,1,0.5,true,"{EVIL}",\n2026-11-02,-2,1e3,false,ü,\n'
    found = preview(site, "a/table.csv", text.encode())
    assert found["columns"] == [
        {"name": "day", "type": "date"}, {"name": "amount", "type": "integer"}, {"name": "rate", "type": "number"},
        {"name": "ok", "type": "true/false"}, {"name": "word", "type": "text"}, {"name": "none", "type": "empty"},
    ]  # fmt: skip
    assert found["rows"][1] == ["2026-11-02", "-2", "1e3", "false", "ü", ""]
    assert (found["kind"], found["more"]) == ("table", False)


def test_a_long_and_wide_csv_is_cut(site: Site) -> None:
    line = ";".join(["1"] * 250) + "\n"
    found = preview(site, "wide.csv", (line * 5000).encode())
    assert (len(found["rows"]), len(found["columns"]), found["more"], found["more_columns"]) == (
        200,
        200,
        True,
        50,
    )


def test_parquet(site: Site) -> None:
    from arro3.core import Array, DataType

    numbers = Array(list(range(500)), DataType.int64())
    words = Array([EVIL] * 500, DataType.string())
    found = preview(site, "table.parquet", parquet(number=numbers, word=words))
    assert found["columns"] == [{"name": "number", "type": "int64"}, {"name": "word", "type": "text"}]
    assert (len(found["rows"]), found["rows"][3], found["more"]) == (200, [3, EVIL], True)


@pytest.mark.parametrize(
    ("name", "content"),
    [("broken.parquet", b"PAR1 is no table"), ("broken.json", b'{"a": '), ("deep.json", b"[" * 100_000)],
)
def test_what_is_not_what_its_name_says_comes_as_text(site: Site, name: str, content: bytes) -> None:
    found = preview(site, name, content)
    assert found["kind"] == "text"
    assert found["trouble"]
    assert found["text"] == content.decode()


def test_json(site: Site) -> None:
    found = preview(site, "a.json", json.dumps({EVIL: [1, None, {"x": EVIL}], "n": 1.5}).encode())
    tree = found["tree"]
    assert (tree["kind"], tree["count"], found["unfolded"]) == ("object", 2, True)
    assert tree["children"][1] == {"key": "n", "kind": "value", "text": "1.5"}
    large = preview(site, "large.json", json.dumps([{"a": number} for number in range(5000)]).encode())
    assert (large["unfolded"], large["tree"]["count"], len(large["tree"]["children"])) == (False, 5000, 200)


@pytest.mark.parametrize("name", ["log.md", "picture.svg"])
def test_markup_is_shown_in_a_frame_that_runs_nothing(site: Site, name: str) -> None:
    content = f"# Title\n\n{EVIL}\n\n[link](javascript:alert(1))\n\n| a |\n|---|\n| 1 |\n".encode()
    if name.endswith(".svg"):
        content = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    found = preview(site, name, content)
    answer = site.ask("GET", found["view"], ADA)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text
    if name == "log.md":
        assert "<h1>Title</h1>" in answer.text
        assert "<td>1</td>" in answer.text
        assert "&lt;script&gt;" in answer.text


def test_notebooks_and_pages_are_framed(site: Site) -> None:
    made = {
        **code("print(1)"),
        "execution_count": 1,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "printed\n"}],
    }
    run = leaving(site, {"other.ipynb": notebook(made), "page.html": SCRIPT}, executed=notebook(made))
    for name in ("notebook.ipynb", "notebook.html", "other.ipynb", "page.html"):
        found = site.get(f"/runs/{run.id}/preview/{name}", ADA).json
        answer = site.ask("GET", found["view"], ADA)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
        assert "printed" in answer.text or name == "page.html"
        page = site.ask("GET", f"{BASE}/runs/{run.id}/outputs/{name}", ADA, cookie=True).text
        assert f'src="{found["view"]}" sandbox ' in page
    assert len([key for key in site.bench.stored() if f"{run.id}/1/rendered/" in key]) == 1, "made and kept"


def test_text_pictures_and_others(site: Site) -> None:
    assert preview(site, "notes.txt", EVIL.encode())["text"] == EVIL
    assert preview(site, "Makefile", b"all:\n\ttrue\n")["kind"] == "text"
    long = preview(site, "long.txt", b"x" * 300_000)
    assert (len(long["text"]), long["more"]) == (256 * 1024, True)
    assert preview(site, "picture.png", b"\x89PNG\r\n")["kind"] == "image"
    assert preview(site, "data.bin", b"\x00\x01")["kind"] == "other"
    assert preview(site, "data.npy", b"\xff\xfe\xfd" * 100)["kind"] == "other"


def test_what_is_no_output_has_no_preview(site: Site) -> None:
    run = leaving(site, {})
    for path in ("preview", "view"):
        assert site.get(f"/runs/{run.id}/{path}/nothing", ADA).status == 404
    assert site.ask("GET", f"{BASE}/runs/{run.id}/outputs/nothing", ADA, cookie=True).status == 404


def test_folders() -> None:
    names = ["a/b/c.csv", "a/d.csv", "e.csv"]
    tree = folders_of([{"name": name, "size": 10} for name in names])
    assert (tree.count, tree.size, [file["last"] for file in tree.files]) == (3, 30, ["e.csv"])
    assert (tree.folders["a"].count, tree.folders["a"].folders["b"].files[0]["name"]) == (2, "a/b/c.csv")
    assert folders_of([{"name": f"{number}", "size": 1} for number in range(1200)]).left_out == 200


# the process


def endless() -> bytes:
    """Takes longer than it may."""
    time.sleep(60)
    return b""


def dying() -> bytes:
    """As a fault in native code would."""
    import os

    os._exit(1)


def fetching() -> bytes:
    """What whoever looks for the network is told."""
    import urllib.request

    try:
        urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)
    except OSError as error:
        return str(error).encode()
    return b"fetched"


def warning() -> bytes:
    """What a warning says in the log."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        warnings.warn("of somebody's notebook", stacklevel=1)
    return said.getvalue().encode()


def reading(file: Any) -> bytes:
    """All of a file."""
    return bytes(file.read())


@pytest.mark.parametrize(
    ("what", "words"),
    [(endless, "too large to be shown"), (dying, "too large to be shown")],
)
def test_the_process_is_bounded_and_comes_back(what: Any, words: str) -> None:
    renderer = Renderer(seconds=5, memory=2**30)
    try:
        with pytest.raises(Exception, match=words):
            renderer.do(what)
        assert renderer.do(work.page_of_markdown, "*fine*", "x").count(b"<em>fine</em>") == 1
    finally:
        renderer.close()


def test_nothing_is_fetched() -> None:
    renderer = Renderer(seconds=20, memory=2**30)
    try:
        assert b"there is no network here" in renderer.do(fetching)
    finally:
        renderer.close()


def test_what_a_notebook_lacks_is_not_in_the_log() -> None:
    renderer = Renderer(seconds=20, memory=2**30)
    try:
        assert renderer.do(warning) == b""
    finally:
        renderer.close()


def test_no_more_is_read_than_may_be() -> None:
    renderer = Renderer(seconds=20, memory=2**30)
    content = bytes(range(256)) * 4096
    try:
        assert renderer.do(reading, file=(io.BytesIO(content), len(content), 2**21)) == content
        with pytest.raises(Exception, match="too large"):
            renderer.do(reading, file=(io.BytesIO(content), len(content), 2**19))
    finally:
        renderer.close()
