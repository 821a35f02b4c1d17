"""The pages of builds: a form that keeps what was typed, and a build told in words."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from nightdesk.server.domain.build import Build, BuildKind, BuildStatus, new_build_id
from nightdesk.server.services.request_build import build_key, free_version

from ..workbench import ADA, ROOT
from .site import API, BASE, Answer, Site, multipart
from .test_environment_pages import PAGES, add, page, press, text_of
from .test_pages import words


def sent(site: Site, answer: Answer) -> tuple[Build, dict[str, bytes]]:
    """The build that a form has led to, and the files that were sent along."""
    assert answer.status == 303, text_of(answer)
    build = site.bench.records.build(answer.headers["location"].removeprefix(f"{PAGES}/builds/"))
    assert build is not None
    if not build.files:
        return build, {}
    with site.platform.store.open(build_key(build)) as stored:
        along = io.BytesIO(stored.read())
    with tarfile.open(fileobj=along, mode="r:gz") as tar:
        return build, {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]


def upload(site: Site, content: bytes, name: str = "file", person: Any = ROOT, **fields: str) -> Answer:
    """The form with a file that was chosen."""
    form = {"kind": "requirements", "_xsrf": _xsrf(site), **fields}
    body, kind = multipart(request=b"", file=content)
    boundary = kind.split("boundary=")[1]
    extra = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in form.items()
    )
    body = extra.encode() + body.split(b"\r\n", 4)[4].replace(
        b'filename="file"', f'filename="{name}"'.encode()
    )
    headers = {"Content-Type": kind, "Accept": "text/html"}
    return site.ask("POST", f"{PAGES}/build", person, cookie=True, body=body, headers=headers)


def _xsrf(site: Site) -> str:
    return page(site, "/build", ROOT).text.split('name="_xsrf" value="')[1].split('"')[0]


# the form


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pandas==3.0.0\r\nlightgbm\r\n", "requirements.txt"),
        ("dependencies:\n  - pandas\n", "environment.yaml"),
    ],
)
def test_a_pasted_list_becomes_a_file(site: Site, text: str, name: str) -> None:
    answer = press(site, "/build", kind="requirements", environment="pasted", text=text, channel="next")
    build, files = sent(site, answer)
    assert files == {name: text.replace("\r\n", "\n").encode()}
    assert (build.kind, build.environment, build.channel) == (BuildKind.REQUIREMENTS, "pasted", "next")
    assert build.requested_by == "root"
    assert build.version, "the next free one"


def test_a_chosen_file_keeps_its_name(site: Site) -> None:
    _, files = sent(site, upload(site, b"numpy\n", "requirements.in", environment="chosen", text=""))
    assert files == {"requirements.in": b"numpy\n"}
    assert sent(site, upload(site, b"numpy\n", "my list.txt", environment="chosen"))[1] == {
        "requirements.txt": b"numpy\n"
    }


def test_a_list_is_given_once_and_is_text(site: Site) -> None:
    both = upload(site, b"numpy\n", "requirements.txt", environment="both", text="pandas")
    assert "There are two lists" in text_of(both)
    assert "no text in UTF-8" in text_of(upload(site, b"\xff\xfe\x00", environment="both"))


def test_the_form_takes_a_list_of_half_a_megabyte_and_not_more_than_one(site: Site) -> None:
    half = b"numpy==2.3.1  # " + b"x" * 2**19
    assert upload(site, half, environment="large").status == 303
    assert upload(site, b"x" * (2**20 + 1), environment="large").status == 413


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("git", {"source": "https://git.example.org/team/envs.git", "ref": "main", "folder": "vision"}),
        (
            "image",
            {"source": "registry.example.org/team/vision:3", "environment": "vision", "title": "Vision"},
        ),
        ("folder", {"source": "r-stats/2026.12.1"}),
    ],
)
def test_other_sources(site: Site, kind: str, fields: dict[str, str]) -> None:
    assert f'name="kind" value="{kind}"' in page(site, "/build", ROOT, kind=kind).text
    build, files = sent(site, press(site, "/build", kind=kind, **fields))
    assert files == {}
    assert build.kind == kind
    for name, value in fields.items():
        assert getattr(build, name) == value


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "requirements", "environment": "typed", "text": " "}, "There is no list of packages."),
        ({"kind": "requirements", "environment": "Typed!", "text": "numpy"}, "cannot be the name of an environment"),
        ({"kind": "requirements", "environment": "python-data", "version": "2026.11.1", "text": "numpy"}, "2026.11.1"),
        ({"kind": "git", "source": "ftp://example.org/typed"}, "is no address of a git repository"),
        ({"kind": "git", "source": "https://me:secret@example.org/typed"}, "holds a user or a password"),
        ({"kind": "folder", "source": "../etc"}, "is no folder below images/"),
        ({"kind": "image", "environment": "typed", "source": "no image"}, "names no image"),
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_is_told_in_the_form_and_what_was_typed_stays(
    site: Site, fields: dict[str, str], said: str
) -> None:
    answer = press(site, "/build", **fields)
    assert 400 <= answer.status < 500
    assert said in text_of(answer)
    for name, value in fields.items():
        if value.strip():
            assert f'value="{value}"' in answer.text or f">{value}</textarea>" in answer.text, name


def test_the_form_knows_the_next_free_version(site: Site) -> None:
    shown = words(page(site, "/build", ROOT, environment="python-data"))
    assert f"such as {free_version(site.bench.records, 'python-data')}" in shown


def test_members_build_nothing(site: Site) -> None:
    before = site.bench.records.builds()
    assert press(site, "/build", ADA, kind="image", environment="mine", source="x:1").status == 403
    forged = {"_xsrf": "guessed", "kind": "image", "environment": "mine", "source": "x:1"}
    assert site.ask("POST", f"{PAGES}/build", ROOT, cookie=True, form=forged).status == 403
    assert upload(site, b"x" * 2**19, person=None, environment="mine").status == 401, "not even read"
    assert site.bench.records.builds() == before


# a build


@pytest.fixture
def build(site: Site) -> Build:
    """A build that goes on, with something printed."""
    records = site.bench.records
    for waiting in records.builds(200):
        records.request_build_cancel(waiting.id, "root")
    made = Build(new_build_id(), BuildKind.GIT, "root", records.now(), source="https://git.example.org/x.git")
    records.add_build(made)
    claimed = records.claim_build("worker-1", ["worker-1"])
    assert claimed is not None
    records.add_build_log(claimed, "step 1\n\x1b[31mred\x1b[0m <script>alert(1)</script>\nhalf a li")
    return claimed


def test_a_build_that_goes_on_is_told_in_words_with_its_log(site: Site, build: Build) -> None:
    answer = page(site, f"/builds/{build.id}", ROOT)
    shown = words(answer)
    assert "building The image is being made." in shown
    assert "step 1" in shown
    assert "half a li" in shown
    assert "<script>alert" not in answer.text
    assert "Made from git https://git.example.org/x.git" in shown
    assert f'data-events="{API}/builds/{build.id}/events" data-final="no"' in answer.text
    assert "Cancel build" in shown
    site.bench.records.change_build(build, status=BuildStatus.CANCELLED)


def test_cancelling_is_a_button(site: Site, build: Build) -> None:
    answer = press(site, f"/builds/{build.id}/cancel")
    assert answer.headers["location"] == f"{PAGES}/builds/{build.id}"
    assert "root has cancelled it" in words(page(site, f"/builds/{build.id}", ROOT))
    site.bench.records.change_build(build, status=BuildStatus.CANCELLED, reason="It was cancelled")
    assert "It was cancelled (by root)" in words(page(site, f"/builds/{build.id}", ROOT))


def test_what_failed_stands_above_the_log(site: Site, build: Build) -> None:
    words_of_it = "The image has no jupyterhub-singleuser: add it."
    site.bench.records.change_build(build, status=BuildStatus.FAILED, reason=words_of_it)
    shown = words(page(site, f"/builds/{build.id}", ROOT))
    assert shown.index(words_of_it) < shown.index("Log step 1")
    assert words_of_it in words(page(site, "/builds", ROOT))


def test_one_that_is_done_leads_to_its_version(site: Site, build: Build) -> None:
    site.bench.records.change_build(
        build, status=BuildStatus.SUCCEEDED, environment="made", version="1", digest="sha256:1"
    )
    add(site, "made", "1")
    answer = page(site, f"/builds/{build.id}", ROOT)
    assert f'href="{PAGES}/made/1">See made:1' in answer.text


def test_the_list_goes_on_over_pages(site: Site) -> None:
    for number in range(52):
        site.bench.records.add_build(
            Build(new_build_id(), BuildKind.IMAGE, "root", 5.0 + number, source="x:1")
        )
    first = page(site, "/builds", ROOT)
    assert first.text.count("<tr><td") == 50
    older = first.text.split('href="?before=')[1].split('"')[0]
    second = site.ask("GET", f"{BASE}/environments/builds?before={older}", ROOT, cookie=True)
    assert "Newest" in words(second)
    assert second.text.count("<tr><td") >= 2
