"""Pipelines and their steps in words, for a terminal."""

from __future__ import annotations

from nightdesk.cli.schedule_wording import here
from nightdesk.cli.summary import say
from nightdesk.cli.table import show_facts, show_table
from nightdesk.cli.terminal import mark, plain
from nightdesk.cli.wording import duration, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from nightdesk.client.pipeline_answers import CheckedPipeline, ListedPipeline, Pipeline, PipelineStep


def show_list(found: Sequence[ListedPipeline], *, owners: bool) -> None:
    """One a line."""
    if not found:
        print("no pipelines; run one: nightdesk pipeline run pipeline.yaml")
        return
    rows = []
    for each in found:
        count = each["count"]
        row = [each["name"], each["status"], f"{count['good']} of {count['steps']}", here(each["created_at"])]
        rows.append([each["id"], *([each["owner"]] if owners else []), *row])
    show_table(("ID", *(("OWNER",) if owners else ()), "NAME", "STATUS", "STEPS", "STARTED"), rows)


def show_checked(found: CheckedPipeline) -> None:
    """What would run, side by side where it can."""
    print(f"{plain(found['name'])}: {_count(len(found['steps']), 'step')} in this order; nothing was kept")
    steps = {step["name"]: step for step in found["steps"]}
    rows = [
        (str(number), name, steps[name]["file"], steps[name]["environment"], ", ".join(steps[name]["needs"]))
        for number, layer in enumerate(found["layers"], 1)
        for name in layer
    ]
    show_table(("", "STEP", "RUNS", "IN", "NEEDS"), rows)


def show_started(found: Pipeline) -> None:
    """What one needs after sending a pipeline."""
    print(f"pipeline {found['id']} is {found['status']}: {plain(found['name'])}")
    show_facts([("page", found["url"]), ("look", f"nightdesk pipeline show {found['id']}")])


def show_pipeline(found: Pipeline) -> None:
    """All of one."""
    print(f"pipeline {found['id']}: {plain(found['name'])}, {found['url']}")
    show_facts(
        [
            ("status", found["status"] + (f": {plain(found['reason'])}" if found["reason"] else "")),
            ("owner", plain(found["owner"])),
            ("started", here(found["created_at"])),
            ("ended", here(found["finished_at"]) if found["finished_at"] else ""),
            ("attempt", str(found["attempt"]) if found["attempt"] > 1 else ""),
            ("schedule", found["schedule"] or ""),
            ("parameters", ", ".join(f"{plain(k)}={plain(str(v))}" for k, v in found["parameters"].items())),
        ]
    )
    rows = []
    for step in found["steps"]:
        took = took_of(step)
        row = [step["name"], step["status"].replace("_", " "), "-" if took is None else duration(took)]
        rows.append([*row, step["run"] or "-", step["words"]])
    show_table(("STEP", "STATUS", "TOOK", "RUN", ""), rows, give=4)


def show_end(found: Pipeline) -> None:
    """How it ended, and what to do about it."""
    good = found["status"] == "succeeded"
    words = {"cancelled": "was cancelled"}.get(found["status"], found["status"])
    print(f"{mark(good)} {plain(found['name'])} {words}")
    more = "" if good else f"nightdesk pipeline resume {found['id']}"
    show_facts([("why", plain(found["reason"] or "")), ("page", found["url"]), ("go on", more)])


class Progress:
    """What is new about a pipeline's steps, a line each on stderr."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, int | None]] = {}

    def tell(self, found: Pipeline) -> None:
        """Say what has changed since the last time."""
        for step in found["steps"]:
            now = (step["status"], step["attempt"])
            if step["status"] in ("waiting", "not_run") or self._said.get(step["name"]) == now:
                continue
            self._said[step["name"]] = now
            took = took_of(step)
            words = step["status"].replace("_", " ")
            words += f" in {duration(took)}" if took is not None else ""
            words += f": {plain(step['words'])}" if step["words"] else ""
            run = f" (run {step['run']})" if step["run"] and step["status"] == "starting" else ""
            say(f"  {plain(step['name'])} {words}{run}")


def took_of(step: PipelineStep) -> float | None:
    """Seconds that a step took which has ended."""
    started, ended = moment(step["started_at"]), moment(step["finished_at"])
    if step["status"] == "skipped" or started is None or ended is None:
        return None
    return max(ended - started, 0.0)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
