"""nightdesk env build, builds, log and cancel."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


class Stdin:
    """Standard input that is no terminal."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


def asked(platform: Any) -> tuple[dict[str, Any], dict[str, str] | None]:
    """What was asked for last, and the files that were sent along."""
    form = platform.forms[-1]
    if "files" not in form:
        return json.loads(form["request"].content), None
    with tarfile.open(fileobj=io.BytesIO(form["files"].content), mode="r:gz") as tar:
        files = {
            member.name: content.read().decode()
            for member in tar
            if member.isreg() and (content := tar.extractfile(member)) is not None
        }
    return json.loads(form["request"].content), files


def ask(nightdesk: Run, *arguments: object) -> Any:
    result = nightdesk("env", "build", *arguments, "--no-watch")
    assert result.code == 0, result
    return result


# --- what it is made from -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "sent_as"),
    [
        ("requirements.txt", "requirements.txt"),
        ("wishes.in", "requirements.in"),
        ("list", "requirements.txt"),
    ],
)
def test_from_a_list_of_packages(
    signed_in: Any, nightdesk: Run, tmp_path: Path, file: str, sent_as: str
) -> None:
    path = tmp_path / file
    path.write_text("tabulate\n")
    result = ask(nightdesk, path, "--name", "tables", "--channel", "next", "--title", "Tables")
    assert asked(signed_in) == (
        {"kind": "requirements", "environment": "tables", "channel": "next", "title": "Tables"},
        {sent_as: "tabulate\n"},
    )
    assert result.out.startswith("build b-1 of tables:2026.11.1 is queued\n")
    assert "nightdesk env log b-1 -f" in result.out


def test_from_standard_input(signed_in: Any, nightdesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Stdin(b"\xef\xbb\xbftabulate\n"))
    ask(nightdesk, "-", "--name", "tables", "--version", "7", "--description", "All of them")
    request = {"kind": "requirements", "environment": "tables", "version": "7", "description": "All of them"}
    assert asked(signed_in) == (request, {"requirements.txt": "tabulate\n"})


@pytest.mark.parametrize("line", ["name: tables", "name:   'tables'", 'name: "tables"  # ours'])
def test_from_condas_file_which_says_its_name(
    signed_in: Any, nightdesk: Run, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "environment.yml"
    path.write_text(f"{line}\ndependencies:\n  - pandas=2.2\n")
    ask(nightdesk, path)
    request, files = asked(signed_in)
    assert request == {"kind": "requirements", "environment": "tables"}
    assert files == {"environment.yaml": path.read_text()}
    ask(nightdesk, path, "--name", "others")
    assert asked(signed_in)[0]["environment"] == "others"


def test_from_a_folder_of_ours(signed_in: Any, nightdesk: Run, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    (tmp_path / "environment.yaml").write_text("name: x\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "large").write_text("x")
    ask(nightdesk, tmp_path)
    request, files = asked(signed_in)
    assert request == {"kind": "folder"}
    assert files == {"Dockerfile": "FROM x\n", "environment.yaml": "name: x\n"}


def test_from_a_folder_with_a_list(signed_in: Any, nightdesk: Run, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tabulate\n")
    (tmp_path / "smoke.ipynb").write_text("{}")
    assert nightdesk("env", "build", tmp_path, "--no-watch").code == 2
    ask(nightdesk, tmp_path, "--name", "tables")
    request, files = asked(signed_in)
    assert request == {"kind": "requirements", "environment": "tables"}
    assert set(files or ()) == {"requirements.txt", "smoke.ipynb"}
    (tmp_path / "environment.yml").write_text("name: conda-s\ndependencies: []\n")
    ask(nightdesk, tmp_path)
    assert asked(signed_in)[0]["environment"] == "conda-s"


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (
            ("--git", "https://h/x.git", "--ref", "v2", "--folder", "envs/a"),
            {"kind": "git", "source": "https://h/x.git", "ref": "v2", "folder": "envs/a"},
        ),
        (("--git", "https://h/x.git"), {"kind": "git", "source": "https://h/x.git", "ref": "", "folder": ""}),
        (("--image", "gpu:12", "--name", "gpu"), {"kind": "image", "source": "gpu:12", "environment": "gpu"}),
        (("--again", "python-data:1"), {"kind": "again", "source": "python-data:1"}),
        (("--folder", "r-data/2026.12.1"), {"kind": "folder", "source": "r-data/2026.12.1"}),
    ],
)
def test_from_elsewhere(
    signed_in: Any, nightdesk: Run, arguments: tuple[str, ...], request_: dict[str, str]
) -> None:
    ask(nightdesk, *arguments)
    assert asked(signed_in) == (request_, None)


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what to build from"),
        (("x", "--image", "y"), "say one thing to build from"),
        (("--git", "x", "--again", "y"), "say one thing to build from"),
        (("--folder", "x/1", "--image", "y"), "say one thing to build from"),
        (("none.txt", "--name", "x"), "there is no file or folder 'none.txt'"),
        (("list.txt",), "the new version needs a name"),
        (("--image", "gpu:12"), "the new version needs a name"),
        (("list.txt", "--ref", "v1", "--name", "x"), "--ref says what to take from a git repository"),
        (("ours.yaml",), "'ours.yaml' has no 'dependencies:'"),
        (("bytes.txt", "--name", "x"), "'bytes.txt' is no text"),
        (("large.txt", "--name", "x"), "'large.txt' is too long for a list of packages"),
        (("list.txt", "--name", "x", "--channel", "latest"), "invalid choice: 'latest'"),
        (("list.txt", "--name", "x", "--watch", "--no-watch"), "not allowed with argument"),
    ],
)
def test_wrong_usage(
    nightdesk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("list.txt", b"tabulate\n"),
        ("ours.yaml", b"name: x\nkernels: []\n"),
        ("bytes.txt", b"\xff\xfe"),
        ("large.txt", b"x" * 1_000_001),
    ):
        Path(name).write_bytes(content)
    result = nightdesk("env", "build", *arguments)
    assert result.code == 2
    assert words in result.err
    assert result.out == ""


# --- following it -------------------------------------------------------------------------------


def later(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("tabulate\n")
    return path


def started(platform: Any, end: str, **fields: Any) -> threading.Thread:
    """As soon as a build was asked for, it goes on to this end."""

    def go() -> None:
        while "b-1" not in platform.catalogue.builds:
            threading.Event().wait(0.005)
        platform.change_build("building")
        platform.build_log("#1 [1/2] FROM base\n#1 DO")
        platform.build_log("NE\n")
        platform.change_build("testing")
        platform.build_log("the last words")
        platform.change_build(end, **fields)

    return later(go)


def test_followed_to_a_good_end(signed_in: Any, nightdesk: Run, list_file: Path) -> None:
    thread = started(signed_in, "succeeded", digest="sha256:1")
    result = nightdesk("env", "build", list_file, "--name", "tables")
    thread.join()
    assert result.code == 0
    assert "#1 [1/2] FROM base\n#1 DONE\n" in result.err
    assert "the last words\n" in result.err
    assert result.err.index("#1 DONE") < result.err.index("trying it") < result.err.index("the last words")
    assert "tables:2026.11.1 is built and passed its trial" in result.out
    assert "nightdesk env promote tables:2026.11.1" in result.out
    assert "nightdesk submit FILE --env tables:2026.11.1" in result.out


def test_followed_to_a_bad_end(signed_in: Any, nightdesk: Run, list_file: Path) -> None:
    thread = started(signed_in, "failed", reason="the image has no jupyterhub-singleuser")
    result = nightdesk("env", "build", list_file, "--name", "tables", "--json")
    thread.join()
    assert result.code == 1
    assert (result.json["status"], result.json["id"]) == ("failed", "b-1")
    assert "#1 DONE" in result.err


def test_a_bad_end_says_why(signed_in: Any, nightdesk: Run, list_file: Path) -> None:
    thread = started(signed_in, "failed", reason="the image has no jupyterhub-singleuser")
    result = nightdesk("env", "build", list_file, "--name", "tables")
    thread.join()
    assert result.code == 1
    assert "tables:2026.11.1 failed" in result.out
    assert "why" in result.out
    assert "the image has no jupyterhub-singleuser" in result.out
    assert "env promote" not in result.out


def test_followed_over_broken_connections(signed_in: Any, nightdesk: Run, list_file: Path) -> None:
    signed_in.cuts = [0, 700, 1200]
    thread = started(signed_in, "succeeded")
    result = nightdesk("env", "build", list_file, "--name", "tables")
    thread.join()
    assert result.code == 0
    assert result.err.count("#1 [1/2] FROM base\n#1 DONE\n") == 1
    assert result.err.count("the last words") == 1


def test_what_it_prints_moves_no_cursor(signed_in: Any, nightdesk: Run) -> None:
    signed_in.catalogue.add_build("b-1")
    signed_in.build_log("a\x1b[2Jb\rlast\n")
    assert nightdesk("env", "log", "b-1").out == "last\n"


# --- lists, logs, cancelling --------------------------------------------------------------------


def test_lists_builds_over_several_pages(signed_in: Any, nightdesk: Run) -> None:
    for number in range(7):
        signed_in.catalogue.add_build(f"b-{number}", environment="", source=f"https://h/{number}.git")
    out = nightdesk("env", "builds").out
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["BUILD", "OF", "STATUS", "BY"]
    assert [line.split()[0] for line in lines[1:]] == [f"b-{number}" for number in range(6, -1, -1)]
    assert "https://h/6.git" in out
    assert len(nightdesk("env", "builds", "--limit", "4", "--json").json["builds"]) == 4
    signed_in.catalogue.builds.clear()
    assert "nightdesk env build --help" in nightdesk("env", "builds").err


def test_prints_the_log_and_follows_it(signed_in: Any, nightdesk: Run) -> None:
    signed_in.catalogue.add_build("b-1")
    signed_in.build_log("one\ntwo")
    assert nightdesk("env", "log", "b-1").out == "one\ntwo\n"
    assert nightdesk("env", "log", "b-1", "--json").json == {
        "build": signed_in.catalogue.builds["b-1"],
        "log": "one\ntwo",
    }
    signed_in.build_log("\nthree\n")
    signed_in.change_build("failed", reason="no")
    result = nightdesk("env", "log", "b-1", "-f")
    assert (result.code, result.out) == (0, "one\ntwo\nthree\n")
    document = nightdesk("env", "log", "b-1", "-f", "--json").json
    assert (document["build"]["status"], document["log"]) == ("failed", "one\ntwo\nthree\n")
    assert nightdesk("env", "log", "b-9").code == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("queued", "build b-1 is cancelled"),
        ("building", "build b-1 is being ended (it is building until then)"),
        ("succeeded", "build b-1 is over already: succeeded"),
    ],
)
def test_cancels(signed_in: Any, nightdesk: Run, status: str, words: str) -> None:
    signed_in.catalogue.add_build("b-1", status=status)
    assert nightdesk("env", "cancel", "b-1").out == f"{words}\n"
    assert nightdesk("env", "cancel", "b-1", "--json").json["id"] == "b-1"
    assert nightdesk("env", "cancel", "b-9").code == 1


# --- with a package of one's own ----------------------------------------------------------------

PROJECT = "[project]\nname = 'ours'\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    (folder / "src/ours/__pycache__").mkdir(parents=True)
    (folder / "src/ours/__pycache__/a.pyc").write_text("x")
    (folder / "src/ours/a.py").write_text("a = 1\n")
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def test_a_package_alone(signed_in: Any, nightdesk: Run, package: Path) -> None:
    ask(nightdesk, "--with", package, "--name", "ours")
    assert asked(signed_in) == (
        {"kind": "requirements", "environment": "ours"},
        {"package/pyproject.toml": PROJECT, "package/src/ours/a.py": "a = 1\n"},
    )


def test_a_package_with_a_list(signed_in: Any, nightdesk: Run, package: Path) -> None:
    (package.parent / "list.txt").write_text("tabulate\n")
    ask(nightdesk, package.parent / "list.txt", "--with", package, "--name", "ours")
    _, files = asked(signed_in)
    assert files is not None
    assert files["requirements.txt"] == "tabulate\n"
    assert "package/pyproject.toml" in files


def test_a_package_on_the_packages_of_a_version(
    signed_in: Any, nightdesk: Run, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightdesk.client.environments import Environments

    monkeypatch.setattr(Environments, "lock", lambda _self, label: f"# lock of {label}\n")
    ask(nightdesk, "--like", "tables:1", "--with", package)
    request, files = asked(signed_in)
    assert request == {"kind": "requirements", "environment": "tables"}
    assert files is not None
    assert files["requirements.txt"] == "# lock of tables:1\n"
    ask(nightdesk, "--like", "tables:1", "--with", package, "--name", "ours")
    assert asked(signed_in)[0]["environment"] == "ours"


def test_a_wheel(signed_in: Any, nightdesk: Run, tmp_path: Path) -> None:
    (tmp_path / "ours-1-py3-none-any.whl").write_text("whole")
    ask(nightdesk, "--with", tmp_path / "ours-1-py3-none-any.whl", "--name", "ours")
    assert asked(signed_in)[1] == {"wheels/ours-1-py3-none-any.whl": "whole"}


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--with", "ours"), "needs a name"),
        (("--with", "nowhere", "--name", "x"), "neither a folder with a pyproject.toml nor a wheel"),
        (("--like", "tables:1"), "--like says on whose packages"),
        (("list.txt", "--like", "tables:1", "--with", "ours"), "--like says on whose packages"),
        (("--image", "x", "--with", "ours"), "--with goes with a list of packages"),
    ],
)
def test_what_a_package_does_not_go_with(
    nightdesk: Run, package: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(package.parent)
    result = nightdesk("env", "build", *arguments)
    assert result.code == 2
    assert words in result.err
