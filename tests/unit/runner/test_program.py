"""The program as a whole: what it may use, because it runs in every image version ever published."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from nightdesk import runner

FILES = sorted(runner.SOURCE.glob("*.py"))
OLDEST = (3, 9)


def test_there_is_a_program() -> None:
    assert runner.SOURCE / "__main__.py" in FILES
    assert runner.CONTRACT == 1
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = runner.nothing


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_old_enough_and_self_contained(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=OLDEST)
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1
    assert imported <= sys.stdlib_module_names | {"zmq"}
    assert ("zmq" in imported) == (path.name == "wire.py")


def test_the_kernel_is_started_before_the_dear_imports() -> None:
    dear = "{'zmq', 'typing', 'pathlib', 'subprocess', 'asyncio', 'tempfile', 'dataclasses', 'logging'}"
    program = (
        "import sys, nightdesk; b = set(sys.modules)\nimport nightdesk.runner.main, nightdesk.runner.kernel\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program + f"print(({dear} - b) & set(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == "set()\n"
