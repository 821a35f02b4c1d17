"""Writing settings files, and reading what is said about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nightdesk.config import ConfigError, Settings, load


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Settings]:
    """Load settings from a text."""

    def settings(text: str) -> Settings:
        path = tmp_path / "nightdesk.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return settings


@pytest.fixture
def problems(tmp_path: Path, read: Callable[[str], Settings]) -> Callable[[str], list[str]]:
    """What is wrong with a text: ``LINE: KEY: WORDS`` for each mistake, without the file's name."""

    def found(text: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        prefix = f"{tmp_path / 'nightdesk.yaml'}:"
        assert all(problem.startswith(prefix) for problem in caught.value.problems)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [problem.removeprefix(prefix) for problem in caught.value.problems]

    return found
