"""`nightdesk sweep` and `nightdesk.Client().sweep` against the real web application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nightdesk.background import Client
from nightdesk.cli import main
from nightdesk.client.address import Address
from nightdesk.client.errors import NotFound, Refused
from nightdesk.client.login import Login

from .site import BASE, Site
from .test_sweeps import NOTEBOOK, succeeded

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def nightdesk(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A command of ada's in a folder with the notebook; exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / ".token").write_text("token-ada")

    def call(*arguments: str) -> tuple[int, str, str]:
        url = f"http://127.0.0.1:{site.port}{BASE}"
        try:
            code = main([*arguments, "--url", url, "--token-file", ".token"])
        except SystemExit as end:  # argparse
            code = int(str(end.code))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def document(done: tuple[int, str, str]) -> Any:
    assert done[0] == 0, done
    return json.loads(done[1])


def count(site: Site) -> int:
    return len(site.get("/sweeps?limit=200", "token-ada").json["sweeps"])


@pytest.mark.parametrize(
    ("arguments", "points"),
    [
        (
            ["--grid", "lr=0.1,1", "--grid", "depth=2,4"],
            [{"lr": 0.1, "depth": 2}, {"lr": 0.1, "depth": 4}, {"lr": 1, "depth": 2}, {"lr": 1, "depth": 4}],
        ),
        (["--grid", 'name=["a,b", "c"]'], [{"name": "a,b"}, {"name": "c"}]),
        (
            ["--list", "lr=0.1 depth=2", "--list", "name='two words'"],
            [{"lr": 0.1, "depth": 2}, {"name": "two words"}],
        ),
        (["--csv", "points.csv"], [{"lr": 0.5, "name": "1"}, {"lr": 2}]),
        (["--grid", "lr=1,2", "-p", "depth=7"], [{"depth": 7, "lr": 1}, {"depth": 7, "lr": 2}]),
    ],
)
def test_each_way_is_counted_and_shown(
    site: Site, nightdesk: Run, tmp_path: Path, arguments: list[str], points: list[dict[str, Any]]
) -> None:
    (tmp_path / "points.csv").write_text("lr,name\n0.5,1\n2,\n")
    before = count(site)
    shown = document(nightdesk("sweep", "run", "train.ipynb", *arguments, "--dry-run", "--json"))
    assert (shown["count"], shown["points"]) == (len(points), points)
    words = nightdesk("sweep", "run", "train.ipynb", *arguments, "--dry-run")[1]
    assert f"{len(points)} runs" in words
    assert count(site) == before
    made = document(nightdesk("sweep", "run", "train.ipynb", *arguments, "--json"))
    assert (len(made["members"]), count(site)) == (len(points), before + 1)


def test_what_is_drawn_is_drawn_once(nightdesk: Run) -> None:
    drawn = ("--random", "5", "--draw", "lr=loguniform:0.001,0.1", "--draw", "depth=int:1,8")
    drawn += ("--draw", "name=choice:a,b")
    code, _, said = nightdesk("sweep", "run", "train.ipynb", *drawn, "--yes")
    assert code == 0
    assert "5 runs drawn with seed " in said
    seeded = [
        document(nightdesk("sweep", "run", "train.ipynb", *drawn, "--seed", "7", "--json")) for _ in range(2)
    ]
    one, other = ([member["parameters"] for member in each["members"]] for each in seeded)
    assert one == other


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to run it with: one of --grid"),
        (["--grid", "lr=1", "--random", "3"], "--grid and --random do not go together"),
        (["--grid", "lr"], "'lr' is no NAME=VALUES"),
        (["--grid", "lr=1", "--grid", "lr=2"], "lr is given twice"),
        (["--grid", "lr=[1"], "is no JSON list"),
        (["--grid", "lr=1", "--draw", "lr=int:1,2"], "--draw goes with --random"),
        (["--grid", "lr=1", "--seed", "1"], "--seed goes with --random"),
        (["--list", "lr=1 lr=2"], "has lr twice"),
        (["--list", "'"], "cannot be read"),
        (["--list", ""], "is empty"),
        (["--random", "2", "--draw", "lr=1"], "no NAME=KIND:VALUES"),
        (["--random", "2", "--draw", "lr=int:1.5,2"], "two whole numbers"),
        (["--random", "2", "--draw", "lr=uniform:0,inf"], "two numbers"),
        (["--random", "2", "--draw", "lr=uniform:nan,1"], "two numbers"),
        (["--csv", "nowhere.csv"], "cannot be read"),
        (["--grid", "lr=1", "--goal", "min"], "--goal goes with --metric"),
        (["--random", "0"], "no count"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(
    nightdesk: Run, arguments: list[str], words: str
) -> None:
    code, _, said = nightdesk("sweep", "run", "train.ipynb", *arguments)
    assert (code, words in said) == (2, True), said


def test_a_value_that_does_not_fit_is_refused_by_its_run(site: Site, nightdesk: Run) -> None:
    before = count(site)
    code, _, said = nightdesk("sweep", "run", "train.ipynb", "--grid", "lr=0.1,fast")
    assert code == 1
    assert "run 2 of 2 (lr=fast): parameter 'lr' must be float" in said
    assert count(site) == before


def test_show_best_stop_and_list(site: Site, nightdesk: Run) -> None:
    arguments = ("--grid", "lr=0.1,0.2,0.3", "--at-most", "1", "--metric", "accuracy", "--name", "night")
    made = document(nightdesk("sweep", "run", "train.ipynb", *arguments, "--json"))
    assert nightdesk("sweep", "best", made["id"])[0] == 1
    assert "logged: none yet" in nightdesk("sweep", "best", made["id"])[2]
    assert nightdesk("sweep", "best", made["id"], "--json")[:2] == (1, "null\n")
    for member, value in zip(made["members"][:2], (0.5, 0.75), strict=True):
        succeeded(site, member["run"], accuracy=value, loss=1 - value)
    out = nightdesk("sweep", "show", made["id"], "--sort=-accuracy")[1]
    assert "lr (3): 3 runs in python-data:2026.11.1, at most 1 at once" in out
    rows = [line.split() for line in out.splitlines()[-3:]]
    assert [row[:2] for row in rows] == [["2", "*"], ["1", "0.1"], ["3", "0.3"]]
    assert "accuracy 0.75 (max): lr=0.2" in nightdesk("sweep", "best", made["id"])[1]
    best = document(nightdesk("sweep", "best", made["id"], "--metric", "loss", "--goal", "max", "--json"))
    assert best["parameters"] == {"lr": 0.1}
    assert nightdesk("sweep", "stop", made["id"])[1] == "1 run was asked to end\n"
    assert "nothing of it was left" in nightdesk("sweep", "stop", made["id"])[1]
    assert "1 cancelled" in nightdesk("sweep", "list")[1]
    runs = document(nightdesk("runs", "--sweep", made["id"], "--json"))["runs"]
    assert len(runs) == 3
    assert nightdesk("sweep", "show", "nothing")[0] == 1


def test_it_is_followed_to_its_end(site: Site, nightdesk: Run) -> None:
    how = ("--list", "lr=1", "--key", "waited", "--json")
    made = document(nightdesk("sweep", "run", "train.ipynb", *how))
    succeeded(site, made["members"][0]["run"], accuracy=1.0)
    code, out, said = nightdesk("sweep", "run", "train.ipynb", *how, "--wait")
    assert (code, json.loads(out)["counts"]) == (0, {"succeeded": 1})
    assert "1 succeeded" in said


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    with Client(Login(Address.parse(f"http://127.0.0.1:{site.port}{BASE}"), "token-ada", "the test")) as made:
        yield made


def test_from_python(site: Site, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "train.ipynb"
    file.write_bytes(NOTEBOOK)
    sweep = client.sweep(file, grid={"lr": [0.1, 0.2]}, metric="accuracy", goal="max", name="from python")
    assert (len(sweep), sweep.counts, sweep.over) == (2, {"queued": 2}, False)
    with pytest.raises(NotFound, match="no best one"):
        assert sweep.best
    with pytest.raises(TimeoutError, match="it goes on"):
        sweep.wait(0.1)
    for member, value in zip(sweep, (0.9, 0.4), strict=True):
        succeeded(site, member.answer["run"], accuracy=value, lr=5.0)
    best = sweep.wait().best
    assert (best.place, best.parameters, best.run.status) == (1, {"lr": 0.1}, "succeeded")
    worst = sweep.best_by("accuracy", "min")
    assert worst is not None
    assert worst.place == 2
    row = sweep.table()[0]
    assert (row["lr"], row["metric.lr"], row["accuracy"]) == (0.1, 5.0, 0.9)
    again = best.again()
    with pytest.raises(TimeoutError, match="it goes on"):
        sweep.wait(0)  # although it was over when it was asked last
    assert sweep.members[0].run.id == again.id
    assert sweep.stop() == 1
    assert "from python" in repr(sweep)
    assert sweep.url in sweep._repr_html_()
    assert next(client.sweeps(limit=1)).id == sweep.id
    with pytest.raises(Refused, match="run 1 of 1"):
        client.sweep(file, points=[{"lr": "fast"}])
