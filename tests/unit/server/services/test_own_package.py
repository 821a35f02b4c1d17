"""A package of somebody's own in a version: what is read of it, and the recipe that puts it in."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from nightdesk.server.domain.build import BuildStatus
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.recipe import dockerfile
from nightdesk.server.services.own_package import own_package

from .yard import Yard

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
[project]
name = "our-models"
dependencies = ["tabulate>=0.9"]
"""
LOCK = "tabulate==0.10.0 \\\n    --hash=sha256:aa\n"


def project(folder: Path, text: str = PROJECT, tests: bool = True) -> Path:
    (folder / "package/src").mkdir(parents=True)
    (folder / "package/pyproject.toml").write_text(text, "utf-8")
    if tests:
        (folder / "package/tests").mkdir()
    return folder


def wheel(folder: Path, about: str) -> Path:
    (folder / "wheels").mkdir()
    with zipfile.ZipFile(folder / "wheels/our_models-1-py3-none-any.whl", "w") as made:
        made.writestr("our_models-1.dist-info/METADATA", about)
    return folder


def test_of_a_folder(tmp_path: Path) -> None:
    found = own_package(project(tmp_path))
    assert found is not None
    assert (found.name, found.needs, found.tools) == (
        "our-models",
        ("tabulate>=0.9",),
        ("hatchling>=1.27", "pytest"),
    )


def test_of_a_folder_without_tests(tmp_path: Path) -> None:
    found = own_package(project(tmp_path, tests=False))
    assert found is not None
    assert found.tools == ("hatchling>=1.27",)


def test_of_a_wheel(tmp_path: Path) -> None:
    about = "Name: our-models\nRequires-Dist: tabulate>=0.9\nRequires-Dist: pytest; extra == 'test'\n\nWords."
    found = own_package(wheel(tmp_path, about))
    assert found is not None
    assert (found.name, found.needs, found.tools) == ("our-models", ("tabulate>=0.9",), ())


def test_there_may_be_none(tmp_path: Path) -> None:
    assert own_package(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[project", "cannot be read"),
        ("[build-system]\nrequires = ['x']\n", "says no name"),
        ("[project]\nname = 'a b'\n", "says no name"),
        ("[project]\nname = 'a'\n", "says nothing below \\[build-system\\] requires"),
        (PROJECT.replace("tabulate>=0.9", "x @ https://example.org/x.whl"), "asks for 'x @ https"),
        (PROJECT.replace("hatchling>=1.27", "-r other.txt"), "asks for '-r other.txt'"),
        (PROJECT.replace('["tabulate>=0.9"]', '"tabulate"'), "is no list of texts"),
    ],
)
def test_what_cannot_be_built_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        own_package(project(tmp_path, text))


def test_what_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/a.whl").write_text("no", "utf-8")
    with pytest.raises(Invalid, match=r"a\.whl is no wheel"):
        own_package(tmp_path)
    (tmp_path / "wheels/a.whl").rename(tmp_path / "wheels/a.tar.gz")
    with pytest.raises(Invalid, match="holds one wheel"):
        own_package(tmp_path)


def test_its_own_code_runs_behind_a_closed_network_and_its_tools_are_in_no_image() -> None:
    stages = dockerfile({"package/pyproject.toml", "build-requirements.txt"}).split("\nFROM ")
    lock, wheel_stage, last = stages[1], stages[3], stages[4]
    assert ">/tools.txt" in lock
    assert "RUN --network=none" in wheel_stage.partition("COPY package")[2]
    assert "tools.txt" not in last
    assert "RUN --network=none" in last
    assert "pip check" in last
    assert "FROM packages AS wheel" not in dockerfile({"wheels/a.whl"})
    assert "source=wheels,target=/dist" in dockerfile({"wheels/a.whl"})


def test_a_package_with_the_list_becomes_a_version(yard: Yard, tmp_path: Path) -> None:
    files = {"requirements.txt": "numpy\n", "package/pyproject.toml": PROJECT, "package/tests/test_a.py": ""}
    done = yard.build("requirements", files, environment="tiny", version="1")
    assert (done.status, done.reason) == (BuildStatus.SUCCEEDED, None)
    kept = yard.recipe("tiny", "1", tmp_path / "kept")
    assert kept["requirements.txt"] == "numpy\ntabulate>=0.9\n"
    assert kept["build-requirements.txt"] == "hatchling>=1.27\npytest\n"
    assert "our-models" in kept["smoke.ipynb"]
    assert "package/pyproject.toml" in kept


def test_on_a_lock_and_alone(yard: Yard, tmp_path: Path) -> None:
    yard.build(
        "requirements",
        {"requirements.txt": LOCK, "package/pyproject.toml": PROJECT},
        environment="tiny",
        version="1",
    )
    kept = yard.recipe("tiny", "1", tmp_path / "lock")
    assert kept["requirements.txt"] == LOCK  # what is locked is complete
    assert "tabulate" not in kept["smoke.ipynb"]
    yard.build("requirements", {"package/pyproject.toml": PROJECT}, environment="tiny", version="2")
    assert yard.recipe("tiny", "2", tmp_path / "alone")["requirements.txt"] == "tabulate>=0.9\n"
