"""Starting is on the way of every submit: what must not be imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = {
    "asyncio", "concurrent.futures", "dataclasses", "datetime", "email", "http.client", "inspect", "logging",
    "pathlib", "pydantic", "requests", "shutil", "sqlalchemy", "ssl", "subprocess", "tarfile", "tempfile",
    "typing", "urllib.parse", "urllib.request", "uuid", "yaml",
}  # fmt: skip

_CODE = """
import sys
before = set(sys.modules)
from nightdesk.cli import main
code = main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(code)
"""


def _imported(*arguments: str, heavy: set[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *arguments], capture_output=True, text=True, timeout=30, check=True
    )
    return set(done.stderr.split()) & heavy


@pytest.mark.usefixtures("signed_in")
def test_submit_imports_nothing_heavy(notebook: Path) -> None:
    assert _imported("submit", str(notebook), "-p", "year=2026", "--json", heavy=HEAVY) == set()


@pytest.mark.parametrize("command", [["submit"], ["submit", "--watch"]])
def test_nor_does_what_is_printed(signed_in: Any, notebook: Path, command: list[str]) -> None:
    if "--watch" in command:
        signed_in.keys["k"] = "run1"
        signed_in.add_run()
        signed_in.finish()
        command = [*command, "--key", "k"]
    # A finished run's duration needs the calendar.
    assert _imported(*command, str(notebook), heavy=HEAVY - {"datetime"}) == set()


@pytest.mark.usefixtures("signed_in")
def test_version_imports_no_network() -> None:
    heavy = {"asyncio", "http.client", "pydantic", "requests", "ssl", "urllib.request", "yaml"}
    assert _imported("version", heavy=heavy) == set()


def test_the_client_names_what_there_is() -> None:
    import nightdesk.client

    for name in nightdesk.client.__all__:
        assert getattr(nightdesk.client, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = nightdesk.client.nothing
