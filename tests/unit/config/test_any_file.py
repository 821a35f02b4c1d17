"""Whatever stands in the settings file: settings, or mistakes that are named with file and line."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from nightdesk.config import ConfigError, Settings, load

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "config/nightdesk.yaml").read_text("utf-8")
PARTS = list(Settings.model_fields)
KEYS = sorted(
    {field.alias or name for part in Settings.model_fields.values()
     for name, field in getattr(part.annotation, "model_fields", {}).items()}
    | {"cpus", "memory", "disk", "output", "pids", "time_limit", "default", "title", "name"}
)  # fmt: skip
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["auto", "4G", "10s", "1e9T", "99999999999d", "-1", "0", "10.0.0.0/8", "http://x", "inf", "nan", "٣G"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "nightdesk.yaml"


def tried(file: Path, content: bytes) -> None:
    """Load it: settings that hold what they say, or mistakes in words."""
    file.write_bytes(content)
    try:
        found = load(file)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = []
        assert found.default_size in found.sizes.values()
        assert found.runs.slot_count >= 1
        assert 0 < found.runs.memory_bytes <= 2**62
        assert found.public_url
        assert hash(found.runs.slots) is not None
    for problem in problems:
        assert problem.startswith(f"{file}:")
        assert len(problem) > len(str(file)) + 10
        assert "Traceback" not in problem


@given(st.binary(max_size=100))
def test_any_bytes(file: Path, content: bytes) -> None:
    tried(file, content)


@given(st.text(alphabet="ab: -{}[]&*!|>'\"#%@`\n\t,?~0.", max_size=40))
@settings(max_examples=200)
def test_any_yaml(file: Path, content: str) -> None:
    tried(file, content.encode())


@given(st.dictionaries(st.sampled_from(PARTS), VALUES, max_size=4))
@settings(max_examples=150)
def test_any_values(file: Path, content: dict[str, Any]) -> None:
    tried(file, yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "replace"))


@given(st.data())
@settings(max_examples=150)
def test_the_shipped_file_with_one_value_changed(file: Path, data: st.DataObject) -> None:
    content: Any = yaml.safe_load(SHIPPED)
    holder, key = content, data.draw(st.sampled_from(sorted(content)))
    while isinstance(holder[key], dict) and data.draw(st.booleans()):
        holder, key = holder[key], data.draw(st.sampled_from(sorted(holder[key])))
    holder[key] = data.draw(VALUES)
    tried(file, yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "replace"))


@given(st.integers(0, len(SHIPPED)), st.text(max_size=3))
@settings(max_examples=100)
def test_the_shipped_file_with_a_slip_of_the_pen(file: Path, place: int, slip: str) -> None:
    tried(file, (SHIPPED[:place] + slip + SHIPPED[place + len(slip) :]).encode("utf-8", "replace"))
