"""Reading what somebody submits: is it a notebook, which kernel does it want, do its parameters fit.

Everything that can be known to be wrong is refused here, before a container exists, in words and
with the place. papermill's translators read the parameters cell and write the injected one, so
that notebooks behave as they do under papermill; its checks are too lax for us and are not used.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import nbformat
from papermill.translators import papermill_translators

from nightdesk.server.domain.environment import Kernel, Version
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.parameters import (
    Parameter,
    check_name,
    check_value,
    convert,
    no_constant,
    parameters_of_python,
)
from nightdesk.server.domain.r_parameters import parameters_of_r, written_in_r

_NEWEST = 4
_PARAMETERS, _INJECTED = "parameters", "injected-parameters"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A notebook ready for the runner: ``source`` is its JSON in nbformat 4 with the parameters in place."""

    source: bytes
    kernel: Kernel
    parameters: dict[str, Any]
    cells: int
    notes: tuple[str, ...]


def prepare(raw: bytes, version: Version, given: dict[str, Any], text: bool) -> Prepared:
    """Check a notebook against an image and put the parameters in.

    Args:
        raw: the file as submitted.
        version: the image it is to run in.
        given: parameters by name.
        text: the values are text as typed on a command line, to be read by the notebook's types.

    Raises:
        Invalid: with what is wrong and where.
    """
    node, notes = read(raw)
    metadata = node.metadata
    wanted = (metadata.get("kernelspec") or {}).get("name")
    language = (metadata.get("language_info") or {}).get("name") or (metadata.get("kernelspec") or {}).get(
        "language"
    )
    kernel = version.kernel_for(wanted, language)
    if kernel is None:
        there = ", ".join(f"{kernel.name} ({kernel.display_name})" for kernel in version.kernels)
        raise Invalid(
            f"the notebook asks for the kernel '{wanted}', which {version.label} does not have",
            f"Choose one of its kernels in the notebook, or another environment. It has: {there}.",
        )
    if wanted is None:
        notes.append(
            f"The notebook names no kernel: it runs with {version.label}'s default, {kernel.display_name}."
        )
        metadata["kernelspec"] = {
            "name": kernel.name,
            "display_name": kernel.display_name,
            "language": kernel.language,
        }
    _check_code(node)
    values = _inject(node, kernel, given, text)
    return Prepared(
        source=_written(node),
        kernel=kernel,
        parameters=values,
        cells=sum(1 for cell in node.cells if cell.cell_type == "code"),
        notes=tuple(notes),
    )


def _written(node: nbformat.NotebookNode) -> bytes:
    return json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def read(raw: bytes) -> tuple[nbformat.NotebookNode, list[str]]:
    """Parse, upgrade and validate; the notes say what was changed.

    Raises:
        Invalid: no JSON (with line and column), no notebook, or a format nobody knows.
    """
    if not raw.strip():
        raise Invalid(
            "the notebook is empty: the file has no content", "Save it in JupyterLab and submit it again."
        )
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=no_constant)
    except UnicodeDecodeError as error:
        raise Invalid(f"the notebook is not UTF-8 text: byte {error.start} cannot be read") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: "
        if error.msg.endswith("is no JSON value"):  # NaN: its place is not known
            place = ""
        raise Invalid(
            f"the notebook is not valid JSON: {place}{error.msg}",
            "The file may be cut off or edited by hand; open it in JupyterLab and save it again.",
        ) from None
    except RecursionError:
        raise Invalid("the notebook is nested too deeply to be read") from None
    if not isinstance(data, dict) or "nbformat" not in data:
        raise Invalid("the file is JSON, but not a notebook: it has no 'nbformat'")
    major = data["nbformat"]
    if not isinstance(major, int) or isinstance(major, bool) or not 1 <= major <= _NEWEST:
        raise Invalid(
            f"the notebook has format version {major!r}; this platform reads versions 1 to {_NEWEST}",
            "Save it with a JupyterLab of today in format 4.",
        )
    minor = data.get("nbformat_minor", 0)
    if not isinstance(minor, int) or isinstance(minor, bool):
        raise Invalid(f"the notebook is damaged: its 'nbformat_minor' is {str(minor)[:40]!r}, not a number")
    notes: list[str] = []
    try:
        # its format's own reader: files keep a cell's source as a list of lines
        node = nbformat.versions[major].to_notebook_json(data, minor=minor)
        if major < _NEWEST:
            _check_kinds(data, major)
            node = nbformat.convert(node, _NEWEST)
            notes.append(
                f"The notebook was in format {major}; it was upgraded to format {_NEWEST} for this run."
            )
        spec = node.metadata.get("kernelspec")
        if isinstance(spec, dict) and isinstance(spec.get("name"), str):
            spec.setdefault("display_name", spec["name"])
        _give_ids(node)
        nbformat.validate(node)
    except nbformat.ValidationError as error:
        place = "/".join(str(part) for part in getattr(error, "absolute_path", ())) or "top level"
        raise Invalid(f"the notebook is damaged at {place}: {str(error.message)[:300]}") from None
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise Invalid(
            f"the notebook is damaged: something is not where it belongs ({type(error).__name__}: {str(error)[:200]})",
            "Open it in JupyterLab and save it again.",
        ) from None
    return node, notes


def _check_kinds(data: dict[str, Any], major: int) -> None:
    """In format 1 the reader takes the cell before for one whose kind it does not know, and code would run twice."""
    kinds = {cell["cell_type"] for cell in data["cells"]} if major == 1 and "cells" in data else set()
    if unknown := kinds - {"code", "text"}:
        raise Invalid(
            f"the notebook is damaged: format 1 has no cells of the kind {min(map(repr, unknown))[:40]}"
        )


def _give_ids(node: nbformat.NotebookNode) -> None:
    """Each cell an id of its own from format 4.5 on, and none before: many programs get that wrong."""
    seen: set[str] = set()
    for cell in node.cells:
        if (node.nbformat, node.nbformat_minor) < (4, 5):
            cell.pop("id", None)
        elif not isinstance(cell.get("id"), str) or cell["id"] in seen:
            cell["id"] = secrets.token_hex(4)
        seen.add(cell.get("id", ""))


def _check_code(node: nbformat.NotebookNode) -> None:
    """Half a surrogate pair in code never reaches a kernel, which would answer nothing for ever."""
    code = [cell.source for cell in node.cells if cell.cell_type == "code"]
    for number, source in enumerate(code, 1):
        if not source.isascii() and any("\ud800" <= character <= "\udfff" for character in source):
            raise Invalid(
                f"code cell {number} contains half a character (a lone surrogate)",
                "Delete it in JupyterLab and save the notebook again.",
            )


def parameters_of(node: nbformat.NotebookNode, kernel: Kernel) -> list[Parameter] | None:
    """The variables of the parameters cell; None where the cell cannot be read for them."""
    cell = next((cell for cell in node.cells if _tagged(cell, _PARAMETERS)), None)
    if cell is None:
        return []
    readers = {"python": parameters_of_python, "R": parameters_of_r}
    reader = readers.get(kernel.language)
    return reader(cell.source) if reader else None


def declared(prepared: Prepared) -> list[Parameter] | None:
    """The parameters that a checked notebook takes; None where its language has no reader, and any name goes."""
    return parameters_of(nbformat.from_dict(json.loads(prepared.source)), prepared.kernel)


def _inject(node: nbformat.NotebookNode, kernel: Kernel, given: dict[str, Any], text: bool) -> dict[str, Any]:
    if not given:
        return {}
    values = _checked(parameters_of(node, kernel), kernel.language, given, text)
    _put(node, kernel.name, kernel.language, values)
    return values


def checked_values(
    source: bytes, kernel: Kernel, points: Iterable[tuple[str, dict[str, Any]]], text: bool
) -> list[dict[str, Any]]:
    """Many sets of parameters for one notebook, each in its types.

    Args:
        source: the prepared notebook, without parameters.
        kernel: the one it runs with.
        points: what each is called in a refusal, and its parameters.
        text: see :func:`prepare`.

    Raises:
        Invalid: the first that does not fit, by what it is called.
    """
    known = parameters_of(nbformat.from_dict(json.loads(source)), kernel)
    found = []
    for called, given in points:
        try:
            found.append(_checked(known, kernel.language, given, text))
        except Invalid as error:
            raise Invalid(f"{called}: {error.message}", error.hint, field=error.field) from None
    return found


def cells_with_values(source: bytes) -> int:
    """How many code cells a prepared notebook has once parameters are put in."""
    node = nbformat.from_dict(json.loads(source))
    return 1 + sum(1 for cell in node.cells if cell.cell_type == "code" and not _tagged(cell, _INJECTED))


def with_values(source: bytes, kernel: str, language: str, values: dict[str, Any]) -> bytes:
    """A prepared notebook without parameters, with these put in."""
    if not values:
        return source
    node = nbformat.from_dict(json.loads(source))
    _put(node, kernel, language, values)
    return _written(node)


def _checked(
    known: list[Parameter] | None, language: str, given: dict[str, Any], text: bool
) -> dict[str, Any]:
    for name in given:
        check_name(name.replace(".", "_") if language == "R" else name)
    if known is not None:
        by_name = {parameter.name: parameter for parameter in known}
        for name in given:
            if name not in by_name:
                raise _unknown(name, list(by_name))
        given = {name: convert(by_name[name], value, text) for name, value in given.items()}
    for name, value in given.items():
        check_value(name, value)
    return given


def _put(node: nbformat.NotebookNode, kernel: str, language: str, values: dict[str, Any]) -> None:
    cell = nbformat.v4.new_code_cell(source=_assignments(values, kernel, language))
    cell.metadata["tags"] = [_INJECTED]
    if (node.nbformat, node.nbformat_minor) < (4, 5):
        cell.pop("id", None)
    node.cells = [cell for cell in node.cells if not _tagged(cell, _INJECTED)]
    at = next((index + 1 for index, cell in enumerate(node.cells) if _tagged(cell, _PARAMETERS)), 0)
    node.cells.insert(at, cell)


def _assignments(given: dict[str, Any], kernel: str, language: str) -> str:
    title = "Parameters of this run"
    if language == "R":
        return "\n".join([f"# {title}", *(f"{name} <- {written_in_r(given[name])}" for name in given)])
    translator = papermill_translators.find_translator(kernel, language)
    return str(translator.codify(given, title))


def _unknown(name: str, known: list[str]) -> Invalid:
    if not known:
        return Invalid(
            f"the notebook takes no parameter '{name}': it has no variables in a cell tagged 'parameters'",
            "Put its variables in one cell and give that cell the tag 'parameters'.",
            field=f"parameters.{name}",
        )
    return Invalid(
        f"the notebook has no parameter '{name}'", f"It has: {', '.join(known)}.", field=f"parameters.{name}"
    )


def _tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return cell.cell_type == "code" and tag in (cell.get("metadata") or {}).get("tags", [])
