"""What everything is made of: locks with hashes, images by digest, lists of packages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.people import Person

ROOT = Path(__file__).parents[2]
Say = Callable[[object], None]


@pytest.mark.security(23)
def test_every_lock_has_hashes(tried: Say) -> None:
    locks = [
        path
        for path in ROOT.rglob("*requirements*.txt")
        if not {".venv", ".nightdesk", "node_modules"} & set(path.parts)
    ]
    count = 0
    for lock in locks:
        text = lock.read_text("utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if line and not line.startswith(("#", " ", "-")):
                assert re.match(r"[A-Za-z0-9._\[\]-]+==\S+", line), (lock, line)
                assert "--hash=sha256:" in line, (lock, line)
                count += 1
    assert len(locks) >= 4, locks
    node = json.loads((ROOT / "services/proxy/package-lock.json").read_text("utf-8"))["packages"]
    assert not [name for name, package in node.items() if name and not package.get("integrity")]
    tried(f"{count} pinned packages in {len(locks)} locks, {len(node) - 1} of Node: each with its hash")


@pytest.mark.security(23)
@pytest.mark.parametrize("file", sorted(ROOT.glob("**/Dockerfile")), ids=lambda path: str(path.parent.name))
def test_images_install_from_locks_only(file: Path) -> None:
    if {".venv", ".nightdesk"} & set(file.parts):
        return
    text = file.read_text("utf-8")
    for line in re.findall(r"pip install[^\n]*(?:\\\n[^\n]*)*", text):
        assert "--no-index" in line or "--require-hashes" in line, line
    assert not re.search(r"(?m)^ADD http|(curl|wget) [^\n]*http", text)
    if "npm" in text and "npm ci" in text:
        assert "npm install " not in text.replace("npm-", "")


@pytest.mark.platform
@pytest.mark.security(25)
def test_every_version_has_its_list_of_packages(bob: Person, tried: Say) -> None:
    told = []
    for environment in bob.runs.ask("GET", "/environments")["environments"]:
        for version in environment["versions"]:
            if not (ROOT / "images" / environment["name"] / version["version"]).is_dir():
                continue  # another test's
            shown = bob.runs.ask("GET", f"/environments/{environment['name']}/{version['version']}")
            assert shown["digest"].startswith("sha256:")
            assert len(shown["packages"]) > 20
            told.append(f"{environment['name']}:{version['version']} has {len(shown['packages'])}")
    assert told
    tried("; ".join(told))
