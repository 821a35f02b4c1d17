"""What the sources of the images promise: locked packages, one version of what is shared, no secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import image_plan
import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted(ROOT / image.folder / "Dockerfile" for image in image_plan.plan(["platform"]))
DOCKERFILES += sorted((ROOT / "images").rglob("Dockerfile"))
ENVIRONMENTS = sorted(path.parent for path in (ROOT / "images").glob("*/*/environment.yaml"))
LOCKS = [ROOT / "images/base/requirements.txt", ROOT / "images/base/build-requirements.txt"]
LOCKS += [folder / "requirements.txt" for folder in ENVIRONMENTS]
LOCKS += sorted((ROOT / "images").glob("*/*/build-requirements.txt"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_every_package_is_locked_with_hashes(lock: Path) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)
    unlocked = [block.split()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert pins(lock)
    assert unlocked == []


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_no_lock_names_an_index(lock: Path) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text())


@pytest.mark.parametrize("folder", ENVIRONMENTS, ids=name_of)
def test_an_environment_moves_nothing_that_the_base_holds(folder: Path) -> None:
    base, own = pins(ROOT / "images/base/requirements.txt"), pins(folder / "requirements.txt")
    shared = base.keys() & own.keys()
    assert shared
    assert {name: own[name] for name in shared} == {name: base[name] for name in shared}


def test_sessions_run_the_version_of_the_hub_that_starts_them() -> None:
    base, hub = pins(ROOT / "images/base/requirements.txt"), pins(ROOT / "hub/requirements.txt")
    assert base["jupyterhub"] == hub["jupyterhub"]


def test_the_base_leaves_out_what_makes_every_start_slow() -> None:
    assert not {"rfc3987-syntax", "lark"} & pins(ROOT / "images/base/requirements.txt").keys()


def test_versions_of_an_environment_differ() -> None:
    old, new = (
        pins(ROOT / f"images/python-data/{version}/requirements.txt")
        for version in ("2026.10.1", "2026.12.1")
    )
    assert (old["pandas"].split(".")[0], new["pandas"].split(".")[0]) == ("2", "3")
    assert old["scikit-learn"] != new["scikit-learn"]
    assert "polars" in new.keys() - old.keys()


@pytest.mark.parametrize("path", DOCKERFILES, ids=name_of)
def test_a_dockerfile_needs_no_registry_and_keeps_no_secret(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"^# *syntax=", text, re.MULTILINE), "a syntax line asks a registry for a frontend"
    assert not re.search(r"https?://", text)
    assert not re.search(
        r"^(ENV|ARG|COPY).*(PIP_|INDEX_URL|CA_BUNDLE|SSL_CERT|cafile|secret)", text, re.MULTILINE
    )
    for step in re.findall(r"^RUN (?:.*\\\n)*.*", text, re.MULTILINE):
        if re.search(r"install-packages (/|requirements)|npm ci", step):
            assert "--mount=type=secret,id=ca" in step, "this step does not trust the operator's certificates"


@pytest.mark.parametrize(
    "path", [path for path in DOCKERFILES if path.parent.name not in {"hub", "scheduler"}], ids=name_of
)
def test_what_people_and_networks_reach_does_not_run_as_root(path: Path) -> None:
    users = re.findall(r"^USER (\S+)", path.read_text(), re.MULTILINE)
    assert users
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_the_proxys_packages_are_locked_without_saying_from_where() -> None:
    lock = json.loads((ROOT / "services/proxy/package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "sha512-" not in entry.get("integrity", "")] == []
    wanted = json.loads((ROOT / "services/proxy/package.json").read_text())["dependencies"]
    chosen = packages["node_modules/configurable-http-proxy"]["version"]
    assert wanted == {"configurable-http-proxy": chosen}


@pytest.mark.parametrize("folder", ENVIRONMENTS, ids=name_of)
def test_a_smoke_notebook_is_valid_clean_and_uses_a_kernel_of_its_environment(folder: Path) -> None:
    spec = yaml.safe_load((folder / "environment.yaml").read_text())
    notebook = nbformat.read(folder / spec["smoke"], as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert notebook.metadata.kernelspec.name in {kernel["name"] for kernel in spec["kernels"]}
