"""Outputs over HTTP: whatever they are called and whatever is in them, they run nothing."""

from __future__ import annotations

import hashlib
import io
import zipfile
from urllib.parse import quote

import pytest
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.run import Run
from nightdesk.server.doubles.engine import Stage
from nightdesk.server.web import outputs as subject
from nightdesk.server.web import renderer

from ..services.watching import until
from ..workbench import ADA, code, notebook, two_cells
from .site import API, BASE, Answer, Site


def left(site: Site, **files: bytes) -> Run:
    """A run that left these files; two underscores stand for a slash."""
    return leaving(site, {name.replace("__", "/"): content for name, content in files.items()})


def leaving(site: Site, files: dict[str, bytes], executed: bytes | None = None) -> Run:
    """A run that left files of any name."""

    def play(stage: Stage) -> Exit:
        folder = site.bench.folders.folders[stage.run.id, stage.run.attempt]
        folder.out.update(files)
        if executed is not None:
            folder.result["notebook.ipynb"] = executed
        return two_cells(stage)

    site.bench.play = play
    try:
        return site.finished()
    finally:
        site.bench.play = two_cells


def output(site: Site, run: Run, name: str, **how: object) -> Answer:
    """One file of a run."""
    return site.get(f"/runs/{run.id}/outputs/{quote(name, safe='/')}", ADA, **how)


def test_lists_and_files(site: Site) -> None:
    run = left(site, a__b=b"content")
    listed = {entry["name"]: entry for entry in site.get(f"/runs/{run.id}/outputs", ADA).json["outputs"]}
    assert set(listed) == {"a/b", "log.txt", "manifest.json", "notebook.ipynb", "table-1.csv"}
    for name, entry in listed.items():
        answer = output(site, run, name)
        assert answer.status == 200
        assert (len(answer.body), hashlib.sha256(answer.body).hexdigest()) == (entry["size"], entry["sha256"])
        assert answer.headers["content-length"] == str(entry["size"])
        assert answer.headers["etag"] == f'"{entry["sha256"]}"'
    assert output(site, run, "a/b").body == b"content"


NAMES = [
    "plain.csv", "with space.txt", "ünï 😀.csv", "e\u0301.txt", "new\nline.txt", "a'b\"c.html", "%2e%2e", "a?b=c", "a#b", "a;b",
    "\\..\\x", "..a", "a/../b"[:1] + "..b", "<script>.html", "x" * 255, "a\r\nSet-Cookie: x=1", "\u202egnp.html", "+", "&", "{x}",
    "deep/er/file.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_can_be_fetched(site: Site, name: str) -> None:
    run = leaving(site, {name: b"content"})
    answer = output(site, run, name)
    assert (answer.status, answer.body) == (200, b"content")
    disposition = answer.headers["content-disposition"]
    assert disposition.isascii()
    assert disposition.endswith(f"filename*=UTF-8''{quote(name.rsplit('/', 1)[-1], safe='')}")
    assert "set-cookie" not in answer.headers
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True)
    assert page.status == 200
    link = page.text.split("/outputs/")[1:]
    assert any(quote(name, safe="/") == piece.split('"')[0] for piece in link), "and the page links to it"


@pytest.mark.parametrize(
    "name", ["nothing", "../input/source", "..%2finput%2fsource", "%2e%2e/input/source", "/etc/passwd", "", ".", "log.txt/",
             "LOG.TXT", "table-1.csv%00", "./log.txt", "x" * 20_000],
)  # fmt: skip
def test_what_is_no_output(site: Site, name: str) -> None:
    run = left(site)
    answer = site.ask("GET", f"{API}/runs/{run.id}/outputs/{name}", ADA)
    assert answer.status in {404, 400, 414, 431}
    if answer.status == 404:
        assert set(answer.json["error"]) == {"code", "message", "hint"}
        assert len(answer.body) < 1000


def test_outputs_of_a_run_that_is_not_over(site: Site) -> None:
    run = site.bench.submit()
    answer = output(site, run, "notebook.ipynb")
    assert answer.status == 409
    assert answer.json["error"]["message"] == "the run is queued: its outputs are there when it is over"
    assert site.get(f"/runs/{run.id}/outputs", ADA).json == {"outputs": []}


def test_what_is_known_is_not_sent_again(site: Site) -> None:
    run = left(site)
    first = output(site, run, "table-1.csv")
    again = output(site, run, "table-1.csv", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert output(site, run, "table-1.csv", headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-3", slice(0, 4)),
        ("bytes=4-", slice(4, 10)),
        ("bytes=-3", slice(7, 10)),
        ("bytes=-100", slice(0, 10)),
        ("bytes=8-100", slice(8, 10)),
        ("bytes=9-9", slice(9, 10)),
    ],
)
def test_a_part_of_a_file(site: Site, wanted: str, part: slice) -> None:
    run = left(site, digits=b"0123456789")
    whole = output(site, run, "digits")
    assert whole.headers["accept-ranges"] == "bytes"
    for condition in ({}, {"If-Range": whole.headers["etag"]}):
        answer = output(site, run, "digits", headers={"Range": wanted, **condition})
        assert (answer.status, answer.body) == (206, whole.body[part])
        assert answer.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/10"
        assert answer.headers["content-length"] == str(part.stop - part.start)
        assert answer.headers["etag"] == whole.headers["etag"]
        assert answer.headers["content-security-policy"] == whole.headers["content-security-policy"]
    changed = output(site, run, "digits", headers={"Range": wanted, "If-Range": '"another"'})
    assert (changed.status, changed.body) == (200, whole.body)


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_part_that_is_not_there(site: Site, wanted: str) -> None:
    answer = output(site, left(site, digits=b"0123456789"), "digits", headers={"Range": wanted})
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    "wanted",
    ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "bytes=-", "bytes=x-", "0-5", "bytes=" + "9" * 30 + "-"],
)
def test_what_is_no_part_of_ours_is_answered_with_all(site: Site, wanted: str) -> None:
    answer = output(site, left(site, digits=b"0123456789"), "digits", headers={"Range": wanted})
    assert (answer.status, answer.body) == (200, b"0123456789")


SCRIPT = b"<!doctype html><script>document.title = 'ran'</script><form action=x><svg onload=alert(1)></svg>"


@pytest.mark.parametrize(
    ("name", "kind", "inline"),
    [
        ("page.html", "text/html", True),
        ("page.htm", "text/html", True),
        ("page.xhtml", "application/xhtml+xml", False),
        ("image.svg", "application/octet-stream", False),
        ("script.js", "text/plain", True),
        ("style.css", "text/plain", True),
        ("table.csv", "text/plain", True),
        ("feed.xml", None, None),
        ("image.png", "image/png", True),
        ("data.json", "application/json", True),
        ("archive.zip", "application/zip", False),
        ("none", "application/octet-stream", False),
        ("page.html.gz", None, None),
        ("paper.pdf", "application/pdf", False),
        ("log.txt", "text/plain", True),
    ],
)
def test_outputs_run_nothing(site: Site, name: str, kind: str | None, inline: bool | None) -> None:
    run = leaving(site, {} if name == "log.txt" else {name: SCRIPT})
    answer = output(site, run, name)
    policy = answer.headers["content-security-policy"]
    assert policy.split(";")[0] == "sandbox", "first of all, and without any allow-"
    assert "allow-" not in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "cookie" not in " ".join(answer.headers)
    sent = answer.headers["content-type"].split(";")[0]
    if kind is not None:
        assert sent == kind
        assert answer.headers["content-disposition"].startswith("inline" if inline else "attachment")
    else:
        assert sent not in {"text/html", "image/svg+xml"}


def test_the_notebook_as_a_page(site: Site) -> None:
    hostile = {
        **code("print(1)"),
        "execution_count": 1,
        "outputs": [
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script><b>bold</b>"}},
            {"output_type": "stream", "name": "stdout", "text": "printed <script>\n"},
        ],
    }  # fmt: skip
    run = leaving(site, {}, executed=notebook(hostile))
    answer = output(site, run, "notebook.html")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert "<b>bold</b>" in answer.text
    assert "printed &lt;script&gt;" in answer.text
    for address in ("https://cdn", "https://unpkg", "https://cdnjs", "http://cdn"):
        assert f'src="{address}' not in answer.text
    kept = site.bench.records.outputs
    until(
        lambda: "notebook.html" in {each.name for each in kept([run.id])[run.id]},
        "the page among the outputs",
    )
    again, third = output(site, run, "notebook.html"), output(site, run, "notebook.html")
    assert again.headers["etag"] == third.headers["etag"], "it is made once and kept"
    assert again.body == answer.body


def test_a_notebook_that_cannot_be_shown(site: Site) -> None:
    run = leaving(site, {}, executed=b"no notebook at all")
    answer = output(site, run, "notebook.html")
    assert answer.status == 409
    assert answer.json["error"]["message"] == "the notebook cannot be shown as a page"
    assert answer.json["error"]["hint"] == "Download notebook.ipynb."


def test_a_large_one_that_cannot_be_shown_says_so_on_its_page(site: Site) -> None:
    run = leaving(site, {}, executed=b"no notebook at all " * 100_000)
    answer = output(site, run, "notebook.html")
    assert answer.status == 200, "its beginning was sent before it was read"
    assert "its cells are coming" in answer.text
    assert "The rest cannot be shown: download the notebook." in answer.text
    listed = site.bench.records.outputs([run.id])[run.id]
    assert "notebook.html" not in {each.name for each in listed}, "that is not kept"


def test_a_notebook_too_large_for_a_page_is_not_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run = leaving(site, {}, executed=notebook(code("1")))
    monkeypatch.setattr(subject, "RENDER_BYTES", 100)
    answer = output(site, run, "notebook.html")
    assert answer.status == 409
    assert answer.json["error"]["message"].endswith("too much to be shown as a page")
    assert output(site, run, "notebook.ipynb").status == 200


def test_a_notebook_that_would_take_all_memory_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = leaving(site, {}, executed=notebook(code("1")))
    monkeypatch.setattr(renderer, "html_pieces", greedy)
    answer = output(site, run, "notebook.html")
    assert (answer.status, answer.json["error"]["hint"]) == (409, "Download notebook.ipynb.")


def greedy(_file: object, _title: str, _code: bool) -> bytes:
    """In the place of the renderer: takes more than its process may have."""
    return bytes(4 * 2**30)


def test_an_output_that_is_gone_from_the_store(site: Site) -> None:
    run = left(site)
    site.bench.store.remove(f"runs/{run.id}/1/outputs/table-1.csv")
    answer = output(site, run, "table-1.csv")
    assert (answer.status, answer.json["error"]["message"]) == (404, "there is no such file")


def test_all_as_one_zip(site: Site) -> None:
    large = bytes(range(256)) * 10_000
    run = leaving(site, {"a/b.bin": large, "ünï 😀.csv": b"x", "empty": b""})
    answer = site.get(f"/runs/{run.id}/outputs.zip", ADA)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(answer.body))
    listed = {each["name"]: each for each in site.get(f"/runs/{run.id}/outputs", ADA).json["outputs"]}
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        assert packed.testzip() is None
        assert set(packed.namelist()) == set(listed)
        for name, each in listed.items():
            assert hashlib.sha256(packed.read(name)).hexdigest() == each["sha256"]
    again = site.get(f"/runs/{run.id}/outputs.zip?attempt=1", ADA)
    assert contents(again.body) == contents(answer.body)
    page = site.ask("GET", f"{BASE}/runs/{run.id}", ADA, cookie=True)
    assert f'href="{API}/runs/{run.id}/outputs.zip"' in page.text


def contents(packed: bytes) -> list[tuple[str, int, int]]:
    """What is in a zip; its entries bear the time of the download, so that not even two zips of one run are alike."""
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return [(each.filename, each.file_size, each.CRC) for each in opened.infolist()]


def test_a_zip_of_nothing(site: Site) -> None:
    run = site.bench.submit()
    assert site.get(f"/runs/{run.id}/outputs.zip", ADA).status == 409
    assert site.get(f"/runs/{left(site).id}/outputs.zip?attempt=2", ADA).status == 404
