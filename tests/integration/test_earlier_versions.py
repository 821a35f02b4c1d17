"""An image that changes an earlier version's holds what one made from the base alone holds, file by file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..support.platform import docker

ROOT = Path(__file__).parents[2]
SECRETS = Path(os.environ.get("NIGHTDESK_STATE", ROOT / ".nightdesk")) / "build-secrets"
pytestmark = pytest.mark.engine

FOLDER = ROOT / "images/python-data"
BEFORE = {"numpy": "2026.10.1", "cycler": "2026.12.1", "threadpoolctl": "2026.12.1"}
AFTER = {"numpy": "2026.12.1", "cycler": "2026.12.1", "narwhals": "2026.12.1"}
# Bytecode names the moment its source was written; that it is there is compared, what is in it is not.
LISTING = """
import hashlib, json, os, pathlib
found = {}
for path in sorted(pathlib.Path("/opt/nightdesk").rglob("*")):
    kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
    content = hashlib.sha256(path.read_bytes()).hexdigest() if kind == "file" and path.suffix != ".pyc" else ""
    found[str(path)] = [kind, oct(path.lstat().st_mode), content]
print(json.dumps(found, indent=0))
"""


def lock_of(versions: dict[str, str]) -> str:
    """The pins of these packages, each from the lock of a version of python-data."""
    found = []
    for name, version in versions.items():
        text = (FOLDER / version / "requirements.txt").read_text()
        block = re.search(rf"^{name}==(?:.*\\\n)*.*\n", text, re.MULTILINE)
        assert block, f"{name} is not in the lock of {version}"
        found.append(block[0])
    return "".join(found)


def base() -> str:
    """The base of this working tree."""
    plan = subprocess.run(
        [sys.executable, ROOT / "setup/image_plan.py", "environments"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    fields = plan.splitlines()[0].split("\t")
    return f"{fields[1]}:src-{fields[3]}"


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Builds the Dockerfile of python-data with another lock; the images go afterwards."""
    names: list[str] = []

    def make(versions: dict[str, str], **arguments: str) -> str:
        names.append(f"nightdesk-test:{uuid.uuid4().hex[:12]}")
        folder = tmp_path / names[-1].partition(":")[2]
        folder.mkdir()
        for name in ("Dockerfile", "environment.yaml", "smoke.ipynb"):
            (folder / name).write_bytes((FOLDER / "2026.12.1" / name).read_bytes())
        (folder / "requirements.txt").write_text(lock_of(versions))
        secrets = [
            f"--secret=id={name},src={SECRETS / name}" for name in ("ca", "pip") if (SECRETS / name).exists()
        ]
        values = [f"--build-arg={name}={value}" for name, value in {"BASE": base(), **arguments}.items()]
        docker(
            "build",
            "--quiet",
            "--provenance=false",
            f"--tag={names[-1]}",
            *secrets,
            *values,
            str(folder),
            seconds=280,
        )
        return names[-1]

    yield make
    if names:
        docker("image", "rm", "--force", *names)


def files_of(image: str) -> list[str]:
    """What is in the image's Python."""
    return docker(
        "run", "--rm", "-i", "--network=none", image, "python", "-", stdin=LISTING.encode()
    ).splitlines()


def test_changed_from_an_earlier_version_or_made_from_the_base_it_is_the_same(
    build: Callable[..., str],
) -> None:
    earlier = build(BEFORE)
    changed, fresh = build(AFTER, EARLIER=earlier), build(AFTER)
    files = files_of(changed)
    assert files == files_of(fresh)
    assert any("numpy/__init__.py" in line for line in files)
    assert not any("/threadpoolctl" in line for line in files), (
        "what the new lock does not name is still there"
    )
    assert any("__pycache__/__init__.cpython" in line and "narwhals/" in line for line in files)
