"""What of a build is refused before anything is stored, and what is on record of one that is accepted."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from typing import Any

import pytest
from nightdesk.server.domain.build import Build, BuildKind, BuildStatus
from nightdesk.server.domain.environment import Offer
from nightdesk.server.domain.errors import Conflict, Invalid, NotFound, Refused, TooLarge
from nightdesk.server.services import request_build as service
from nightdesk.server.services.request_build import (
    BuildRequest,
    build_key,
    next_version,
    recipe_key,
    request_build,
)
from nightdesk.server.services.submit import Files

from ..domain.runs import a_version
from ..workbench import ROOT, Bench, archive

IMAGE = {"kind": "image", "environment": "gpu", "source": "registry.example.org/gpu:12"}
GIT = {"kind": "git", "source": "https://git.example.org/team/env.git"}
LIST = {"kind": "requirements", "environment": "forecasting"}


def ask(bench: Bench, files: Files | None = None, **wanted: Any) -> Build:
    wanted["kind"] = BuildKind(wanted["kind"])
    return request_build(bench.records, bench.store, ROOT, BuildRequest(**wanted), files)


def a_list(name: str = "requirements.txt", content: bytes = b"pandas\n") -> Files:
    return archive((name, content))


def month(bench: Bench) -> str:
    """The version of this month without its number."""
    return next_version([], bench.records.now()).rpartition(".")[0]


# --- versions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "next_one"),
    [
        ([], "2026.11.1"),
        (["2026.11.1"], "2026.11.2"),
        (["2026.11.2", "2026.11.10", "2026.10.50"], "2026.11.11"),
        (["2026.11.1-again.7", "2026.11", "2026.11.x", "2026x11x5"], "2026.11.1"),
    ],
)
def test_the_next_free_version(taken: list[str], next_one: str) -> None:
    assert next_version(taken, 1_795_500_000.0) == next_one  # 2026-11-24


def test_the_month_is_utc_s() -> None:
    assert next_version([], 0.0) == "1970.01.1"
    assert next_version([], 31 * 86400 - 1) == "1970.01.1"
    assert next_version([], 31 * 86400) == "1970.02.1"


def test_versions_are_counted_with_those_that_are_being_made(bench: Bench) -> None:
    first, second = ask(bench, **IMAGE), ask(bench, **IMAGE)
    other = ask(bench, **{**IMAGE, "environment": "cpu"})
    assert [first.version, second.version, other.version] == [
        f"{month(bench)}.1",
        f"{month(bench)}.2",
        f"{month(bench)}.1",
    ]
    bench.records.request_build_cancel(second.id, "root")
    assert ask(bench, **IMAGE).version == f"{month(bench)}.2", "what was cancelled is free again"


def test_a_version_that_another_takes_at_the_same_moment_is_passed_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for a free version and taking it another build takes it."""
    real, late = service.free_version, iter([True])

    def free_version(records: Any, environment: str) -> str:
        free = real(records, environment)
        if next(late, False):
            ask(bench, **IMAGE, version=free)
        return free

    monkeypatch.setattr(service, "free_version", free_version)
    assert ask(bench, **IMAGE).version == f"{month(bench)}.2"


def test_versions_never_change(bench: Bench) -> None:
    taken = {"environment": "python-data", "version": "2026.11.1"}
    with pytest.raises(Conflict, match=r"python-data:2026\.11\.1 exists already, and versions never change"):
        ask(bench, **{**IMAGE, **taken})
    with pytest.raises(Conflict, match="exists already"):
        ask(bench, a_list(), kind="requirements", **taken)
    assert bench.stored() == set(), "what was sent along for it is not kept"
    with pytest.raises(Conflict, match="exists already"):
        ask(bench, kind="folder", source="images/python-data/2026.11.1")
    bench.records.add_version(a_version("python-data", "2", digest="sha256:" + "2" * 64))
    bench.records.set_offer("python-data", "2", Offer.REMOVED, "root")
    with pytest.raises(Conflict, match="exists already"):
        ask(bench, **{**IMAGE, "environment": "python-data", "version": "2"})
    build = ask(bench, **IMAGE, version="7")
    with pytest.raises(Conflict, match=f"build {build.id} makes gpu:7 already"):
        ask(bench, **IMAGE, version="7")


# --- what is accepted ---------------------------------------------------------------------------


def test_a_list_of_packages(bench: Bench) -> None:
    build = ask(
        bench, a_list(), **LIST, title=" Forecasting ", description="All of it.\nTwice.", channel="next"
    )
    assert bench.records.build(build.id) == build
    assert (build.kind, build.status) == (BuildKind.REQUIREMENTS, BuildStatus.QUEUED)
    assert (build.environment, build.version) == ("forecasting", f"{month(bench)}.1")
    assert (build.title, build.description, build.channel) == ("Forecasting", "All of it.\nTwice.", "next")
    assert (build.requested_by, build.files, build.source) == ("root", True, "")
    assert bench.stored() == {build_key(build)} == {f"builds/{build.id}/context.tar.gz"}
    with bench.store.open(build_key(build)) as sent, tarfile.open(fileobj=sent, mode="r:gz") as tar:
        assert tar.getnames() == ["requirements.txt"]


@pytest.mark.parametrize("name", [*service.REQUIREMENTS, "./requirements.txt"])
def test_each_form_of_a_list(bench: Bench, name: str) -> None:
    assert ask(bench, a_list(name), **LIST).files


def test_a_folder_that_is_sent_along_says_its_name_itself(bench: Bench) -> None:
    build = ask(bench, archive(("Dockerfile", b"FROM x"), ("environment.yaml", b"name: x")), kind="folder")
    assert (build.environment, build.version, build.files) == ("", "", True)


@pytest.mark.parametrize(
    "source", ["r-data/2026.12.1", "images/r-data/2026.12.1", "images/r-data/2026.12.1/"]
)
def test_a_folder_of_the_platform_s_own(bench: Bench, source: str) -> None:
    build = ask(bench, kind="folder", source=source)
    assert (build.environment, build.version, build.source) == ("r-data", "2026.12.1", "r-data/2026.12.1")


def test_a_git_repository(bench: Bench) -> None:
    build = ask(bench, **GIT, ref="release/v1.2+x", folder="/envs/gpu one/")
    assert (build.source, build.ref, build.folder) == (GIT["source"], "release/v1.2+x", "envs/gpu one")
    assert (build.environment, build.version) == ("", ""), "the repository says them"
    named = ask(bench, **GIT, environment="gpu", version="3")
    assert (named.environment, named.version) == ("gpu", "3")


@pytest.mark.parametrize("source", ["gpu", "gpu:12", "registry.example.org:5000/a/b@sha256:" + "1" * 64])
def test_an_image_that_exists(bench: Bench, source: str) -> None:
    assert ask(bench, **{**IMAGE, "source": source}).source == source


def test_once_more_from_what_it_was_made_of(bench: Bench) -> None:
    label = "python-data:2026.11.1"
    with pytest.raises(Conflict, match=r"what python-data:2026\.11\.1 was made of is not on record"):
        ask(bench, kind="again", source=label)
    bench.store.put(recipe_key("python-data", "2026.11.1"), a_list().archive)
    first, second = ask(bench, kind="again", source=label), ask(bench, kind="again", source=label)
    assert (first.environment, first.version, first.source) == ("python-data", "2026.11.1-again.1", label)
    assert second.version == "2026.11.1-again.2"
    with pytest.raises(NotFound, match="there is no version 'python-data:1'"):
        ask(bench, kind="again", source="python-data:1")
    with pytest.raises(NotFound):
        ask(bench, kind="again", source="python-data")
    for more in ({"environment": "x"}, {"version": "2"}, {"channel": "stable"}):
        with pytest.raises(Invalid, match="a version that is built again keeps its name"):
            ask(bench, kind="again", source=label, **more)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({**IMAGE, "environment": ""}, "the build names no environment"),
        ({**IMAGE, "environment": "GPU"}, "'GPU' cannot be the name of an environment"),
        ({**IMAGE, "environment": "1st"}, "'1st' cannot be the name"),
        ({**IMAGE, "environment": "x" * 64}, "cannot be the name"),
        ({**IMAGE, "environment": "base"}, "'base' cannot be the name"),
        ({**IMAGE, "environment": "builds"}, "'builds' cannot be the name"),
        ({**IMAGE, "version": "../1"}, "'../1' cannot be a version"),
        ({**IMAGE, "version": "1:2"}, "'1:2' cannot be a version"),
        ({**IMAGE, "version": "events"}, "'events' cannot be a version"),
        ({**IMAGE, "channel": "latest"}, "there is no channel 'latest'"),
        ({**IMAGE, "title": "two\nlines"}, "the title must be one line"),
        ({**IMAGE, "description": "x" * 2001}, "the description must be text of at most 2000 characters"),
        ({**IMAGE, "description": "\x00"}, "the description must be text"),
        ({**IMAGE, "source": ""}, "'' names no image"),
        ({**IMAGE, "source": "--privileged"}, "'--privileged' names no image"),
        ({**IMAGE, "source": "a b"}, "'a b' names no image"),
        ({**IMAGE, "source": "x" * 301}, "names no image"),
        ({**IMAGE, "ref": "main"}, "'ref' and 'folder' say what to take from a git repository"),
        ({**GIT, "source": ""}, "'' is no address of a git repository"),
        ({**GIT, "source": "git@git.example.org:team/env.git"}, "is no address of a git repository"),
        ({**GIT, "source": "ssh://git.example.org/env.git"}, "is no address of a git repository"),
        ({**GIT, "source": "file:///etc"}, "is no address of a git repository"),
        ({**GIT, "source": "/srv/env"}, "is no address of a git repository"),
        ({**GIT, "source": "ext::sh -c id"}, "is no address of a git repository"),
        ({**GIT, "source": "https:///env.git"}, "is no address of a git repository"),
        ({**GIT, "source": "https://host:port/env.git"}, "is no address of a git repository"),
        ({**GIT, "source": "https://[::1/env.git"}, "is no address of a git repository"),
        ({**GIT, "source": "https://host/a b.git"}, "is no address of a git repository"),
        ({**GIT, "source": "https://host/a\nb.git"}, "is no address of a git repository"),
        ({**GIT, "source": "https://host/" + "x" * 500}, "is no address of a git repository"),
        ({**GIT, "source": "https://ada:secret@host/env.git"}, "holds a user or a password"),
        ({**GIT, "source": "https://token@host/env.git"}, "holds a user or a password"),
        ({**GIT, "ref": "--upload-pack=id"}, "is no branch, tag or commit"),
        ({**GIT, "ref": "a..b"}, "is no branch, tag or commit"),
        ({**GIT, "ref": "a b"}, "is no branch, tag or commit"),
        ({**GIT, "folder": "../x"}, "is no folder in a repository"),
        ({**GIT, "folder": "a/../../x"}, "is no folder in a repository"),
        ({**GIT, "folder": "a//b"}, "is no folder in a repository"),
        ({**GIT, "folder": ".git"}, "is no folder in a repository"),
        ({"kind": "folder", "source": ""}, "'' is no folder below images/"),
        ({"kind": "folder", "source": "images"}, "is no folder below images/"),
        ({"kind": "folder", "source": "../x/1"}, "is no folder below images/"),
        ({"kind": "folder", "source": "x/../y"}, "is no folder below images/"),
        ({"kind": "folder", "source": "/etc/ssl"}, "'/etc/ssl' is no folder below images/"),
        (
            {"kind": "folder", "source": "r-data/1", "environment": "s-data"},
            "the folder r-data/1 is r-data:1",
        ),
        ({"kind": "folder", "source": "r-data/1", "version": "2"}, "the folder r-data/1 is r-data:1"),
        (LIST, "a build from requirements needs them sent along"),
    ],
)
def test_a_wish_that_is_refused(bench: Bench, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        ask(bench, **wanted)
    assert message in caught.value.message
    assert "secret" not in caught.value.message + str(caught.value.hint)
    assert bench.records.builds() == []


@pytest.mark.parametrize(
    ("wanted", "files", "message"),
    [
        (LIST, lambda: archive(("readme.md", b"x")), "there are no requirements among what was sent"),
        (
            LIST,
            lambda: archive(("sub/requirements.txt", b"x")),
            "there are no requirements among what was sent",
        ),
        (LIST, lambda: Files(archive().archive, 0), "there are no requirements"),
        (LIST, lambda: archive(("../requirements.txt", b"x")), "leaves the folder"),
        ({"kind": "folder"}, lambda: archive(("Dockerfile", b"x")), "the folder has no environment.yaml"),
        (
            {"kind": "folder"},
            lambda: archive(("x", b"x")),
            "the folder has no Dockerfile and no environment.yaml",
        ),
        ({"kind": "folder", "source": "r-data/1"}, a_list, "either files that were sent along, or a source"),
        (GIT, a_list, "a build of the kind 'git' takes no files along"),
        (IMAGE, a_list, "a build of the kind 'image' takes no files along"),
    ],
)
def test_files_that_are_refused(
    bench: Bench, wanted: dict[str, Any], files: Callable[[], Files], message: str
) -> None:
    with pytest.raises(Refused) as caught:
        ask(bench, files(), **wanted)
    assert message in caught.value.message
    assert bench.records.builds() == []
    assert bench.stored() == set()


def test_more_than_the_cap_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_BYTES", 1000)
    assert ask(bench, a_list(content=b"x" * 1000), **LIST)
    with pytest.raises(TooLarge, match="larger than"):
        ask(bench, a_list(content=b"x" * 1001), **LIST)


def test_what_is_no_archive(bench: Bench) -> None:
    import io

    with pytest.raises(Invalid, match="no readable archive"):
        ask(bench, Files(io.BytesIO(b"pandas\n"), 7), **LIST)
