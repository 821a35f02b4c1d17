"""Looking at a file before it is handed over: what a form asks for, and the words of a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..workbench import ADA, code, notebook
from .site import Answer, Site, multipart

CELL = """year: int = 2026  # the year of the report
regions = ["north", "south"]
limit: float | None = None
seed = hash("x")
odd = {1, 2}
"""


def inspect(site: Site, source: bytes, file: str = "analysis.ipynb", **wanted: Any) -> Answer:
    request = json.dumps({"file": file, **wanted}).encode()
    body, kind = multipart(request=request, source=source)
    return site.post("/notebooks/inspect", ADA, body=body, headers={"Content-Type": kind})


def test_it_tells_what_a_form_asks_for_and_keeps_nothing(site: Site) -> None:
    before = site.get("/runs", ADA).json["runs"]
    answer = inspect(site, notebook(code(CELL, "parameters"), code("1")))
    assert answer.status == 200
    seen = answer.json
    assert (seen["kind"], seen["cells"], seen["notes"]) == ("notebook", 2, [])
    assert seen["environment"] == {"name": "python-data", "version": "2026.11.1"}
    assert seen["kernel"]["name"] == "python3"
    known = {each.pop("name"): each for each in seen["parameters"]}
    assert known["year"] == {
        "types": ["int"],
        "optional": False,
        "default": 2026,
        "computed": False,
        "help": "the year of the report",
    }
    assert known["regions"]["default"] == ["north", "south"]
    assert (known["limit"]["types"], known["limit"]["optional"]) == (["float"], True)
    assert (known["seed"]["computed"], known["seed"]["default"]) == (True, None)
    assert known["odd"]["computed"]  # a set is no JSON
    assert site.get("/runs", ADA).json["runs"] == before


def test_without_a_parameters_cell_there_is_nothing_to_ask(site: Site) -> None:
    assert inspect(site, notebook(code("1"))).json["parameters"] == []


def test_where_the_cell_cannot_be_read_any_name_goes(site: Site) -> None:
    broken = notebook(code("year = = 2", "parameters"))
    assert inspect(site, broken).json["parameters"] is None
    script = inspect(site, b"print(1)", "step.py").json
    assert (script["kind"], script["kernel"], script["parameters"]) == ("script", None, None)


@pytest.mark.parametrize(
    ("source", "file", "wanted", "status", "words"),
    [
        (b"{", "a.ipynb", {}, 400, "not valid JSON"),
        (notebook(code("1"), kernel="julia"), "a.ipynb", {}, 400, "the kernel 'julia'"),
        (notebook(code("1")), "a.txt", {}, 400, "neither a notebook nor a script"),
        (notebook(code("1")), "a.ipynb", {"environment": "nowhere"}, 404, "no environment 'nowhere'"),
        (b"\xff", "a.py", {}, 400, "not UTF-8"),
        (b" " * 70_000, "a.ipynb", {}, 413, "larger than"),
        (notebook(code("1")), "a.ipynb", {"parameters": {}}, 400, "parameters"),
    ],
)
def test_a_refusal_has_the_words_of_a_submit(
    site: Site, source: bytes, file: str, wanted: dict[str, Any], status: int, words: str
) -> None:
    answer = inspect(site, source, file, **wanted)
    assert answer.status == status
    assert words in answer.json["error"]["message"]
