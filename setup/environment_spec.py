"""What an environment says about itself: ``environment.yaml`` in ``images/NAME/VERSION``.

The rules are the platform's (``nightdesk.server.domain.recipe``), which holds what it builds itself to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml
from nightdesk.server.domain.recipe import problems


class SpecError(Exception):
    """An environment does not say what it must; the words name the file and what to change."""


def read_spec(folder: Path, root: Path, reserved: Collection[str] = ()) -> dict[str, Any]:
    """The ``environment.yaml`` of ``images/NAME/VERSION``; ``reserved`` names cannot be its name.

    Raises:
        SpecError: it cannot be read, or does not say what it must.
    """
    path = folder / "environment.yaml"
    place = path.relative_to(root).as_posix()
    try:
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{place} is no YAML: {error}") from error
    if not isinstance(spec, dict):
        raise SpecError(f"{place} holds no keys; it wants name, version, title and kernels")
    for problem in _problems(spec, folder, reserved):
        raise SpecError(f"{place}: {problem}")
    return spec


def _problems(spec: dict[str, Any], folder: Path, reserved: Collection[str]) -> Iterator[str]:
    name, version = folder.parent.name, folder.name
    for key, wanted in (("name", name), ("version", version)):
        if spec.get(key) != wanted:
            quotes = " (put it in quotes)" if key == "version" else ""
            yield f"{key} is '{spec.get(key)}', but the folder is {name}/{version}{quotes}"
    if name in reserved:
        yield f"'{name}' cannot be the name of an environment: it is one of the platform's own"
    yield from problems(spec, {path.relative_to(folder).as_posix() for path in folder.rglob("*")})
