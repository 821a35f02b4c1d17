"""The example is a clean notebook: valid, with parameters, without outputs or traces of a machine."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
from nightdesk.server.domain.parameters import parameters_of_python

FOLDER = Path(__file__).parents[3] / "examples" / "donation-propensity"
NOTEBOOK = FOLDER / "donation-propensity.ipynb"


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def parameters_cell(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    return tagged[0]


def test_it_is_a_valid_notebook_of_the_current_format(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


def test_it_carries_no_outputs(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_its_cells_have_names_that_stay(notebook: nbformat.NotebookNode) -> None:
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    # Random ids are hexadecimal and change with each save; these are words.
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one)] == []


def test_every_parameter_has_a_type_a_default_and_a_word(notebook: nbformat.NotebookNode) -> None:
    found = parameters_of_python(parameters_cell(notebook).source)
    assert found is not None
    names = {parameter.name: parameter for parameter in found}
    assert {"donors", "seed", "campaign_month"} <= set(names)
    assert names["donors"].default >= 300_000
    for parameter in found:
        assert len(parameter.kinds) == 1, f"{parameter.name} has no type"
        assert parameter.help, f"{parameter.name} has no comment"


def test_its_readme_lists_every_parameter(notebook: nbformat.NotebookNode) -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    for parameter in parameters_of_python(parameters_cell(notebook).source) or []:
        assert f"`{parameter.name}`" in readme


def test_every_cell_is_python_and_comes_with_explanations(notebook: nbformat.NotebookNode) -> None:
    cells = code_cells(notebook)
    for cell in cells:
        ast.parse(cell.source)
    assert 15 <= len(cells) <= 25
    assert sum(cell.cell_type == "markdown" for cell in notebook.cells) >= 10


def test_it_uses_the_platform(notebook: nbformat.NotebookNode) -> None:
    code = "\n".join(cell.source for cell in code_cells(notebook))
    for name in ("nightdesk.output_dir", "nightdesk.log_metric", "nightdesk.run"):
        assert name in code


def test_it_names_no_path_of_a_machine_and_downloads_nothing() -> None:
    text = NOTEBOOK.read_text("utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|mnt|Users|var)/", text) == []
    assert re.findall(r"https?://|pip install|urlopen|requests\.", text) == []


def test_the_file_is_written_as_jupyter_writes_it() -> None:
    text = NOTEBOOK.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
