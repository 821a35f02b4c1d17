"""What cannot run is refused when it is submitted: in words, and no container is made for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..support.notebooks import code, document, notebook
from ..support.people import Person
from ..support.platform import Platform
from ..support.runs import Refused, Runs

pytestmark = pytest.mark.platform
PARAMETERS = code("year: int = 2026  # which year\nname = 'north'\nrate = 0.5\n", "parameters")
WITH_PARAMETERS = notebook(PARAMETERS, "print(year, name, rate)")
ONE = notebook("1 + 1")


def of_format(number: int) -> bytes:
    return json.dumps(document("1 + 1") | {"nbformat": number}).encode()


FILES = {
    "no JSON": (b'{"nbformat": 4,\n "cells": oops}', {}, ["not valid JSON", "line 2, column 11"]),
    "empty": (b"", {}, ["is empty"]),
    "cut off": (ONE[:-20], {}, ["not valid JSON", "line 1, column"]),
    "a format of the future": (of_format(99), {}, ["format version 99"]),
    "JSON, but no notebook": (b'{"cells": []}', {}, ["not a notebook"]),
    "a kernel that is not there": (notebook("1", kernel="julia-1.9"), {}, ["julia-1.9", "python3"]),
    "a parameter of another type": (WITH_PARAMETERS, {"year": "soon"}, ["'year' must be int", "soon"]),
    "a parameter that is not there": (
        WITH_PARAMETERS,
        {"yaer": 2026},
        ["no parameter 'yaer'", "year, name, rate"],
    ),
    "a parameter for a notebook without any": (ONE, {"year": 1}, ["no parameter 'year'", "parameters"]),
    "a name that is no identifier": (WITH_PARAMETERS, {"x; import os": 1}, ["'x; import os' is no name"]),
    "a keyword as a name": (WITH_PARAMETERS, {"class": 1}, ["'class' is no name"]),
    "a NUL": (WITH_PARAMETERS, {"name": "a\x00b"}, ["'name' contains a NUL"]),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_notebook_is_refused_with_the_reason(ada: Person, case: str) -> None:
    source, parameters, words = FILES[case]
    before = len(ada.platform.containers("run", everything=True))
    with pytest.raises(Refused) as refused:
        ada.runs.submit(source, parameters=parameters)
    assert 400 <= refused.value.status < 500
    for word in words:
        assert word in str(refused.value)
    assert len(ada.platform.containers("run", everything=True)) <= before


@pytest.mark.parametrize(
    "name", ["../one.ipynb", "/etc/one.ipynb", "a/../one.ipynb", "..", "one.exe", "x\\y.ipynb"]
)
def test_a_name_with_a_way_out_or_of_another_kind_is_refused(ada: Person, name: str) -> None:
    with pytest.raises(Refused) as refused:
        ada.runs.submit(ONE, name)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "{run}/../x"])
def test_an_output_is_only_ever_one_of_the_run(ada: Person, name: str) -> None:
    run = ada.runs.submit(ONE, key="for its outputs")
    ada.runs.end(run["id"])
    answer = ada.runs.call("GET", f"/runs/{run['id']}/outputs/{name}")
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"environment": "python-datta"}, ["no environment 'python-datta'", "python-data"]),
        ({"environment": "python-data:1999.1"}, ["no version '1999.1'", "2026.11.1"]),
        ({"environment": "python-data@wild"}, ["no channel 'wild'"]),
        ({"size": "galactic"}, ["no size 'galactic'", "tiny"]),
        ({"timeout_seconds": 10**7}, ["time limit"]),
        ({"retries": 99}, ["retries"]),
        ({"image": "debian"}, ["image"]),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_what_there_is(
    ada: Person, request_: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        ada.runs.submit(ONE, **request_)
    assert 400 <= refused.value.status < 500
    for word in words:
        assert word in str(refused.value)


def test_the_command_says_the_same_and_ends_with_1(ada: Person, tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_bytes(b'{"nbformat": 4,\n "cells": oops}')
    done = ada.command("submit", "broken.ipynb", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "line 2, column 11" in done.stderr
    assert done.stdout == ""


def test_the_command_types_parameters_by_the_notebook(ada: Person, tmp_path: Path) -> None:
    (tmp_path / "p.ipynb").write_bytes(WITH_PARAMETERS)
    wrong = ada.command("submit", "p.ipynb", "-p", "year=soon", cwd=tmp_path)
    assert (wrong.returncode, "'year' must be int" in wrong.stderr) == (1, True), wrong
    arguments = ["-p", "year=2027", "-p", "name=007", "--size", "tiny", "--watch", "--json"]
    right = ada.command("submit", "p.ipynb", *arguments, cwd=tmp_path)
    assert right.returncode == 0, right
    run = json.loads(right.stdout)
    assert run["parameters"] == {"year": 2027, "name": "007"}
    assert "2027 007 0.5" in ada.runs.log(run["id"])


@pytest.mark.parametrize("token", ["", "not-a-token", "0" * 32])
def test_without_a_sign_in_nothing_is_told(platform: Platform, token: str) -> None:
    assert Runs(platform, token).call("GET", "/runs").status_code == 401
