"""Builds that come to their end: what becomes a version, what is kept of it, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from nightdesk.server.domain.build import BuildStatus
from nightdesk.server.domain.channel import Action
from nightdesk.server.domain.environment import Offer
from nightdesk.server.doubles.builder import MemoryRepositories
from nightdesk.server.services.recipes import keep_folder
from nightdesk.server.services.request_build import recipe_key

from .yard import ADDRESS, OWN, SPEC, Yard


def test_a_list_of_packages_becomes_a_version(yard: Yard, tmp_path: Path) -> None:
    done = yard.build(
        "requirements",
        {"requirements.txt": "tabulate\n"},
        environment="tiny",
        version="1",
        title="Tiny",
        channel="next",
    )
    assert (done.status, done.reason) == (BuildStatus.SUCCEEDED, None)
    version = yard.records.version("tiny", "1")
    assert version is not None
    assert version.digest == done.digest
    assert (version.title, version.channels, version.offer) == ("Tiny", ("next",), Offer.OFFERED)
    assert version.origin.source == "files sent along"
    assert (version.origin.built_by, version.origin.build_id) == ("root", done.id)
    assert version.origin.lock.startswith("tabulate==0.10.0")
    assert len(version.origin.recipe_sha256) == 64
    assert (version.size_bytes, version.contract, len(version.layers)) == (1000, 1, 2)
    assert [package.name for package in version.packages] == ["tabulate"]
    assert yard.workshop.images[version.digest] == {"nightdesk/tiny:1", "nightdesk/held:memory"}
    assert yard.workshop.looked_through == ["nightdesk/tiny:1"]
    kept = yard.recipe("tiny", "1", tmp_path / "kept")
    assert set(kept) == {"Dockerfile", "environment.yaml", "lock.py", "requirements.txt", "smoke.ipynb"}
    assert "tabulate" in kept["smoke.ipynb"]
    assert [event.action for event in yard.records.environment_events("tiny")] == [
        Action.PROMOTED,
        Action.REGISTERED,
    ]
    log = yard.log(done)
    assert "Building tiny:1 from files sent along." in log
    assert "ok     single-user server" in log
    assert not list((tmp_path / "scratch/.builds").iterdir())


def test_condas_file_is_translated_and_left_out_of_the_recipe(yard: Yard, tmp_path: Path) -> None:
    text = "dependencies:\n- python=3.13\n- tabulate=0.10\n"
    done = yard.build("requirements", {"environment.yml": text}, environment="tiny", version="1")
    assert done.status is BuildStatus.SUCCEEDED
    assert yard.recipe("tiny", "1", tmp_path / "kept")["requirements.txt"] == "tabulate==0.10.*\n"


def test_a_smoke_notebook_of_ones_own_is_kept(yard: Yard, tmp_path: Path) -> None:
    own = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    files = {"requirements.txt": "tabulate\n", "smoke.ipynb": own}
    assert yard.build("requirements", files, environment="tiny", version="1").status is BuildStatus.SUCCEEDED
    assert yard.recipe("tiny", "1", tmp_path / "kept")["smoke.ipynb"] == own


def test_a_folder_says_its_own_name(yard: Yard) -> None:
    done = yard.build("folder", OWN)
    assert (done.status, done.label) == (BuildStatus.SUCCEEDED, "stats:2026.1")


def test_a_folder_of_the_platforms_own(yard: Yard) -> None:
    place = yard.parts.sources / "images/stats/2026.1"
    place.mkdir(parents=True)
    for name, text in OWN.items():
        (place / name).write_text(text)
    done = yard.build("folder", source="stats/2026.1", environment="stats", version="2026.1")
    assert done.status is BuildStatus.SUCCEEDED
    version = yard.records.version("stats", "2026.1")
    assert version is not None
    assert version.origin.source == "folder images/stats/2026.1"


@pytest.mark.parametrize("source", ["../elsewhere", "stats/../../elsewhere", "stats/2", "", "base", "/etc"])
def test_only_folders_of_environments_are_built(yard: Yard, source: str) -> None:
    (yard.parts.sources / "elsewhere").mkdir()
    for name, text in OWN.items():
        (yard.parts.sources / "elsewhere" / name).write_text(text)
    done = yard.build("folder", source=source)
    assert done.status is BuildStatus.FAILED
    assert "There is no folder images/" in (done.reason or "")


def test_a_repository_and_its_commit(yard: Yard) -> None:
    done = yard.build("git", source=ADDRESS, ref="main", folder="r")
    assert done.status is BuildStatus.SUCCEEDED
    version = yard.records.version("stats", "2026.1")
    assert version is not None
    assert version.origin.source == f"git {ADDRESS} at {MemoryRepositories.COMMIT}, folder r"


def test_a_list_in_a_repository_gets_the_name_that_was_asked_for_and_a_free_version(yard: Yard) -> None:
    yard.repositories[ADDRESS] = {"requirements.txt": "tabulate\n"}
    first = yard.build("git", source=ADDRESS, environment="fetched")
    second = yard.build("git", source=ADDRESS, environment="fetched")
    assert [each.status for each in (first, second)] == [BuildStatus.SUCCEEDED] * 2
    assert re.fullmatch(r"\d{4}\.\d\d\.1", first.version)
    assert second.version == first.version[:-1] + "2"
    done = yard.build("git", source=ADDRESS)
    assert "Nothing says what the environment is called" in (done.reason or "")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": "https://git.example.org/none.git"}, "The repository could not be fetched"),
        ({"source": ADDRESS, "folder": "x"}, "The repository has no folder 'x'"),
        ({"source": ADDRESS, "folder": "../.."}, "The repository has no folder"),
        ({"source": ADDRESS}, "There is neither a Dockerfile nor a list of packages"),
    ],
)
def test_a_repository_that_holds_no_recipe(yard: Yard, fields: dict[str, str], words: str) -> None:
    done = yard.build("git", **fields)
    assert done.status is BuildStatus.FAILED
    assert words in (done.reason or "")


def test_an_image_that_exists_is_tried_and_registered_as_it_is(yard: Yard) -> None:
    image = yard.workshop.add("theirs", "lab.example.org/theirs:1")
    done = yard.build("image", source="lab.example.org/theirs:1", environment="theirs", version="1")
    assert (done.status, done.digest, yard.workshop.built) == (BuildStatus.SUCCEEDED, image, 0)
    version = yard.records.version("theirs", "1")
    assert version is not None
    assert version.origin.source == "image lab.example.org/theirs:1"
    assert [kernel.name for kernel in version.kernels] == ["python3"]
    assert not yard.parts.store.exists(recipe_key("theirs", "1"))


def test_an_image_that_is_elsewhere_is_fetched(yard: Yard) -> None:
    yard.workshop.registry["theirs:1"] = True
    assert (
        yard.build("image", source="theirs:1", environment="theirs", version="1").status
        is BuildStatus.SUCCEEDED
    )
    done = yard.build("image", source="theirs:2", environment="theirs", version="2")
    assert (done.status, done.reason) == (BuildStatus.FAILED, "theirs:2 cannot be had: not found")


def test_what_does_not_pass_gets_no_name_and_says_why(yard: Yard) -> None:
    files = {**OWN, "Dockerfile": "FROM debian:trixie-slim\n"}
    done = yard.build("folder", files)
    assert done.status is BuildStatus.FAILED
    assert "the image has no jupyterhub-singleuser" in (done.reason or "")
    assert yard.records.version("stats", "2026.1") is None
    assert not any(yard.workshop.images.values())


def test_what_cannot_be_built_says_so_at_the_end_of_its_log(yard: Yard) -> None:
    done = yard.build("folder", {**OWN, "Dockerfile": "RUN false\n"})
    assert done.status is BuildStatus.FAILED
    assert yard.log(done).endswith("The image could not be built. The log says which step failed, and why.\n")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Dockerfile": "FROM x\n"}, "There is no environment.yaml"),
        ({"Dockerfile": "FROM x\n", "environment.yaml": "- 1"}, "holds no keys"),
        ({"Dockerfile": "FROM x\n", "environment.yaml": "{"}, "is no YAML"),
        ({**OWN, "environment.yaml": yaml.safe_dump({**SPEC, "kernels": []})}, "kernels lists no kernel"),
        ({"requirements.txt": "-e .\n", "environment.yaml": yaml.safe_dump(SPEC)}, "stands alone"),
    ],
)
def test_a_recipe_that_is_wrong(yard: Yard, files: dict[str, str], words: str) -> None:
    done = yard.build("folder", files)
    assert done.status is BuildStatus.FAILED
    assert words in (done.reason or "")


def test_a_name_that_is_taken_is_refused_before_anything_is_built(yard: Yard) -> None:
    yard.build("folder", OWN)
    built = yard.workshop.built
    done = yard.build("folder", OWN)
    assert done.status is BuildStatus.FAILED
    assert "stats:2026.1 exists already, and versions never change" in (done.reason or "")
    assert yard.workshop.built == built


def test_an_earlier_version_on_the_same_base_is_built_upon(yard: Yard) -> None:
    first = yard.build("requirements", {"requirements.txt": "tabulate\n"}, environment="tiny", version="1")
    assert yard.workshop.arguments == {}
    yard.build("requirements", {"requirements.txt": "tabulate\nsix\n"}, environment="tiny", version="2")
    assert yard.workshop.arguments == {"EARLIER": f"held:{first.digest[7:19]}"}  # type: ignore[index]
    yard.build("requirements", {"requirements.txt": "tabulate\n"}, environment="other", version="1")
    assert yard.workshop.arguments == {}
    yard.build("again", source="tiny:1", environment="tiny", version="1-again.1")
    assert yard.workshop.arguments == {}


def test_a_version_of_another_environment_with_the_very_same_lock_is_built_upon(yard: Yard) -> None:
    yard.build("requirements", {"requirements.txt": "tabulate\n"}, environment="tiny", version="1")
    version = yard.records.version("tiny", "1")
    assert version is not None
    lock = {"requirements.txt": version.origin.lock}
    yard.build("requirements", lock, environment="other", version="1")
    assert yard.workshop.arguments == {"EARLIER": f"held:{version.digest[7:19]}"}
    yard.build(
        "requirements", {"requirements.txt": "six==1 --hash=sha256:11\n"}, environment="third", version="1"
    )
    assert yard.workshop.arguments == {}


def test_again_takes_the_recorded_lock_and_is_for_what_names_it(yard: Yard, tmp_path: Path) -> None:
    first = yard.build(
        "requirements", {"requirements.txt": "tabulate\n"}, environment="tiny", version="1", channel="stable"
    )
    done = yard.build("again", source="tiny:1", environment="tiny", version="1-again.1")
    assert done.status is BuildStatus.SUCCEEDED
    version = yard.records.version("tiny", "1-again.1")
    assert version is not None
    assert (version.offer, version.channels) == (Offer.DEPRECATED, ())
    assert version.origin.source == "tiny:1 built again from its recorded lock (files sent along)"
    kept = yard.recipe("tiny", "1-again.1", tmp_path / "kept")
    assert kept["requirements.txt"].startswith("tabulate==0.10.0 \\\n    --hash=")
    assert "Its packages are those of tiny:1." in yard.log(done)
    assert version.origin.recipe_sha256 == yard.records.version("tiny", "1").origin.recipe_sha256  # type: ignore[union-attr]
    assert first.status is BuildStatus.SUCCEEDED


def test_again_says_what_is_not_as_it_was(yard: Yard) -> None:
    yard.build("requirements", {"requirements.txt": "tabulate\n"}, environment="tiny", version="1")
    yard.workshop.report["packages"] = [{"name": "tabulate", "version": "0.11.0", "kind": "python"}]
    done = yard.build("again", source="tiny:1", environment="tiny", version="1-again.1")
    assert "1 packages differ" in yard.log(done)
    assert "python tabulate: 0.10.0 then, 0.11.0 now" in yard.log(done)


def test_a_folder_that_the_setup_built_can_be_built_again(yard: Yard) -> None:
    yard.build("folder", OWN)
    version = yard.records.version("stats", "2026.1")
    assert version is not None
    place = yard.parts.sources / "images/stats/2026.1"
    place.mkdir(parents=True)
    (place / "Dockerfile").write_text("of the folder")
    keep_folder(yard.parts.store, yard.parts.sources, version)  # it came otherwise, and is there already
    with yard.parts.store.open(recipe_key("stats", "2026.1")) as kept:
        assert b"of the folder" not in kept.read()
