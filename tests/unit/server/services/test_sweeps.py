"""Making a sweep: checked before anything is there, one file for all, and each run with its own parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.domain.errors import Invalid, NightdeskError
from nightdesk.server.domain.expansion import Draw, Drawing, Kind, Wish
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.submission import Submission, WantedInput
from nightdesk.server.domain.sweep import Sweep
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.ports.sweeps import SweepFilter
from nightdesk.server.services.inputs import ALL, inputs_there, open_input
from nightdesk.server.services.rerun import retry
from nightdesk.server.services.submit import Files
from nightdesk.server.services.sweeps import NewSweep, make_sweep, members_of, plan_sweep

from ..workbench import ADA, BOB, Bench, archive, code, notebook

NOTEBOOK = notebook(
    code("lr: float = 0.1  # the rate\ndepth: int = 2\nname = 'x'", "parameters"), code("print(lr, depth)")
)
GRID = Wish(Kind.GRID, grid={"lr": [0.1, 1], "depth": [2, 4]})


def wanted(wish: Wish = GRID, at_most: int | None = None, **submission: Any) -> NewSweep:
    each = Submission(**{"file": "train.ipynb", **submission})
    return NewSweep(each, wish, {"grid": {}}, at_most, "accuracy")


def make(
    bench: Bench, new: NewSweep | None = None, source: bytes = NOTEBOOK, files: Files | None = None
) -> tuple[Sweep, list[Run]]:
    sweep, fresh = make_sweep(
        bench.records, bench.store, bench.settings, ADA, new or wanted(), (source, files)
    )
    assert fresh
    return sweep, bench.records.runs_of_sweep(sweep.id)


def prepared(bench: Bench, run: Run) -> dict[str, Any]:
    with open_input(bench.records, bench.store, run.id, "prepared") as file:
        document: dict[str, Any] = json.loads(file.read())
    return document


def injected(document: dict[str, Any]) -> list[str]:
    return [
        cell["source"]
        for cell in document["cells"]
        if "injected-parameters" in cell["metadata"].get("tags", [])
    ]


def test_each_combination_is_a_run_with_its_place(bench: Bench) -> None:
    sweep, runs = make(bench, wanted(at_most=2))
    assert [run.parameters for run in runs] == [
        {"lr": 0.1, "depth": 2},
        {"lr": 0.1, "depth": 4},
        {"lr": 1, "depth": 2},
        {"lr": 1, "depth": 4},
    ]
    assert [run.sweep_place for run in runs] == [1, 2, 3, 4]
    assert {(run.sweep_id, run.name, run.owner, run.status) for run in runs} == {
        (sweep.id, "train.ipynb", "ada", Status.QUEUED)
    }
    assert (sweep.count, sweep.varied, sweep.at_most, sweep.metric) == (4, ("lr", "depth"), 2, "accuracy")
    assert sweep.said == "lr (2) x depth (2): 4 runs"


def test_each_gets_the_same_file_with_its_own_parameters(bench: Bench) -> None:
    _, runs = make(bench)
    for run in runs:
        with open_input(bench.records, bench.store, run.id, "source") as file:
            assert file.read() == NOTEBOOK
        (cell,) = injected(prepared(bench, run))
        assert f"lr = {run.parameters['lr']}" in cell
        assert f"depth = {run.parameters['depth']}" in cell
        assert inputs_there(bench.records, bench.store, run.id) == ["prepared", "source"]
        assert bench.records.run_inputs(run.id) == []


def test_it_is_what_a_submit_would_have_been(bench: Bench) -> None:
    _, runs = make(bench, wanted(Wish(Kind.LIST, points=[{"lr": 0.5}])))
    alone = bench.submit(source=NOTEBOOK, file="train.ipynb", parameters={"lr": 0.5})
    with open_input(bench.records, bench.store, alone.id, "prepared") as file:
        one = json.loads(file.read())
    other = prepared(bench, runs[0])
    for document in (one, other):
        for cell in document["cells"]:
            cell.pop("id", None)
    assert one == other
    same = ("kernel", "cells", "input_sha256", "digest", "size", "timeout_seconds", "parameters", "kind")
    assert {name: getattr(runs[0], name) for name in same} == {name: getattr(alone, name) for name in same}


def test_a_large_file_is_in_the_store_once(bench: Bench) -> None:
    large = notebook(code("x = 1", "parameters"), code("'" + "x" * 300_000 + "'"))
    sweep, runs = make(bench, wanted(Wish(Kind.GRID, grid={"x": list(range(50))})), large)
    for run in (runs[0], runs[49]):
        (cell,) = injected(prepared(bench, run))
        assert f"x = {run.parameters['x']}" in cell
    kept = [name for name in bench.stored() if "inputs/" in name]
    assert sorted(kept) == [f"inputs/{sweep.id}.prepared", f"inputs/{sweep.id}.source"]


def test_a_run_of_it_runs(bench: Bench) -> None:
    _, runs = make(bench)
    bench.supervisor().supervise(runs[2].id)
    assert bench.run(runs[2]).status is Status.SUCCEEDED


def test_what_is_taken_along_goes_to_all(bench: Bench) -> None:
    _, runs = make(bench, files=archive(("data.csv", b"1,2\n")))
    assert {run.files_count for run in runs} == {1}
    with open_input(bench.records, bench.store, runs[3].id, "files.tar.gz") as file:
        assert file.read(2) == b"\x1f\x8b"
    bench.supervisor().supervise(runs[0].id)
    assert bench.run(runs[0]).status is Status.SUCCEEDED


def test_a_script_gets_its_values_as_it_would_by_itself(bench: Bench) -> None:
    table = Wish(Kind.CSV, table="lr,label\n0.1,a\n1,\n")
    _, runs = make(bench, wanted(table, file="train.py", parameters_are_text=True), b"print(1)\n")
    assert [run.parameters for run in runs] == [{"lr": 0.1, "label": "a"}, {"lr": 1}]
    with open_input(bench.records, bench.store, runs[1].id, "source") as file:
        assert file.read() == b"print(1)\n"


def test_text_is_read_by_the_types_of_the_notebook(bench: Bench) -> None:
    wish = Wish(Kind.GRID, grid={"lr": ["0.1", "2"], "depth": ["3"]}, fixed={"name": "12"})
    _, runs = make(bench, wanted(wish, parameters_are_text=True))
    assert [run.parameters for run in runs] == [
        {"name": "12", "lr": 0.1, "depth": 3},
        {"name": "12", "lr": 2, "depth": 3},
    ]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(Kind.GRID, grid={"lr": [0.1, "fast"]}), "run 2 of 2 (lr=fast): parameter 'lr' must be float"),
        (Wish(Kind.LIST, points=[{"depth": 1}, {"depth": 1.5}]), "run 2 of 2 (depth=1.5): parameter 'depth'"),
        (
            Wish(Kind.LIST, points=[{"lr": 1}, {"wings": 2}]),
            "run 2 of 2 (wings=2): the notebook has no parameter",
        ),
        (
            Wish(Kind.RANDOM, count=3, draws={"depth": Draw(Drawing.UNIFORM, 0, 1)}),
            "run 1 of 3",
        ),
        (Wish(Kind.LIST, points=[{"name": "\x00"}]), "NUL"),
    ],
)
def test_one_that_does_not_fit_is_named_and_nothing_is_made(bench: Bench, wish: Wish, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        make(bench, wanted(wish))
    assert words in caught.value.message
    assert bench.records.sweeps(SweepFilter()) == []
    assert bench.records.runs(RunFilter()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": "nothing"}, "no environment"),
        ({"size": "galactic"}, "no size"),
        ({"retries": 99}, "retries"),
        ({"timeout_seconds": 1e9}, "time limit"),
        ({"file": "x.exe"}, "neither a notebook nor a script"),
        ({"name": "a\nb"}, "one line"),
        ({"inputs": (WantedInput("a", "none", "x"),)}, "no run"),
    ],
)
def test_what_a_run_is_refused_for_a_sweep_is(bench: Bench, change: dict[str, Any], words: str) -> None:
    with pytest.raises(NightdeskError) as caught:
        make(bench, wanted(**change))
    assert words in caught.value.message
    assert bench.records.runs(RunFilter()) == []


def test_more_than_may_wait_are_not_made(bench: Bench) -> None:
    limits = bench.settings.runs.limits
    most = bench.settings.model_copy(
        update={
            "runs": bench.settings.runs.model_copy(
                update={"limits": limits.model_copy(update={"waiting": 5})}
            )
        }
    )
    bench.submit()
    new = wanted(Wish(Kind.GRID, grid={"depth": [1, 2, 3, 4]}))
    make_sweep(bench.records, bench.store, most, ADA, new, (NOTEBOOK, None))
    with pytest.raises(NightdeskError, match="ada has 5 runs waiting, and at most 5 may wait"):
        make_sweep(
            bench.records, bench.store, most, ADA, wanted(Wish(Kind.LIST, points=[{}])), (NOTEBOOK, None)
        )


def test_one_key_is_one_sweep(bench: Bench) -> None:
    sweep, _ = make(bench, wanted(key="night"))
    again, fresh = make_sweep(
        bench.records, bench.store, bench.settings, ADA, wanted(key="night"), (NOTEBOOK, None)
    )
    assert (again, fresh) == (sweep, False)
    assert len(bench.records.runs(RunFilter())) == 4
    with pytest.raises(Invalid, match="idempotency key"):
        make(bench, wanted(key=""))


def test_a_look_ahead_makes_nothing(bench: Bench) -> None:
    planned = plan_sweep(bench.records, bench.settings, ADA, wanted(), NOTEBOOK)
    assert planned.sweep.count == 4
    assert [run.parameters["lr"] for run in planned.runs] == [0.1, 0.1, 1, 1]
    assert bench.records.runs(RunFilter()) == []


def test_run_again_it_takes_its_place(bench: Bench) -> None:
    sweep, runs = make(bench)
    bench.supervisor().supervise(runs[1].id)
    new = retry(bench.records, bench.store, bench.settings, ADA, bench.run(runs[1]))
    assert (new.sweep_id, new.sweep_place, new.parameters) == (sweep.id, 2, runs[1].parameters)
    found = members_of(bench.records, sweep)
    assert [(each.place, each.run.id, each.earlier) for each in found] == [
        (1, runs[0].id, 0),
        (2, new.id, 1),
        (3, runs[2].id, 0),
        (4, runs[3].id, 0),
    ]
    assert bench.records.run_inputs(new.id) == []
    bench.supervisor().supervise(new.id)
    assert bench.run(new).status is Status.SUCCEEDED


def test_what_somebody_else_runs_again_is_theirs_and_whole(bench: Bench) -> None:
    sweep, runs = make(bench, files=archive(("data.csv", b"1,2\n")))
    new = retry(bench.records, bench.store, bench.settings, BOB, runs[1])
    assert (new.owner, new.sweep_id, new.sweep_place) == ("bob", None, None)
    assert sorted(inputs_there(bench.records, bench.store, new.id)) == sorted(ALL)
    (cell,) = injected(prepared(bench, new))
    assert "depth = 4" in cell
    assert [each.earlier for each in members_of(bench.records, sweep)] == [0, 0, 0, 0]


def test_places_stand_in_the_queue_in_their_order(bench: Bench) -> None:
    _, runs = make(bench, wanted(Wish(Kind.GRID, grid={"depth": list(range(60))})))
    line = bench.records.line(30)
    assert [one.id for one in line.waiting] == [run.id for run in runs]


def test_r_gets_its_own_assignments(bench: Bench) -> None:
    source = notebook(code("lr <- 0.1", "parameters"), code("lr"), kernel="ir")
    source = source.replace(b'"name": "python"', b'"name": "R"').replace(
        b'"language": "python"', b'"language": "R"'
    )
    _, runs = make(bench, wanted(Wish(Kind.GRID, grid={"lr": [0.5, 1.5]})), source)
    assert [injected(prepared(bench, run))[0].splitlines()[-1] for run in runs] == ["lr <- 0.5", "lr <- 1.5"]


def test_a_sweep_that_handed_over_moves_with_its_file(bench: Bench) -> None:
    sweep, runs = make(bench)
    while bench.records.hand_over_some("ada", "bob", (), "handed over", 3):
        pass
    moved = bench.records.run(runs[0].id)
    assert moved is not None
    new = retry(bench.records, bench.store, bench.settings, BOB, replace(moved, status=Status.FAILED))
    assert new.sweep_id == sweep.id
