"""A package of several notebooks: a module each, their tests, and what pip has to know."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from nightdesk.client.errors import WrongUsage
from nightdesk.exporting.files import Exported, signed
from nightdesk.exporting.notebook import Notebook
from nightdesk.exporting.source import module_text, tests_text

# Modules that are called otherwise on the package index; what is installed here is asked first.
_CALLED = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "{version}"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[tool.hatch.build.targets.wheel]
packages = ["src/{name}"]

[tool.pytest.ini_options]
pythonpath = ["src"]
"""


def package_files(notebooks: Iterable[Notebook], folder: Path, name: str, version: str) -> list[Exported]:
    """All files of the package. pyproject.toml and __init__.py are made once and are yours from then on.

    Raises:
        WrongUsage: the name is none, or two notebooks would make the same module.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise WrongUsage(
            f"{name!r} cannot be the name of a package",
            "Use small letters, digits and underscores: --name our_models.",
        )
    files: list[Exported] = []
    made: dict[str, str] = {}
    modules = []
    for notebook in notebooks:
        module = notebook.module
        if module in made:
            raise WrongUsage(
                f"{made[module]} and {notebook.name} both make {module}.py", "Rename one of them."
            )
        made[module] = notebook.name
        text = module_text(notebook)
        modules.append(text)
        files.append(Exported(folder / "src" / name / f"{module}.py", signed(notebook.name, text)))
        if tests := tests_text(notebook, f"{name}.{module}"):
            files.append(Exported(folder / "tests" / f"test_{module}.py", signed(notebook.name, tests)))
    project = _PROJECT.format(
        name=name,
        distribution=name.replace("_", "-"),
        version=version,
        dependencies=", ".join(f'"{each}"' for each in _dependencies(modules, name)),
    )
    files.append(Exported(folder / "pyproject.toml", project, once=True))
    files.append(
        Exported(folder / "src" / name / "__init__.py", f'"""{name}: from notebooks."""\n', once=True)
    )
    return files


def _dependencies(modules: Iterable[str], own: str) -> list[str]:
    """The distributions that the modules import, by name alone: which versions is for a person to say."""
    installed = importlib.metadata.packages_distributions()
    found = set()
    for text in modules:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for top in (each.partition(".")[0] for each in names):
                if top not in sys.stdlib_module_names and top not in {own, "nightdesk"}:
                    found.add(_CALLED.get(top) or min(installed.get(top, [top])).lower())
    return sorted(found)
