"""Pipelines: in which order steps start, what they get, what happens when one fails, and that none is run twice."""

from __future__ import annotations

import json

import pytest
from nightdesk.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from nightdesk.server.domain.pipeline import PipelineStatus
from nightdesk.server.services.leaving import Heir, leave
from nightdesk.server.services.pipelines import cancel, check_sees, resume
from nightdesk.server.services.pipelining import carry_on

from ..workbench import ADA, BOB, ROOT, Bench, code, notebook
from .piping import CHAIN, Piping, failing
from .test_rerun import gone

ONE = "name: one\nsteps:\n  a: {run: train.py}\n"


@pytest.fixture
def piping(bench: Bench) -> Piping:
    return Piping(bench)


def test_each_step_starts_when_those_that_it_needs_have_succeeded(piping: Piping) -> None:
    pipeline = piping.send()
    assert piping.states(pipeline) == {"prepare": "going"}
    piping.bench.supervisor().supervise(piping.rows(pipeline)["prepare"].run_id or "")
    assert piping.states(pipeline) == {"prepare": "succeeded", "train": "going", "check": "going"}
    piping.work_off()
    assert piping.started[0] == "prepare"
    assert piping.started[-1] == "report"
    assert len(piping.started) == 4
    done = piping.now(pipeline)
    assert (done.status, done.reason) == (PipelineStatus.SUCCEEDED, None)
    assert done.finished_at is not None


def test_what_a_step_gets_of_those_before_it(piping: Piping) -> None:
    pipeline = piping.send(parameters={"month": "2026-12"}, parameters_are_text=True)
    piping.work_off()
    prepare, train = piping.run_of(pipeline, "prepare"), piping.run_of(pipeline, "train")
    assert prepare.parameters == {"month": "2026-12"}
    assert train.parameters == {"score": 0.81, "best": ["ridge", 2], "said": "of 2026-12"}
    assert train.name == "chain: train"
    assert (train.pipeline_id, train.step, train.steps) == (pipeline.id, "train", {"prepare": prepare.id})
    assert [(source.name, source.run) for source in train.sources] == [("table.csv", prepare.id)]
    assert piping.work["train"]["table.csv"] == b"attempt,1\n"
    assert piping.work["train"]["common.py"] == b"shared = 1\n"
    assert piping.jobs["train"]["steps"] == {
        "prepare": {"run": prepare.id, "values": {"auc": 0.81, "best": ["ridge", 2]}}
    }
    assert set(piping.jobs["report"]["steps"]) == {"train", "check"}
    document = json.loads(piping.bench.output(train, "manifest.json"))
    assert (document["pipeline"], document["step"]) == (pipeline.id, "train")


def test_files_no_gives_each_step_its_own_file_alone(piping: Piping) -> None:
    piping.send("files: no\n" + CHAIN)
    piping.work_off()
    assert set(piping.work["check"]) == {"check.py"}


def test_a_large_pipeline_goes_to_the_store(piping: Piping) -> None:
    import os

    pipeline = piping.send(files={"data.bin": os.urandom(400_000)})
    piping.work_off()
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED
    assert len(piping.work["report"]["data.bin"]) == 400_000


def test_where_a_step_fails_what_does_not_need_it_goes_on(piping: Piping) -> None:
    piping.plays["train"] = failing
    pipeline = piping.send()
    piping.work_off()
    assert piping.states(pipeline) == {"prepare": "succeeded", "train": "failed", "check": "succeeded"}
    now = piping.now(pipeline)
    assert now.status is PipelineStatus.FAILED
    assert now.reason is not None
    assert now.reason.startswith("Step train: ")
    assert "ValueError" in now.reason


def test_resuming_keeps_what_has_succeeded(piping: Piping) -> None:
    piping.plays["train"] = failing
    pipeline = piping.send()
    piping.work_off()
    kept = piping.run_of(pipeline, "prepare")
    del piping.plays["train"]
    piping.started.clear()
    resumed = resume(piping.clock, ADA, piping.now(pipeline))
    assert (resumed.status, resumed.attempt) == (PipelineStatus.RUNNING, 2)
    carry_on(piping.clock, pipeline.id)
    piping.work_off()
    assert piping.started == ["train", "report"]
    assert piping.run_of(pipeline, "prepare").id == kept.id
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED
    with pytest.raises(Conflict, match="all steps"):
        resume(piping.clock, ADA, piping.now(pipeline))


def test_a_step_whose_outputs_were_removed_is_run_again_when_resumed(piping: Piping) -> None:
    piping.plays["train"] = failing
    pipeline = piping.send()
    piping.work_off()
    assert piping.bench.records.remove_outputs(piping.run_of(pipeline, "prepare").id, "too old")
    del piping.plays["train"]
    piping.started.clear()
    resume(piping.clock, ADA, piping.now(pipeline))
    carry_on(piping.clock, pipeline.id)
    piping.work_off()
    assert piping.started == ["prepare", "train", "report"]


def test_cancelling_the_whole(piping: Piping) -> None:
    pipeline = piping.send()
    after, runs = cancel(piping.clock, ADA, pipeline)
    assert runs == [piping.rows(pipeline)["prepare"].run_id]
    assert after.cancelled_by == "ada"
    piping.sweep()
    now = piping.now(pipeline)
    assert (now.status, now.reason) == (PipelineStatus.CANCELLED, "Cancelled by ada.")
    assert piping.started == []
    resume(piping.clock, ADA, now)
    carry_on(piping.clock, pipeline.id)
    piping.work_off()
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED


def test_a_step_that_is_cancelled_by_itself_cancels_the_whole(piping: Piping) -> None:
    pipeline = piping.send()
    piping.bench.records.request_cancel(piping.rows(pipeline)["prepare"].run_id or "", "ada")
    piping.sweep()
    assert piping.now(pipeline).status is PipelineStatus.CANCELLED


def test_who_may(piping: Piping) -> None:
    pipeline = piping.send()
    assert check_sees(ROOT, pipeline, pipeline.id) is pipeline
    with pytest.raises(NotFound, match="there is no pipeline"):
        check_sees(BOB, pipeline, pipeline.id)
    with pytest.raises(NotAllowed):
        cancel(piping.clock, BOB, pipeline)
    with pytest.raises(NotAllowed):
        resume(piping.clock, BOB, pipeline)


def test_a_value_that_is_not_there_ends_the_step_in_words(piping: Piping) -> None:
    pipeline = piping.send(CHAIN.replace("${prepare.best}", "${prepare.worst}"))
    piping.work_off()
    row = piping.rows(pipeline)["train"]
    assert row.state == "refused"
    assert row.words == "Step 'prepare' has left no value 'worst'; it has left: auc, best."
    assert piping.now(pipeline).status is PipelineStatus.FAILED


def test_an_output_that_is_not_there_ends_the_step_in_words(piping: Piping) -> None:
    pipeline = piping.send(CHAIN.replace("prepare/table-1.csv", "prepare/other.csv"))
    piping.work_off()
    assert "has no output 'other.csv'" in piping.rows(pipeline)["train"].words


def test_who_is_nobody_any_more_runs_no_step(piping: Piping) -> None:
    pipeline = piping.send()
    piping.people.tokens.clear()
    piping.work_off()
    assert piping.states(pipeline)["train"] == "refused"
    assert "nobody called ada" in (piping.now(pipeline).reason or "")


def test_without_the_hub_it_waits(piping: Piping) -> None:
    pipeline = piping.send()
    piping.people.away = True
    piping.work_off()
    assert piping.states(pipeline) == {"prepare": "going"}
    assert piping.now(pipeline).status is PipelineStatus.RUNNING
    piping.sweep()
    piping.people.away = False
    piping.sweep()
    piping.work_off()
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED


def test_whoever_looks_second_starts_nothing(piping: Piping, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = piping.send(start=False)
    records = piping.bench.records
    move = records.move_pipeline

    def late(*given: object) -> bool:
        monkeypatch.setattr(records, "move_pipeline", move)
        assert carry_on(piping.clock, pipeline.id).queued == 1  # another looks meanwhile
        return move(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "move_pipeline", late)
    assert carry_on(piping.clock, pipeline.id).queued == 0
    piping.work_off()
    assert sorted(piping.started) == ["check", "prepare", "report", "train"]


def test_the_sweep_starts_what_was_sent_and_not_started(piping: Piping) -> None:
    pipeline = piping.send(start=False)
    assert piping.states(pipeline) == {}
    assert piping.bench.records.pipelines_due(10) == [pipeline.id]
    piping.sweep()
    assert piping.bench.records.pipelines_due(10) == []
    piping.work_off()
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED


def test_a_version_that_was_removed_meanwhile(piping: Piping) -> None:
    pipeline = piping.send(start=False)
    gone(piping.bench)
    carry_on(piping.clock, pipeline.id)
    assert "removed" in (piping.now(pipeline).reason or "")


@pytest.mark.parametrize(
    ("text", "files", "words"),
    [
        (ONE.replace("train.py", "other.py"), {}, "line 3, step 'a': there is no file 'other.py' beside it"),
        (ONE + "    needs: a\n", {}, "line 4"),
        (ONE.replace("}", ", environment: nothing}"), {}, "step 'a': there is no environment 'nothing'"),
        (ONE.replace("}", ", size: huge}"), {}, "step 'a': there is no size 'huge'"),
        (ONE.replace("}", ", timeout: 900d}"), {}, "step 'a': the time limit must be"),
        (
            ONE.replace("train.py", "bad.ipynb"),
            {"bad.ipynb": b"{"},
            "step 'a': the notebook is not valid JSON",
        ),
        (
            CHAIN.replace("run: train.py", "run: train.ipynb"),
            {"train.ipynb": notebook(code("score = 1", "parameters"))},
            "step 'train': the notebook has no parameter 'said'",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    piping: Piping, text: str, files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        piping.send(text, files)
    assert words in refused.value.message
    assert piping.bench.database_is_empty()


def test_parameters_of_the_whole(piping: Piping) -> None:
    text = ONE.replace("steps:", "parameters: {n: 3, must: }\nsteps:")
    with pytest.raises(Invalid, match="needs a value for must"):
        piping.send(text)
    with pytest.raises(Invalid, match="has no parameter 'x'"):
        piping.send(text, parameters={"x": 1})
    with pytest.raises(Invalid, match="parameter 'n' must be int"):
        piping.send(text, parameters={"n": "many", "must": "1"}, parameters_are_text=True)
    sent = piping.send(text, parameters={"n": "4", "must": "1"}, parameters_are_text=True)
    assert sent.parameters == {"n": 4, "must": 1}


def test_a_key_makes_two_sends_one_pipeline(piping: Piping) -> None:
    assert piping.send(key="nightly").id == piping.send(key="nightly").id


# steps that did not change


def again(
    piping: Piping, text: str = CHAIN, files: dict[str, bytes] | None = None, **wanted: object
) -> list[str]:
    piping.started.clear()
    pipeline = piping.send(text, files, skip_unchanged=True, **wanted)  # type: ignore[arg-type]
    piping.work_off()
    assert piping.now(pipeline).status is PipelineStatus.SUCCEEDED, piping.now(pipeline).reason
    return sorted(piping.started)


def test_what_did_not_change_is_left_out(piping: Piping) -> None:
    first = piping.send()
    piping.work_off()
    assert again(piping) == []
    (newest,) = piping.bench.records.pipelines(_newest())
    assert piping.states(newest) == dict.fromkeys(("prepare", "train", "check", "report"), "skipped")
    assert piping.run_of(newest, "train").id == piping.run_of(first, "train").id
    assert again(piping, files={"train.py": b"print('other')"}) == ["train"]
    assert again(piping, files={"common.py": b"shared = 2"}) == ["check", "prepare", "report", "train"]
    assert again(piping, parameters={"month": "2026-12"}) == ["prepare", "train"]
    assert again(piping, person=ROOT) == ["check", "prepare", "report", "train"]
    assert again(piping, CHAIN.replace("name: chain", "name: other")) == [
        "check",
        "prepare",
        "report",
        "train",
    ]


def test_other_outputs_of_the_step_before_are_a_change(piping: Piping) -> None:
    piping.send()
    piping.work_off()

    def more(stage: object) -> object:
        from ..workbench import two_cells

        piping.bench.folders.folders[stage.run.id, 1].out["more.csv"] = b"1"  # type: ignore[attr-defined]
        return two_cells(stage)  # type: ignore[arg-type]

    piping.plays["check"] = more  # type: ignore[assignment]
    assert again(piping, files={"check.py": b"print('new')"}) == ["check", "report"]


def test_a_step_may_say_no(piping: Piping) -> None:
    text = "skip_unchanged: yes\n" + CHAIN.replace(
        "    run: check.py", "    run: check.py\n    skip_unchanged: no"
    )
    for started in (["prepare", "check", "train", "report"], ["check"]):
        piping.started.clear()
        piping.send(text)
        piping.work_off()
        assert sorted(piping.started) == sorted(started)


def _newest() -> object:
    from nightdesk.server.ports.pipelines import PipelineFilter

    return PipelineFilter(limit=1)


# people and room


def test_retention_leaves_what_an_unfinished_pipeline_needs(piping: Piping) -> None:
    pipeline = piping.send()
    piping.bench.supervisor().supervise(piping.rows(pipeline)["prepare"].run_id or "")
    run = piping.run_of(pipeline, "prepare")
    assert run.id in piping.bench.records.protected_runs()
    piping.work_off()
    assert run.id not in piping.bench.records.protected_runs()


def test_who_is_disabled_starts_no_further_step(piping: Piping) -> None:
    pipeline = piping.send()
    leave(piping.bench.records, piping.bench.bell, "ada", "root", None, lambda: None)
    piping.sweep()
    assert piping.now(pipeline).status is PipelineStatus.CANCELLED
    assert piping.started == []


def test_what_is_handed_over_belongs_to_the_heir(piping: Piping) -> None:
    pipeline = piping.send()
    leave(piping.bench.records, piping.bench.bell, "ada", "root", Heir("bob", ("team",)), lambda: None)
    piping.sweep()
    now = piping.now(pipeline)
    assert (now.owner, now.groups, now.status) == ("bob", ("team",), PipelineStatus.CANCELLED)
