"""`nightdesk pipeline` and `nightdesk.Pipeline` against the real web application, with a worker that does what is queued."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nightdesk import Pipeline
from nightdesk.background import Client
from nightdesk.cli import main
from nightdesk.client.address import Address
from nightdesk.client.errors import Refused
from nightdesk.client.login import Login
from nightdesk.pipeline import PipelineFailed
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import RunFilter

from ..services.piping import CHAIN, FILES
from ..workbench import two_cells
from .site import Site

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a person has: the file and what it runs."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "pipeline.yaml").write_text(CHAIN.replace('best: "${prepare.best}", ', ""))
    return tmp_path


@pytest.fixture
def nightdesk(
    site: Site, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A command of ada's; exit code, stdout and stderr."""
    monkeypatch.chdir(folder)
    token = folder.parent / "token"
    token.write_text("token-ada")

    def call(*arguments: str) -> tuple[int, str, str]:
        address = f"http://127.0.0.1:{site.port}/services/nightdesk"
        code = main(["pipeline", *arguments, "--url", address, "--token-file", str(token)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def worker(site: Site) -> Iterator[None]:
    """Runs what is queued, one after the other."""
    over = threading.Event()
    parts = replace(site.bench.parts, people=site.people)

    def work() -> None:
        while not over.wait(0.02):
            for run in site.bench.records.runs(RunFilter(status=Status.QUEUED)):
                site.bench.supervisor(parts=parts).supervise(run.id)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()
    site.bench.play = two_cells


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    address = Address.parse(f"http://127.0.0.1:{site.port}/services/nightdesk")
    with Client(Login(address, "token-ada", "a test")) as made:
        yield made


def document(done: tuple[int, str, str], code: int = 0) -> Any:
    assert done[0] == code, done
    return json.loads(done[1])


def test_checking_says_the_order_and_keeps_nothing(nightdesk: Run) -> None:
    code, out, err = nightdesk("check", "pipeline.yaml")
    assert code == 0, err
    assert [line.split()[:2] for line in out.splitlines()[2:]] == [
        ["1", "prepare"],
        ["2", "train"],
        ["2", "check"],
        ["3", "report"],
    ]
    assert "taking along 5 files" in err


def test_mistakes_are_told_with_their_lines(nightdesk: Run, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("name: n\nsteps:\n  a: {run: train.py, need: b}\n")
    code, out, err = nightdesk("run", "wrong.yaml")
    assert (code, out) == (1, "")
    assert "wrong.yaml, line 3: 'need' is nothing that a step has; did you mean 'needs'?" in err
    code, _, err = nightdesk("run", "nothing.yaml")
    assert code == 2
    assert "cannot be read" in err


@pytest.mark.usefixtures("worker")
def test_run_wait_list_show(nightdesk: Run) -> None:
    code, out, err = nightdesk("run", "pipeline.yaml", "-p", "month=2026-12", "--wait")
    assert code == 0, err
    assert "chain succeeded" in out
    assert "  report succeeded" in err
    (listed,) = document(nightdesk("list", "--status", "succeeded", "--json"))["pipelines"]
    assert listed["parameters"] == {"month": "2026-12"}
    shown = nightdesk("show", listed["id"])[1]
    assert "train    succeeded" in shown
    again = document(
        nightdesk("run", "pipeline.yaml", "-p", "month=2026-12", "--skip-unchanged", "--wait", "--json")
    )
    assert {step["status"] for step in again["steps"]} == {"skipped"}
    assert "NAME" in nightdesk("list")[1]


def test_cancel_and_resume(nightdesk: Run) -> None:
    made = document(nightdesk("run", "pipeline.yaml", "--name", "ended", "--json"))
    assert nightdesk("cancel", made["id"])[1] == f"pipeline {made['id']} (ended) is cancelled\n"
    assert "is running" in nightdesk("resume", made["id"])[1]
    assert nightdesk("resume", made["id"])[0] == 1
    assert nightdesk("cancel", made["id"])[0] == 0
    assert nightdesk("show", "abcdefghijkm")[0] == 1


@pytest.mark.usefixtures("worker")
def test_the_same_from_python(client: Client, folder: Path) -> None:
    pipeline = Pipeline("from python", folder, parameters={"month": "2026-11"})
    prepare = pipeline.step("prepare", "prepare.ipynb", parameters={"month": pipeline.parameter("month")})
    train = pipeline.step(
        "train",
        "train.py",
        inputs={"table.csv": prepare.output("table-1.csv")},
        parameters={"score": prepare.value("auc")},
    )
    pipeline.step("report", "report.py", needs=[train, "prepare"])
    assert pipeline.check(client)["layers"] == [["prepare"], ["train"], ["report"]]
    done = pipeline.run(client, parameters={"month": "2026-12"}).wait(60)
    assert (done.status, done.name) == ("succeeded", "from python")
    assert done.run_of("train").parameters == {"score": 0.81}
    assert "3 of 3 steps" in repr(done)
    assert done.url in done._repr_html_()
    with pytest.raises(ValueError, match="already"):
        pipeline.step("train", "train.py")
    wrong = Pipeline("wrong", folder)
    wrong.step("a", "nothing.py")
    with pytest.raises(Refused, match="there is no file 'nothing"):
        wrong.run(client)
    begun = pipeline.run(client)
    with pytest.raises(TimeoutError, match=f"pipeline {begun.id} is running after 0 s; it goes on"):
        begun.wait(0)
    ended = begun.cancel()
    with pytest.raises(PipelineFailed, match="is cancelled: Cancelled by ada"):
        ended.wait(60)
    assert ended.resume().wait(60).status == "succeeded"
