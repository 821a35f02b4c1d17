"""A package of somebody's own that is to be in a version: a folder with a pyproject.toml, or a wheel that came ready."""

from __future__ import annotations

import re
import tomllib
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.recipe import PACKAGE, WHEELS
from nightdesk.server.domain.requirements import names_in

_TESTED_WITH = "pytest"


@dataclass(frozen=True, slots=True)
class OwnPackage:
    """What it is called, what it needs to be imported, and what makes and tests a wheel of it (a wheel: nothing)."""

    name: str
    needs: tuple[str, ...]
    tools: tuple[str, ...]


def own_package(folder: Path) -> OwnPackage | None:
    """The package beside the list in ``folder``; None where there is none.

    Raises:
        Invalid: it cannot be built; the words say what to change.
    """
    project, wheels = folder / PACKAGE, sorted((folder / WHEELS).glob("*"))
    if project.is_dir():
        found = _of_project(project)
    elif wheels:
        if len(wheels) > 1 or wheels[0].suffix != ".whl":
            raise Invalid(f"the folder {WHEELS} holds one wheel", "Send the one file that `pip wheel` made.")
        found = _of_wheel(wheels[0])
    else:
        return None
    for requirement in (*found.needs, *found.tools):
        try:
            names_in(requirement)
        except Invalid:
            raise Invalid(
                f"the package {found.name} asks for '{requirement[:80]}'",
                "Packages come from the index here: write NAME, or NAME with a version.",
            ) from None
    return found


def _of_project(project: Path) -> OwnPackage:
    path = project / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Invalid(
            "the package has no pyproject.toml", "`nightdesk export --package` writes one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the package's pyproject.toml cannot be read: {error}") from None
    said = document.get("project")
    name = said.get("name") if isinstance(said, dict) else None
    if (
        not isinstance(said, dict)
        or not isinstance(name, str)
        or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name)
    ):
        raise Invalid("the package's pyproject.toml says no name below [project]")
    build = document.get("build-system")
    tools = _strings(build.get("requires") if isinstance(build, dict) else None, "build-system.requires")
    if not tools:
        raise Invalid(
            "the package's pyproject.toml says nothing below [build-system] requires",
            'Write what builds it: requires = ["hatchling>=1.27"] and build-backend = "hatchling.build".',
        )
    tested = (_TESTED_WITH,) if (project / "tests").is_dir() else ()
    return OwnPackage(name, _strings(said.get("dependencies", []), "project.dependencies"), (*tools, *tested))


def _of_wheel(path: Path) -> OwnPackage:
    try:
        with zipfile.ZipFile(path) as wheel:
            inside = next(
                name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
            )
            about = HeaderParser().parsestr(wheel.read(inside).decode("utf-8"))
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError, RuntimeError):
        raise Invalid(f"{path.name} is no wheel", "`pip wheel --no-deps FOLDER` makes one.") from None
    needs = [each for each in about.get_all("Requires-Dist", []) if "extra ==" not in each]
    return OwnPackage(str(about.get("Name", path.name)), tuple(needs), ())


def _strings(value: Any, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Invalid(f"{what} in the package's pyproject.toml is no list of texts")
    return tuple(value)
