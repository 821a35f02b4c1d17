"""Runs from code: hand over, wait, look at what was left; and the magic that runs a cell."""

from __future__ import annotations

import atexit
import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nightdesk
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from nightdesk.background import Client, RunFailed
from nightdesk.client.errors import NightdeskError, NotFound
from traitlets.config import Config

from .platform_double import Platform


@pytest.fixture
def made(signed_in: Platform) -> Iterator[Client]:
    assert nightdesk.Client is Client
    with nightdesk.Client() as client:
        yield client
    del signed_in


def later(act: Any) -> None:
    threading.Timer(0.3, act).start()


def test_hand_over_wait_and_read(signed_in: Platform, made: Client, notebook: Path) -> None:
    run = made.submit(notebook, parameters={"year": 2026}, name="night")
    assert (run.status, run.over, run.name) == ("queued", False, "night")
    content = b'{"auc": 0.5}'
    signed_in.outputs[run.id]["score.json"] = content
    left = [{"name": "score.json", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}]
    later(lambda: signed_in.finish(run_id=run.id, outputs=left))
    assert run.wait() is run
    assert run.status == "succeeded"
    outputs = made.run(run.id).outputs
    assert outputs.names == ["score.json"]
    assert outputs["score.json"].json() == {"auc": 0.5}
    assert outputs[0].read_text() == '{"auc": 0.5}'
    with pytest.raises(KeyError, match=r"no 'x'; there is: score\.json"):
        outputs["x"]
    assert [each.id for each in made.runs(limit=5)] == [run.id]


def test_one_that_fails_raises_and_says_where_to_look(
    signed_in: Platform, made: Client, notebook: Path
) -> None:
    run = made.submit(notebook)
    later(lambda: signed_in.finish("failed", run_id=run.id, reason="Cell 2 failed."))
    with pytest.raises(RunFailed, match="Cell 2 failed") as failed:
        run.wait()
    assert failed.value.run is run
    assert run.url in str(failed.value.hint)
    assert run.wait(check=False).status == "failed"
    assert "failed: Cell 2 failed." in repr(run)
    run.answer["name"] = "<script>"
    assert "<script>" not in run._repr_html_()


def test_no_longer_than_one_wants_to(made: Client, notebook: Path) -> None:
    run = made.submit(notebook)
    with pytest.raises(TimeoutError, match=r"is queued after 0\.5 s; it goes on"):
        run.wait(0.5)


def test_a_restart_of_the_platform_is_waited_out(signed_in: Platform, made: Client, notebook: Path) -> None:
    run = made.submit(notebook)

    def restart() -> None:
        signed_in.stop()
        signed_in.start()
        signed_in.finish(run_id=run.id)

    later(restart)
    assert run.wait(20).status == "succeeded"


def test_words_where_there_is_no_such_run(made: Client) -> None:
    with pytest.raises(NotFound):
        made.run("nothing")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed_in: Platform) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("load_ext", "nightdesk")
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    del signed_in


def do(shell: InteractiveShell, code: str, *, store: bool = False) -> Any:
    done = shell.run_cell(code, store_history=store)
    done.raise_error()
    return done.result


def sent(platform: Platform) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The request and the cells of the last submit."""
    form = platform.forms[-1]
    document = json.loads(form["source"].content)
    return json.loads(form["request"].content), document["cells"]


def test_a_cell_is_a_run_of_its_own(signed_in: Platform, shell: InteractiveShell) -> None:
    code = "%%nightdesk --name 'Train it' -p depth=5 -p kind=deep --size large --env python-data@next\nfit(depth)\n"
    run = do(shell, code)
    request, cells = sent(signed_in)
    assert (run.status, request["name"], request["size"]) == ("queued", "Train it", "large")
    assert request["environment"] == "python-data@next"
    assert request["parameters"] == {"depth": 5, "kind": "deep"}
    assert [(cell["source"], cell["metadata"].get("tags")) for cell in cells] == [
        ("depth = None\nkind = None", ["parameters"]), ("fit(depth)\n", None),
    ]  # fmt: skip


def test_what_was_executed_before_goes_along_if_one_says_so(
    signed_in: Platform, shell: InteractiveShell
) -> None:
    do(shell, "import math", store=True)
    do(shell, "%%nightdesk\n1", store=True)
    do(shell, "x = math.pi", store=True)
    assert do(shell, "%%nightdesk --before --as training\nprint(x)", store=True) is None
    _, cells = sent(signed_in)
    assert [cell["source"] for cell in cells] == ["import math", "x = math.pi", "print(x)\n"]
    assert shell.user_ns["training"].status == "queued"


def test_waiting_for_a_cell(signed_in: Platform, shell: InteractiveShell) -> None:
    later(lambda: [signed_in.finish("failed", run_id=each, reason="No.") for each in list(signed_in.runs)])
    with pytest.raises(RunFailed, match="No"):
        do(shell, "%%nightdesk --wait\n1 / 0")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("%%nightdesk\n \n", UsageError),
        ("%%nightdesk --as 1x\n1", UsageError),
        ("%%nightdesk --what\n1", UsageError),
        ("%%nightdesk -p depth\n1", NightdeskError),
    ],
)
def test_what_cannot_be_meant(shell: InteractiveShell, code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        do(shell, code)


def test_the_examples_of_the_docs_do_what_they_say(
    signed_in: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("train.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    )
    stopped = threading.Event()

    def finish_all() -> None:
        while not stopped.wait(0.05):
            for run_id, run in list(signed_in.runs.items()):
                if run["status"] == "queued":
                    content = json.dumps({"auc": run["parameters"].get("depth", 1)}).encode()
                    signed_in.outputs[run_id]["score.json"] = content
                    digest = hashlib.sha256(content).hexdigest()
                    left = [{"name": "score.json", "size": len(content), "sha256": digest}]
                    signed_in.finish(run_id=run_id, outputs=left)

    finishing = threading.Thread(target=finish_all)
    finishing.start()
    names: dict[str, Any] = {}
    try:
        for example in examples:
            exec(compile(example, "docs/python.md", "exec"), names)  # noqa: S102 - that is what is tested
    finally:
        stopped.set()
        finishing.join()
        names["client"].close()
    assert len(examples) == 3
    assert "['score.json'] 1" in capsys.readouterr().out
    assert names["best"].parameters == {"depth": 8}
