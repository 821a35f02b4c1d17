"""Each of the four examples: clean notebooks, exports that are up to date, READMEs with pictures of their results."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from nightdesk.cli import main
from nightdesk.server.domain.parameters import parameters_of_python

FOLDER = Path(__file__).parents[3] / "examples"
NOTEBOOKS = sorted(FOLDER.rglob("*.ipynb"))
STORIES = ("phone-quality", "donation-propensity", "issue-positions", "service-requests-311")


def named(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_clean(path: Path) -> None:
    text = path.read_text("utf-8")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert [cell.id for cell in notebook.cells if not re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id)] == []
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|mnt|Users|var)/|https?://|pip install", text) == []
    for cell in code:
        ast.parse(re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_every_parameter_has_a_type_and_a_word(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    for parameter in parameters_of_python(cells[0].source) or [] if cells else []:
        assert len(parameter.kinds) == 1
        assert parameter.help


@pytest.mark.parametrize(
    "arguments",
    [
        ("service-requests-311/develop.ipynb", "--to", "service-requests-311/triage.py"),
        (
            *(
                f"issue-positions/notebooks/{name}.ipynb"
                for name in ("checks", "ensembling", "predicting", "pulling", "tuning")
            ),
            "--package",
            "issue-positions/package",
            "--name",
            "issue_models",
        ),
    ],
    ids=["triage", "issue_models"],
)
def test_what_is_exported_is_what_the_notebooks_say(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FOLDER)
    assert main(["export", *arguments, "--diff"]) == 0, capsys.readouterr().out


def test_the_pipeline_names_files_that_there_are() -> None:
    folder = FOLDER / "donation-propensity/monthly"
    steps = yaml.safe_load((folder / "pipeline.yaml").read_text("utf-8"))["steps"]
    assert list(steps) == ["prepare", "train", "predict", "validate", "summarise"]
    for step in steps.values():
        assert (folder / step["run"]).is_file()


@pytest.mark.parametrize("name", STORIES)
def test_its_readme_tells_the_story_with_a_picture(name: str) -> None:
    readme = (FOLDER / name / "README.md").read_text("utf-8")
    pictures = re.findall(r"!\[([^\]]+)\]\(([^)]+\.png)\)", readme)
    assert pictures
    for words, file in pictures:
        assert len(words) > 20
        assert 2_000 < (FOLDER / name / file).stat().st_size < 100_000
    assert f"{name}/README.md" in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", STORIES)
def test_its_scripts_say_what_they_are_for(name: str) -> None:
    for path in (FOLDER / name).rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
