"""What an environment says about itself: ``environment.yaml`` in ``images/NAME/VERSION``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,62}")
CHANNELS = ("stable", "next")
KEYS = {"name", "version", "title", "description", "channel", "kernels", "smoke"}


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
    if unknown := sorted(set(map(str, spec)) - KEYS):
        yield f"unknown key '{unknown[0]}'; there is: {', '.join(sorted(KEYS))}"
    if spec.get("name") != name:
        yield f"name is '{spec.get('name')}', but the folder is {name}/{version}"
    if spec.get("version") != version:
        yield f"version is '{spec.get('version')}', but the folder is {name}/{version} (put it in quotes)"
    if not NAME.fullmatch(name) or name in reserved:
        yield f"'{name}' cannot be the name of an environment: lower-case letters, digits and hyphens, none of the platform's own"
    if not VERSION.fullmatch(version):
        yield f"'{version}' cannot be a version: letters, digits, dots and hyphens"
    if spec.get("channel") not in (None, *CHANNELS):
        yield f"there is no channel '{spec['channel']}'; there is: {', '.join(CHANNELS)}"
    kernels = spec.get("kernels")
    if not isinstance(kernels, list) or not kernels:
        yield "kernels lists no kernel"
    elif not all(isinstance(kernel, dict) and {"name", "language"} <= kernel.keys() for kernel in kernels):
        yield "each kernel wants a name and a language"
    smoke = spec.get("smoke")
    if smoke is not None and not (isinstance(smoke, str) and (folder / smoke).is_file()):
        yield f"smoke names the notebook '{smoke}', which is not in the folder"
