"""The host's two locks agree, so that `make test` only adds to what `make up` installed."""

from __future__ import annotations

import re
from pathlib import Path


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", path.read_text(), re.MULTILINE))


def test_what_up_installs_is_part_of_what_the_tests_install(root: Path) -> None:
    up, dev = pins(root / "setup/requirements.txt"), pins(root / "requirements-dev.txt")
    assert up
    assert {name: dev.get(name) for name in up} == up


def test_every_package_is_locked_with_hashes(root: Path) -> None:
    for lock in ("setup/requirements.txt", "requirements-dev.txt"):
        blocks = re.split(r"^(?=[a-z0-9])", (root / lock).read_text(), flags=re.MULTILINE)
        assert not [
            block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block
        ]
