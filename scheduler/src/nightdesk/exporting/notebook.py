"""Reading the notebook: which cells are for which part of the export, and which cannot be exported."""

from __future__ import annotations

import ast
import json
import keyword
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightdesk.client.errors import LocalProblem, WrongUsage

PARAMETERS, EXPORT, MAIN, TEST = "parameters", "export", "main", "test"
TAGS = (PARAMETERS, EXPORT, MAIN, TEST)
_MAGIC = re.compile(r"^\s*(%{1,2}\w|!)|^\s*[\w, ]+=\s*(!|%\w)|^\s*\?{1,2}\w|^\s*[\w.]+\?{1,2}\s*$")


@dataclass(frozen=True)
class Cell:
    """A tagged code cell; `number` counts code cells from 1, as a run's page does."""

    number: int
    source: str


@dataclass
class Notebook:
    """What a notebook has for an export, by tag in its order; `title` is its first heading."""

    name: str
    title: str = ""
    cells: dict[str, list[Cell]] = field(default_factory=lambda: {tag: [] for tag in TAGS})

    @property
    def module(self) -> str:
        """The name that its module gets: `2-train model.ipynb` is `train_model`."""
        stem = re.sub(r"\W+", "_", self.name.removesuffix(".ipynb")).lstrip("_0123456789").rstrip("_").lower()
        return stem


def read(path: Path) -> Notebook:
    """The notebook's tagged cells.

    Raises:
        WrongUsage: there is no such file, or it is no notebook in Python.
        LocalProblem: nothing is tagged, or a tagged cell is no plain Python; the words name each such cell.
    """
    document = _document(path)
    language = _inside(_inside(document, "metadata"), "kernelspec").get("language") or "python"
    if str(language).lower() != "python":
        raise WrongUsage(f"{path.name} is a notebook in {language}", "Python alone can be exported.")
    found = Notebook(path.name)
    number, troubles = 0, []
    for node in document["cells"]:
        source = _text(node.get("source", ""))
        if node.get("cell_type") == "markdown" and not found.title:
            heading = re.search(r"^#{1,6}\s+(.+?)\s*$", source, re.MULTILINE)
            found.title = heading[1].encode("utf-8", "replace").decode() if heading else ""
        if node.get("cell_type") != "code":
            continue
        number += 1
        tag = _tag(node, number, path.name)
        if tag is None or not source.strip():
            continue
        if trouble := _trouble(source):
            troubles.append(f"cell {number} {trouble}")
        elif tag in {MAIN, TEST} and not ast.parse(source).body:
            continue  # words alone: there is nothing to do
        found.cells[tag].append(Cell(number, source.strip("\n").rstrip()))
    if troubles:
        raise LocalProblem(
            f"{path.name} cannot be exported: {'; '.join(troubles)}",
            "Leave the tag off cells that are for the notebook alone, and write plain Python in the others: "
            "subprocess.run in the place of !, nightdesk.connect in the place of %sql.",
        )
    if not found.cells[EXPORT] and not found.cells[MAIN]:
        raise LocalProblem(
            f"{path.name} has no cell that is tagged 'export'",
            "Tag the cells that the module is to have (in JupyterLab: the gear at the top right, Cell Tags).",
        )
    if not found.module.isidentifier() or keyword.iskeyword(found.module):
        raise WrongUsage(f"{path.name} gives no name for a module", "Rename it, such as train.ipynb.")
    return found


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongUsage(
            f"there is no file {str(path)!r}", "Check the name and the folder you are in."
        ) from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{path.name} is no notebook: {error}") from None
    nodes = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise WrongUsage(
            f"{path.name} is no notebook of format 4", "Open it in JupyterLab and save it again."
        )
    whole: dict[str, Any] = document
    return whole


def _tag(node: dict[str, Any], number: int, name: str) -> str | None:
    """What the cell is for. A cell of parameters may be tagged `export` as well: it is exported anyway."""
    said = _inside(node, "metadata").get("tags")
    tags = {str(tag) for tag in said if tag in TAGS} if isinstance(said, list) else set()
    if PARAMETERS in tags:
        tags.discard(EXPORT)
    if len(tags) > 1:
        raise LocalProblem(
            f"{name}: cell {number} is tagged {' and '.join(sorted(tags))}", "Leave one of the tags."
        )
    return tags.pop() if tags else None


def _trouble(source: str) -> str:
    """Why the cell is no plain Python; empty where it is."""
    for line_number, line in enumerate(source.splitlines(), 1):
        if line_number == 1 and line.startswith("%%"):
            return f"is a magic, {line.split()[0]}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the notebook itself says so
            compile(source, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = getattr(error, "lineno", 0) or 0
        for number, line in enumerate(source.splitlines(), 1):
            if _MAGIC.match(line) and number >= at - 1:
                what = "a shell line" if "!" in line.split("=")[-1][:3] else "a magic"
                return f"has {what} in its line {number}: {line.strip()[:60]}"
        return f"is no Python: {getattr(error, 'msg', error)} in its line {at}"
    if re.search(r"\bget_ipython\s*\(", source):
        return "asks for IPython itself with get_ipython()"
    return ""


def _inside(node: dict[str, Any], key: str) -> dict[str, Any]:
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def _text(source: Any) -> str:
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")
