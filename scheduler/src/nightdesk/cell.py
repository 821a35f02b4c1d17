"""`%%nightdesk`: the cell as a run of its own, in the background.

    %%nightdesk --name "Train" -p depth=5 --as training
    import nightdesk
    (nightdesk.output_dir / "score.txt").write_text(str(fit(depth)))

The run is a notebook of this cell, in the session's own version of its environment. It starts from nothing: what
other cells have computed is not there. `--before` takes along the cells that were executed before in this kernel.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from nightdesk.background import Client, Run
from nightdesk.client.errors import WrongUsage


@magics_class
class CellMagic(Magics):
    """The magic of one shell."""

    @magic_arguments()
    @argument("--name", help="what the run is called in lists")
    @argument("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE",
              help="a variable that the cell finds; VALUE is JSON, or else text")  # fmt: skip
    @argument(
        "--env", dest="environment", help="NAME, NAME:VERSION or NAME@CHANNEL; left out: the session's own"
    )
    @argument("--size", help="how much of the machine it has")
    @argument("--files", metavar="DIR", help="take this folder along")
    @argument("--before", action="store_true", help="take along the cells that were executed before")
    @argument("--as", dest="variable", metavar="VARIABLE", help="give the run to this variable")
    @argument("--wait", action="store_true", help="wait for its end")
    @cell_magic
    def nightdesk(self, line: str, cell: str) -> Run | None:
        """Run this cell in the background, as a notebook of its own."""
        wanted = parse_argstring(self.nightdesk, line)
        shell: Any = self.shell
        if not cell.strip():
            raise UsageError("the cell is empty: there is nothing to run")
        if wanted.variable is not None and not wanted.variable.isidentifier():
            raise UsageError(f"{wanted.variable!r} is no name of a variable")
        before = _before(shell) if wanted.before else []
        with Client() as client:  # what is asked of the run later opens the connection again
            run = _submit(client, wanted, [*before, cell])
            if wanted.variable is not None:
                shell.user_ns[wanted.variable] = run
            if wanted.wait:
                run.wait()
        if wanted.variable is None:
            return run
        print(f"run {run.id} is {run.status}: {run.url}")
        return None


def _submit(client: Client, wanted: Any, cells: list[str]) -> Run:
    parameters = dict(_parameter(each) for each in wanted.parameters)
    options: dict[str, Any] = {
        name: _unquoted(getattr(wanted, name))
        for name in ("environment", "size", "name")
        if getattr(wanted, name) is not None
    }
    options.setdefault("name", "a cell")
    with tempfile.TemporaryDirectory(prefix="nightdesk-cell-") as folder:
        file = Path(folder) / "cell.ipynb"
        file.write_text(json.dumps(_notebook(cells, parameters)), "utf-8")
        files = None if wanted.files is None else _unquoted(wanted.files)
        if parameters:
            options["parameters"] = parameters
        return client.submit(file, files=files, **options)


def _notebook(cells: list[str], parameters: dict[str, Any]) -> dict[str, Any]:
    """A notebook in format 4.5; what it is given are variables of its first cell."""
    sources: list[tuple[str, list[str]]] = [(text, []) for text in cells]
    if parameters:
        lines = "\n".join(f"{name} = None" for name in parameters)
        sources.insert(0, (lines, ["parameters"]))
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": tags} if tags else {},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for number, (text, tags) in enumerate(sources)
        ],
    }


def _before(shell: Any) -> list[str]:
    """What was executed before, without this cell and without other cells of this magic."""
    said = [str(text) for text in shell.history_manager.input_hist_raw[1:-1]]
    return [text for text in said if text.strip() and not text.lstrip().startswith("%%nightdesk")]


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = _unquoted(text).partition("=")
    if not equals or not name.isidentifier():
        raise WrongUsage(f"-p {text} is no NAME=VALUE", "Write -p depth=5.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _unquoted(text: str) -> str:
    """IPython leaves quotes around what had to be quoted."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
