"""The text of a module, which is a script as well where cells are tagged `main`, and the text of its tests."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from nightdesk.exporting.notebook import EXPORT, MAIN, PARAMETERS, TEST, Cell, Notebook

_PLAIN = {"int": "int", "float": "float"}


def module_text(notebook: Notebook) -> str:
    """The parameters as constants, then the cells tagged `export`; run as a script it takes the parameters as
    `--name=value`, as runs give them, and does what the cells tagged `main` do."""
    kept = [*notebook.cells[PARAMETERS], *notebook.cells[EXPORT]]
    future = sorted({line for cell in [*kept, *notebook.cells[MAIN]] for line in _future(cell.source)})
    parts = [f'"""{_title(notebook)}"""', *(["\n".join(future)] if future else [])]
    parts += [_without_future(cell.source) for cell in kept]
    if notebook.cells[MAIN]:
        parts.append(_main(notebook))
    return _joined(parts)


def tests_text(notebook: Notebook, module: str) -> str:
    """The cells tagged `test` for pytest, with the names that they use from `module`; empty where there are none."""
    cells = notebook.cells[TEST]
    if not cells:
        return ""
    sources = [_test(cell, number) for number, cell in enumerate(cells, 1)]
    future = sorted({line for source in sources for line in _future(source)})
    sources = [_without_future(source) for source in sources]
    head = [f'"""Tests of {module}."""', *(["\n".join(future)] if future else [])]
    imports = list(_imports(notebook, module, "\n".join(sources)))
    return _joined([*head, *(["\n".join(imports)] if imports else []), *sources])


def _title(notebook: Notebook) -> str:
    words = notebook.title or notebook.name
    return words.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


def _joined(parts: list[str]) -> str:
    """Two empty lines between parts, one below the first, trailing blanks gone."""
    first, *rest = [part.strip("\n") for part in parts if part.strip()]
    text = first + "\n\n" + "\n\n\n".join(rest)
    kept = _inside_strings(text)
    lines = [line if number in kept else line.rstrip() for number, line in enumerate(text.split("\n"), 1)]
    return "\n".join(lines) + "\n"


def _future(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield ast.unparse(node)


def _without_future(source: str) -> str:
    gone = [n for n in ast.parse(source).body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    return _without(source, gone)


def _without(source: str, nodes: list[ast.ImportFrom] | list[ast.Expr]) -> str:
    """The source without these statements, each of which has its lines for itself."""
    lines = {number for node in nodes for number in range(node.lineno, (node.end_lineno or 0) + 1)}
    return "\n".join(line for number, line in enumerate(source.split("\n"), 1) if number not in lines)


# --- running it ---------------------------------------------------------------------------------


def _main(notebook: Notebook) -> str:
    """`if __name__ == "__main__":` with what the cells tagged `main` do."""
    lines = ['if __name__ == "__main__":']
    arguments = [line for cell in notebook.cells[PARAMETERS] for line in _arguments(cell.source)]
    if arguments:
        json = ["    import json"] if any("json.loads" in line for line in arguments) else []
        lines += ["    import argparse", *json, ""]
        lines += ["    _arguments = argparse.ArgumentParser(description=__doc__)", *arguments]
        lines += ["    globals().update(vars(_arguments.parse_args()))", ""]
    lines.append("\n\n".join(indented(_without_future(cell.source)) for cell in notebook.cells[MAIN]))
    return "\n".join(lines)


def _arguments(source: str) -> Iterator[str]:
    """One `add_argument` for each variable of the parameters cell, typed as the platform types it."""
    comments = dict(_comments(source))
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names, kind = [node.target.id], ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            kind = type(node.value.value).__name__ if isinstance(node.value, ast.Constant) else ""
        else:
            continue
        said = comments.get(node.end_lineno or 0, "").replace("%", "%%")
        for name in names:
            words = f", help={said!r}" if said else ""
            yield f'    _arguments.add_argument("--{name}", type={_type(kind)}, default={name}{words})'


def _type(kind: str) -> str:
    """What reads the value: text comes as it is, all else as JSON."""
    bare = kind.strip("\"'")
    if bare == "str":
        return "str"
    if {"str", "None"} == {part.strip() for part in bare.split("|")} or bare == "Optional[str]":
        return 'lambda text: None if text == "null" else text'
    return _PLAIN.get(bare, "json.loads")


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ").strip()


def indented(source: str) -> str:
    """One level deeper. Lines in the midst of a string stay as they are, or the string would change."""
    kept = _inside_strings(source)
    return "\n".join(
        line if number in kept or not line.strip() else f"    {line}"
        for number, line in enumerate(source.split("\n"), 1)
    )


def _inside_strings(source: str) -> set[int]:
    """Numbers of the lines that begin within a string of several lines."""
    middles = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in middles:
            found |= set(range(token.start[0] + 1, token.end[0] + 1))
    return found


# --- tests --------------------------------------------------------------------------------------


def _test(cell: Cell, number: int) -> str:
    """A cell that defines tests as it is, without its calls of them; any other cell as one test."""
    body = ast.parse(cell.source).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    if not any(name.lower().startswith("test") for name in defined):
        return f"def test_{number}():\n{indented(cell.source)}"
    calls = [
        node
        for node in body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in defined
    ]
    return _without(cell.source, calls)


def _imports(notebook: Notebook, module: str, tests: str) -> Iterator[str]:
    """What the tests use of the module, and its imports that they use, as they stand there."""
    used = {node.id for node in ast.walk(ast.parse(tests)) if isinstance(node, ast.Name)}
    again: dict[str, str] = {}
    own: set[str] = set()
    for cell in [*notebook.cells[PARAMETERS], *notebook.cells[EXPORT]]:
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                again |= dict(_imported(node))
            else:
                own |= set(_bound(node))
    stated = {name for node in ast.walk(ast.parse(tests)) for name in _named_by_import(node)}
    wanted = sorted({again[name] for name in used & again.keys() - own - stated})
    yield from wanted
    if mine := sorted(used & own - stated):
        if wanted:
            yield ""
        yield f"from {module} import {', '.join(mine)}"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Each name that the statement binds, with a statement that binds it alone."""
    for alias in node.names:
        if alias.name == "*" or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        if isinstance(node, ast.Import):
            alone: ast.stmt = ast.Import(names=[alias])
        else:
            alone = ast.ImportFrom(module=node.module, names=[alias], level=node.level)
        yield alias.asname or alias.name.split(".")[0], ast.unparse(alone)


def _named_by_import(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.If | ast.Try | ast.With | ast.For):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                yield from _bound(child)
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
