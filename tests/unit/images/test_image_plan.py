"""Which images are built, in which order, and what makes one be built again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import image_plan
import pytest
from environment_spec import SpecError

Make = Callable[..., Path]
ALL = ("platform", "environments")
ENVIRONMENTS = {"python-data:2026.10.1", "python-data:2026.12.1", "modelling:2026.12.1", "r-data:2026.12.1"}
PACKAGES = {f"{name}-packages" for name in ENVIRONMENTS}


def hashes(root: Path) -> dict[str, str]:
    return {
        f"{image.name}:{image.version}": image_plan.source_hash(image, root)
        for image in image_plan.plan(ALL, root=root)
    }


@pytest.mark.parametrize(
    ("changed", "built_again"),
    [
        ("scheduler/src/nightdesk/server/bootstrap.py", {"scheduler:latest"}),
        ("scheduler/src/nightdesk/runner/__init__.py", {"scheduler:latest"}),
        ("scheduler/src/nightdesk/config.py", {"scheduler:latest", "hub:latest"}),
        ("scheduler/src/nightdesk/sections.py", {"scheduler:latest", "hub:latest"}),
        ("scheduler/src/nightdesk/client/__init__.py", {"scheduler:latest", "hub:latest", *ENVIRONMENTS}),
        ("scheduler/src/nightdesk/cli/__init__.py", {"scheduler:latest", "hub:latest", *ENVIRONMENTS}),
        ("scheduler/requirements.txt", {"scheduler:latest"}),
        ("hub/nightdesk_hub/__init__.py", {"hub:latest"}),
        ("services/redis/redis.conf", {"redis:latest"}),
        ("services/proxy/package-lock.json", {"proxy:latest"}),
        ("images/client/Dockerfile", ENVIRONMENTS),
        ("images/lab-extension/src/form.ts", {"lab-extension:latest", *ENVIRONMENTS}),
        ("images/lab-extension/node_modules/x/index.js", set()),
        ("images/base/requirements.txt", {"base:latest", *PACKAGES, *ENVIRONMENTS}),
        (
            "images/python-data/2026.10.1/requirements.txt",
            {"python-data:2026.10.1-packages", "python-data:2026.10.1"},
        ),
        ("images/python-data/2026.10.1/requirements.in", set()),
        (
            "images/modelling/2026.12.1/package/src/modelling/pulling.py",
            {"modelling:2026.12.1-packages", "modelling:2026.12.1"},
        ),
        ("images/base/requirements.in", set()),
        ("images/base/__pycache__/check.cpython-313.pyc", set()),
        ("hub/nightdesk_hub/.names.py.swp", set()),
        ("docs/environments.md", set()),
        ("tests/unit/test_anything.py", set()),
    ],
)
def test_only_what_an_image_is_made_of_builds_it_again(
    copied: Path, changed: str, built_again: set[str]
) -> None:
    before = hashes(copied)
    path = copied / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b"\n# changed\n")
    after = hashes(copied)
    assert {name for name in after if after[name] != before[name]} == built_again


def test_the_mode_of_a_script_counts(copied: Path) -> None:
    before = hashes(copied)
    (copied / "services/redis/start.sh").chmod(0o644)
    assert hashes(copied)["redis:latest"] != before["redis:latest"]


def test_what_others_stand_on_is_built_first_and_the_newest_version_last(
    tmp_path: Path, environment: Make
) -> None:
    for version in ("2026.10.1", "2026.9.1", "2026.10.1-next"):
        environment(version=version)
    images = image_plan.plan(["environments"], root=tmp_path)
    assert [f"{image.name}:{image.version}" for image in images] == [
        "base:latest",
        "lab-extension:latest",
        "stats:2026.9.1-packages",
        "stats:2026.10.1-packages",
        "stats:2026.10.1-next-packages",
        "stats:2026.9.1",
        "stats:2026.10.1",
        "stats:2026.10.1-next",
    ]


def test_the_environment_with_the_oldest_version_comes_first(tmp_path: Path, environment: Make) -> None:
    for name, version in (("apples", "2026.11.1"), ("stats", "2026.11.1"), ("stats", "2026.9.1")):
        environment(name, version)
    names = [f"{image.name}:{image.version}" for image in image_plan.environments(tmp_path)]
    assert names == ["stats:2026.9.1", "stats:2026.11.1", "apples:2026.11.1"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("", ["stats:1", "stats:2", "text:1"]),
        ("stats", ["stats:1", "stats:2"]),
        ("stats:2, text", ["stats:2", "text:1"]),
    ],
)
def test_some_environments_can_be_chosen(
    tmp_path: Path, environment: Make, wanted: str, expected: list[str]
) -> None:
    for name, version in (("stats", "1"), ("stats", "2"), ("text", "1")):
        environment(name, version)
    images = image_plan.chosen(image_plan.environments(tmp_path), wanted)
    assert [f"{image.name}:{image.version}" for image in images] == expected


def test_a_choice_that_is_not_there_lists_what_is(tmp_path: Path, environment: Make) -> None:
    environment()
    with pytest.raises(image_plan.PlanError, match="names 'stat'; there is: stats:2026"):
        image_plan.plan(["environments"], "stat", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "is no YAML"),
        ("just words", "holds no keys"),
        ('name: other\nversion: "2026.1"', "name is 'other', but the folder is stats/2026.1"),
        ("name: stats\nversion: 2026.10", "version is '2026.1', but the folder .*put it in quotes"),
        ('name: stats\nversion: "2026.1"', "kernels lists no kernel"),
        ('name: stats\nversion: "2026.1"\nkernels: [{name: ir}]', "each kernel wants a name and a language"),
        ('name: stats\nversion: "2026.1"\nkernel: []', "unknown key 'kernel'"),
        (
            'name: stats\nversion: "2026.1"\nchannel: best\nkernels: [{name: ir, language: R}]',
            "there is no channel 'best'; there is: stable, next",
        ),
        (
            'name: stats\nversion: "2026.1"\nsmoke: no.ipynb\nkernels: [{name: ir, language: R}]',
            "'no.ipynb', which is not in the folder",
        ),
    ],
)
def test_a_wrong_specification_is_named_before_anything_is_built(
    tmp_path: Path, environment: Make, text: str, words: str
) -> None:
    environment(text=text)
    with pytest.raises(SpecError, match=f"images/stats/2026.1/environment.yaml.*{words}"):
        image_plan.environments(tmp_path)


@pytest.mark.parametrize("name", ["base", "hub", "Stats", "1st"])
def test_some_names_are_no_names_for_environments(tmp_path: Path, environment: Make, name: str) -> None:
    environment(name)
    with pytest.raises(SpecError, match="cannot be the name"):
        image_plan.environments(tmp_path)


def test_a_folder_without_dockerfile_is_named(tmp_path: Path, environment: Make) -> None:
    (environment() / "Dockerfile").unlink()
    with pytest.raises(image_plan.PlanError, match="has no Dockerfile"):
        image_plan.environments(tmp_path)


def test_two_versions_cannot_be_stable(tmp_path: Path, environment: Make) -> None:
    for version in ("1", "2"):
        environment(
            version=version,
            text=f'name: stats\nversion: "{version}"\nchannel: stable\n'
            "kernels: [{name: python3, language: python}]",
        )
    with pytest.raises(image_plan.PlanError, match="both claim the channel 'stable'"):
        image_plan.environments(tmp_path)


def test_a_source_that_is_gone_is_named(copied: Path) -> None:
    (copied / "scheduler/pyproject.toml").unlink()
    with pytest.raises(image_plan.PlanError, match=r"scheduler/pyproject\.toml is missing"):
        hashes(copied)


def test_the_platform_accepts_every_specification_here(root: Path) -> None:
    from nightdesk.server.domain.environment import from_registration

    for image in image_plan.environments(root):
        version = from_registration({"spec": dict(image.spec or {}), "digest": "sha256:" + "0" * 64}, 0.0)
        assert version.label == f"{image.name}:{image.version}"


def test_a_line_holds_all_that_the_build_needs(root: Path) -> None:
    for image in image_plan.plan(ALL, root=root):
        fields = image_plan.line(image, root).split("\t")
        assert len(fields) == 9
        assert all(fields)
        assert (root / fields[4] / "Dockerfile").is_file()


def test_an_unknown_group_ends_the_build(root: Path) -> None:
    answer = subprocess.run(
        ["setup/images.sh", "enviroments"], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "no group 'enviroments'; there is: platform, environments" in answer.stderr
