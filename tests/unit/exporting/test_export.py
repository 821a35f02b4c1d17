"""What `nightdesk export` makes of notebooks, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nightdesk.cli import main

from ...support.notebooks import code

PARAMETERS = 'year: int = 2026  # the year\nplace = "north"\nwide: bool = False\nbest: str | None = None\n'
FIT = "from __future__ import annotations\n\nimport math\n\n\ndef grow(by: int) -> float:\n    return math.sqrt(year + by)"
MAIN = 'print(grow(0), place, wide, best)\ntext = """one\ntwo\n  three"""\nprint(text)'
TEST = "def test_it_grows():\n    assert grow(9) > math.sqrt(year)\n\ntest_it_grows()"
PLAIN = "assert grow(0) > 40"


def write(path: Path, *cells: Any, title: str = "How it grows", **metadata: Any) -> Path:
    heading = {"cell_type": "markdown", "metadata": {}, "source": f"# {title}\n\nWords."}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [heading, *cells]}
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write(
        tmp_path / "2-train model.ipynb",
        code("import matplotlib\n%matplotlib inline"),
        code(PARAMETERS, "parameters"),
        code(FIT, "export"),
        code("!ls"),
        code(TEST, "test"),
        code(PLAIN, "test"),
        code(MAIN, "main"),
    )


def export(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def run(*command: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_file_is_module_and_script_and_its_tests_pass(
    notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = notebook.parent
    assert export(notebook) == 0
    assert capsys.readouterr().out.count("wrote") == 2
    assert run("-c", "import train_model; print(train_model.grow(0) > 45)", folder=folder) == "True\n"
    said = run("train_model.py", "--year=9", "--place=a b", "--wide=true", "--best=null", folder=folder)
    assert said == "3.0 a b True None\none\ntwo\n  three\n"  # the string's lines are not indented
    assert run("train_model.py", folder=folder).startswith("45.0")
    assert "the year" in run("train_model.py", "--help", folder=folder)
    assert "2 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", ".", folder=folder)


def test_only_tagged_cells_are_in_it(notebook: Path) -> None:
    export(notebook)
    text = (notebook.parent / "train_model.py").read_text("utf-8")
    assert '"""How it grows"""' in text
    assert "matplotlib" not in text
    assert "!ls" not in text
    tests = (notebook.parent / "test_train_model.py").read_text("utf-8")
    assert "import math\n\nfrom train_model import grow, year\n" in tests
    assert "\ntest_it_grows()" not in tests
    assert "def test_2():\n    assert grow(0) > 40\n" in tests


def test_the_same_notebook_makes_the_same_bytes(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(notebook)
    file = notebook.parent / "train_model.py"
    first, moment = file.read_bytes(), file.stat().st_mtime_ns
    document = json.loads(notebook.read_text("utf-8"))
    document["cells"][3]["outputs"], document["cells"][3]["execution_count"] = [{"output_type": "stream"}], 7
    notebook.write_text(json.dumps(document, indent=4), "utf-8")
    capsys.readouterr()
    assert export(notebook) == 0
    assert capsys.readouterr().out.count("unchanged") == 2
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (first, moment)


def test_the_difference_to_the_last_export_is_shown_and_nothing_written(
    notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = notebook.parent / "train_model.py"
    assert export(notebook, "--diff") == 1
    assert "+++ " in capsys.readouterr().out
    assert not file.exists()
    export(notebook)
    capsys.readouterr()
    assert export(notebook, "--diff") == 0
    assert capsys.readouterr().out == ""
    document = notebook.read_text("utf-8").replace("sqrt(year + by)", "sqrt(year - by)")
    notebook.write_text(document, "utf-8")
    before = file.read_bytes()
    assert export(notebook, "--diff") == 1
    said = capsys.readouterr().out
    assert "-    return math.sqrt(year + by)\n+    return math.sqrt(year - by)\n" in said
    assert file.read_bytes() == before
    assert export(notebook) == 0  # nobody changed it by hand


def test_what_was_changed_by_hand_is_left_alone(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(notebook)
    tests = notebook.parent / "test_train_model.py"
    tests.write_text(tests.read_text("utf-8") + "# mine\n", "utf-8")
    notebook.write_text(notebook.read_text("utf-8").replace("sqrt(year + by)", "sqrt(year)"), "utf-8")
    before = (notebook.parent / "train_model.py").read_bytes()
    capsys.readouterr()
    assert export(notebook) == 1
    said = capsys.readouterr().err
    assert "test_train_model.py was changed by hand since it was exported" in said
    assert "--force" in said
    assert (notebook.parent / "train_model.py").read_bytes() == before  # neither is the other file written
    assert export(notebook, "--force") == 0
    assert "# mine" not in tests.read_text("utf-8")


def test_a_file_that_is_no_export_is_left_alone(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (notebook.parent / "train_model.py").write_text("mine = 1\n", "utf-8")
    assert export(notebook) == 1
    assert "was not exported from a notebook" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("%%sql warehouse\nselect 1", "cell 2 is a magic, %%sql"),
        ("x = 1\n%matplotlib inline", "cell 2 has a magic in its line 2: %matplotlib inline"),
        ("!pip install x", "cell 2 has a shell line in its line 1: !pip install x"),
        ("files = !ls", "cell 2 has a shell line in its line 1: files = !ls"),
        ("a = %who", "cell 2 has a magic in its line 1: a = %who"),
        ("x = 1\nlen?", "cell 2 has a magic in its line 2: len?"),
        ("get_ipython().run_line_magic('a', '')", "cell 2 asks for IPython itself"),
        ("await x", "cell 2 is no Python: 'await' outside function in its line 1"),
        ("x = = 1", "cell 2 is no Python"),
        ("return 1", "cell 2 is no Python: 'return' outside function"),
    ],
)
def test_what_is_no_python_is_refused_with_the_number_of_its_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, words: str
) -> None:
    path = write(tmp_path / "a.ipynb", code("!fine where it is not tagged"), code(source, "export"))
    assert export(path) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "a.py").exists()


def test_each_cell_that_cannot_be_exported_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path / "a.ipynb", code("!ls", "export"), code("x = 1", "export"), code("%time x", "test")
    )
    assert export(path) == 1
    said = capsys.readouterr().err
    assert "cell 1 has a shell line" in said
    assert "cell 3 has a magic" in said


def test_a_notebook_without_tags_says_how_to_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(write(tmp_path / "a.ipynb", code("x = 1"))) == 1
    assert "no cell that is tagged 'export'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no notebook"),
        ("[]", "is no notebook of format 4"),
        ('{"cells": [1]}', "is no notebook of format 4"),
        ('{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "is a notebook in R"),
    ],
)
def test_what_is_no_notebook_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (tmp_path / "a.ipynb").write_text(content, "utf-8")
    assert export(tmp_path / "a.ipynb") == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such.ipynb",),
        ("a.ipynb", "b.ipynb"),
        ("a.ipynb", "--name", "x"),
        ("a.ipynb", "--to", "no-name.py"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.ipynb", code("x = 1", "export"))
    assert export(*arguments) == 2


def test_several_notebooks_make_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pull = write(tmp_path / "pull.ipynb", code("import sklearn\n\ndef pull():\n    return [3, 1]", "export"))
    tune = write(
        tmp_path / "tune.ipynb",
        code("def best(values):\n    return max(values)", "export"),
        code("assert best([1, 3]) == 3", "test"),
    )
    folder = tmp_path / "our-models"
    assert export(pull, tune, "--package", folder) == 0
    made = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert made == {
        "pyproject.toml",
        "src/our_models/__init__.py",
        "src/our_models/pull.py",
        "src/our_models/tune.py",
        "tests/test_tune.py",
    }
    project = (folder / "pyproject.toml").read_text("utf-8")
    assert 'dependencies = ["scikit-learn"]' in project
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", folder=folder)
    # What is made once is its owner's from then on.
    (folder / "pyproject.toml").write_text(project.replace("0.1", "1.2"), "utf-8")
    capsys.readouterr()
    assert export(pull, tune, "--package", folder, "--force") == 0
    assert "1.2" in (folder / "pyproject.toml").read_text("utf-8")


def test_two_notebooks_of_one_module_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "1-tune.ipynb", code("x = 1", "export"))
    two = write(tmp_path / "2-tune.ipynb", code("x = 2", "export"))
    assert export(one, two, "--package", tmp_path / "p") == 2
    assert "both make tune.py" in capsys.readouterr().err


def test_as_json(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(notebook, "--json", "--diff") == 1
    found = json.loads(capsys.readouterr().out)["files"]
    assert [each["status"] for each in found] == ["differs", "differs"]
    assert found[0]["diff"].startswith("--- /dev/null\n")
    assert export(notebook, "--json") == 0
    assert [each["status"] for each in json.loads(capsys.readouterr().out)["files"]] == ["written", "written"]


@pytest.mark.parametrize(
    "odd", [{"metadata": None}, {"metadata": {"tags": "export"}}, {"metadata": {"tags": [["x"], None]}}]
)
def test_odd_metadata_is_no_tag(tmp_path: Path, odd: dict[str, Any]) -> None:
    path = write(tmp_path / "a.ipynb", code("x = 1", "export"), {**code("!y"), **odd}, kernelspec=None)
    assert export(path) == 0


def test_words_alone_are_nothing_to_do_and_the_future_comes_first(tmp_path: Path) -> None:
    cells = [code("x = 1\r\ny = 2", "export"), code("from __future__ import annotations\nprint(x)", "main")]
    cells += [code("# words", "main"), code("# words", "test"), code(r"z = '\d'", "export")]
    path = write(tmp_path / "a.ipynb", *cells, title='A "title" \\ \ud800')
    assert export(path) == 0
    assert run("a.py", folder=tmp_path) == "1\n"
    assert not (tmp_path / "test_a.py").exists()


def test_what_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.ipynb", code("x = '\ud800'", "export"))
    assert export(path) == 1
    assert "cell 1 is no Python" in capsys.readouterr().err
