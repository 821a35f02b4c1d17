"""Parameters: what a notebook's parameters cell declares, and whether given values fit."""

from __future__ import annotations

import ast
import io
import json
import keyword
import math
import tokenize
from dataclasses import dataclass
from typing import Any

from nightdesk.server.domain.errors import Invalid

_SIMPLE = {"bool", "int", "float", "str", "list", "dict"}
_SAME = {
    "List": "list",
    "Dict": "dict",
    "tuple": "list",
    "Tuple": "list",
    "Sequence": "list",
    "Mapping": "dict",
}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class _Computed:
    """Stands for a default that is not a literal."""


COMPUTED = _Computed()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One variable of a parameters cell. ``kinds`` are the simple types it takes; empty: anything."""

    name: str
    kinds: frozenset[str]
    optional: bool
    default: Any
    help: str


def parameters_of_python(source: str) -> list[Parameter] | None:
    """The variables that a cell of Python assigns at its top level; None where it is not plain Python.

    A type comes from the annotation, else from the default's own type. Text after ``#`` on the
    line is the parameter's description.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names, annotation = [node.target.id], node.annotation
        elif isinstance(node, ast.Assign):
            names, annotation = [target.id for target in node.targets if isinstance(target, ast.Name)], None
        else:
            continue
        default = _literal(node.value)
        kinds, optional = _declared(annotation) if annotation is not None else _implied(default)
        for name in names:
            found[name] = Parameter(
                name,
                frozenset(kinds),
                optional or default is None,
                default,
                comments.get(node.end_lineno or 0, ""),
            )
    return list(found.values())


def convert(parameter: Parameter, value: Any, text: bool) -> Any:
    """The value in the parameter's type; ``text`` says that it was typed on a command line.

    Raises:
        Invalid: it does not fit.
    """
    kinds = parameter.kinds
    if text and isinstance(value, str):
        value = _from_text(value, kinds, parameter.optional)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = (
        not kinds
        or (value is None and parameter.optional)
        or ("bool" in kinds and isinstance(value, bool))
        or ("int" in kinds and number and isinstance(value, int))
        or ("float" in kinds and number)
        or ("str" in kinds and isinstance(value, str))
        or ("list" in kinds and isinstance(value, list))
        or ("dict" in kinds and isinstance(value, dict))
    )
    if not fits:
        expected = " or ".join(sorted(kinds)) + (" or null" if parameter.optional else "")
        shown = json.dumps(value, ensure_ascii=False)[:100]
        raise Invalid(
            f"parameter '{parameter.name}' must be {expected}, not {shown}",
            field=f"parameters.{parameter.name}",
        )
    return value


def check_name(name: str, field: str | None = None) -> None:
    """Raise :class:`Invalid` unless ``name`` can be a variable: a name must never inject code."""
    if not name.isidentifier() or keyword.iskeyword(name) or len(name) > 100:
        raise Invalid(
            f"'{name[:100]}' is no name for a parameter",
            "Use letters, digits and underscores.",
            field=field or f"parameters.{name}",
        )


def check_value(name: str, value: Any, depth: int = 0) -> None:
    """Raise :class:`Invalid` for a value that would not come back from JSON as it went in."""
    if depth > 50:
        raise Invalid(f"parameter '{name}' is nested too deeply", field=f"parameters.{name}")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"parameter '{name}' must be a finite number, not {value}", field=f"parameters.{name}")
    if isinstance(value, str):
        if "\x00" in value:
            raise Invalid(f"parameter '{name}' contains a NUL character", field=f"parameters.{name}")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Invalid(
                f"parameter '{name}' contains half a character (a lone surrogate)", field=f"parameters.{name}"
            )
    for item in (
        value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else []
    ):
        check_value(name, item, depth + 1)


def script_value(value: Any) -> Any:
    """A script's parameter as typed on a command line: numbers, true, false and null are read as such."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value, parse_constant=no_constant)
        except (ValueError, RecursionError):
            return value
        return parsed if isinstance(parsed, int | float | bool | type(None)) else value
    return value


def no_constant(word: str) -> Any:
    """For ``json.loads``: NaN and Infinity are no JSON."""
    raise json.JSONDecodeError(f"{word} is no JSON value", word, 0)


def _from_text(value: str, kinds: frozenset[str], optional: bool) -> Any:
    if optional and value in {"null", "None"}:
        return None
    if kinds == {"str"}:
        return value
    if "bool" in kinds and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    try:
        parsed = json.loads(value, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return value
    if kinds == {"int"} and isinstance(parsed, float) and parsed.is_integer():
        return int(parsed)
    number = isinstance(parsed, int | float) and not isinstance(parsed, bool)
    if "str" in kinds and not (number and kinds & {"int", "float"}):
        return value
    return parsed


def _declared(annotation: ast.expr) -> tuple[set[str], bool]:
    """The simple types of an annotation and whether None is one of them; unknown types take anything."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        left, left_none = _declared(annotation.left)
        right, right_none = _declared(annotation.right)
        return _union([left, right], left_none or right_none)
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return {"None"}, True
        if isinstance(annotation.value, str):
            try:
                return _declared(ast.parse(annotation.value, mode="eval").body)
            except SyntaxError:
                return set(), True
    if isinstance(annotation, ast.Subscript):
        outer = _name(annotation.value)
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if outer == "Optional":
            return _union([_declared(inner[0])[0]], True)
        if outer == "Union":
            parts = [_declared(part) for part in inner]
            return _union([kinds for kinds, _ in parts], any(none for _, none in parts))
        if outer == "Literal":
            values = [part.value for part in inner if isinstance(part, ast.Constant)]
            return {type(value).__name__ for value in values} & _SIMPLE, None in values
        annotation = annotation.value
    name = _name(annotation)
    name = _SAME.get(name, name)
    return ({name}, False) if name in _SIMPLE else (set(), True)


def _union(parts: list[set[str]], optional: bool) -> tuple[set[str], bool]:
    if any(not part for part in parts):
        return set(), True
    return set().union(*parts) - {"None"}, optional


def _implied(default: Any) -> tuple[set[str], bool]:
    if default is COMPUTED or default is None:
        return set(), True
    kind = _SAME.get(type(default).__name__, type(default).__name__)
    return ({kind}, False) if kind in _SIMPLE else (set(), True)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _literal(node: ast.expr | None) -> Any:
    try:
        return COMPUTED if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return COMPUTED


def _comments(source: str) -> dict[int, str]:
    """Comment texts by line, from 1."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return {}
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
