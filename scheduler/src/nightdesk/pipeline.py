"""Pipelines from code: `nightdesk.Pipeline` says what a `pipeline.yaml` says, and runs it.

pipeline = nightdesk.Pipeline("monthly", parameters={"month": "2026-11"})
prepare = pipeline.step("prepare", "prepare.ipynb", parameters={"month": pipeline.parameter("month")})
pipeline.step("train", "train.py", inputs={"donors.parquet": prepare.output("donors.parquet")},
              parameters={"rows": prepare.value("rows")})
pipeline.run().wait()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nightdesk.client.errors import NightdeskError
from nightdesk.client.pipeline_answers import Pipeline as Answer
from nightdesk.followed import Followed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from nightdesk.background import Client, Run
    from nightdesk.client.archive import Archive
    from nightdesk.client.pipeline_answers import CheckedPipeline, PipelineStep

_FILE = "pipeline.json"


class PipelineFailed(NightdeskError):
    """A pipeline that was waited for has not succeeded; `pipeline` is it."""

    def __init__(self, pipeline: PipelineRun) -> None:
        super().__init__(
            f"pipeline {pipeline.id} ({pipeline.name}) is {pipeline.status}: {pipeline.reason or 'no reason is known'}",
            f"Look at {pipeline.url}; pipeline.resume() goes on there.",
        )
        self.pipeline = pipeline


class Step:
    """A step of a pipeline that is being put together."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, name: str) -> str:
        """For a later step's parameter: a metric that this step logs, or what it writes into `values.json`."""
        return f"${{{self.name}.{name}}}"

    def output(self, name: str) -> str:
        """For a later step's `inputs`: a file that this step leaves."""
        return f"{self.name}/{name}"

    def __repr__(self) -> str:
        return f"<Step {self.name}>"


class Pipeline:
    """What a `pipeline.yaml` says. `folder` is where the steps' files lie; it goes along with each step."""

    def __init__(
        self,
        name: str,
        folder: str | os.PathLike[str] = ".",
        *,
        parameters: Mapping[str, Any] | None = None,
        **usual: Any,
    ) -> None:
        """`usual`: environment, size, files and skip_unchanged, as docs/pipelines.md has them."""
        self.folder = folder
        self._said: dict[str, Any] = {"name": name, **usual}
        if parameters:
            self._said["parameters"] = dict(parameters)
        self._said["steps"] = {}

    def step(
        self, name: str, run: str, *, needs: Iterable[Step | str] | Step | str = (), **said: Any
    ) -> Step:
        """One more step: the notebook or script `run`, once the steps that it needs have succeeded.

        `said`: parameters, inputs, environment, size, timeout, cell_timeout, retries, retry_wait, skip_unchanged. Steps that
        parameters and inputs refer to need not be named.
        """
        if name in self._said["steps"]:
            raise ValueError(f"there is a step {name!r} already")
        named = [needs] if isinstance(needs, Step | str) else list(needs)
        step: dict[str, Any] = {"run": run}
        if named:
            step["needs"] = [each.name if isinstance(each, Step) else each for each in named]
        self._said["steps"][name] = step | said
        return Step(name)

    def parameter(self, name: str) -> str:
        """For a step's parameter: one of the pipeline."""
        return f"${{parameters.{name}}}"

    @property
    def text(self) -> str:
        """The same as a file would say it: JSON, which is YAML as well."""
        import json

        return json.dumps(self._said, indent=2, ensure_ascii=False, allow_nan=False)

    def run(self, client: Client | None = None, **wanted: Any) -> PipelineRun:
        """Send it; it runs to its end whether anybody stays or not.

        `wanted`: parameters of the pipeline, skip_unchanged, name, key.
        """
        client = client or _client()
        with self._packed() as folder:
            answer = client.platform.pipelines.run(self.text.encode(), folder, file=_FILE, **wanted)
        return PipelineRun(client, answer)

    def check(self, client: Client | None = None, **wanted: Any) -> CheckedPipeline:
        """What it would run, in which order and versions. Raises Refused where something is wrong with it."""
        with self._packed() as folder:
            text = self.text.encode()
            return (client or _client()).platform.pipelines.check(text, folder, file=_FILE, **wanted)

    def _packed(self) -> _Packed:
        return _Packed(self.folder)

    def __repr__(self) -> str:
        return f"<Pipeline {self._said['name']!r}, {len(self._said['steps'])} steps>"


class PipelineRun(Followed[Answer]):
    """A pipeline on the platform, as it was when it was last asked for; `refresh` asks anew."""

    _what = "pipeline"

    @property
    def status(self) -> str:
        """running, succeeded, failed or cancelled."""
        return self.answer["status"]

    @property
    def reason(self) -> str | None:
        """Why it ended so."""
        return self.answer["reason"]

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status != "running"

    @property
    def _state(self) -> str:
        return self.status

    @property
    def steps(self) -> dict[str, PipelineStep]:
        """Its steps by name, as the platform says of them."""
        return {step["name"]: step for step in self.answer["steps"]}

    def run_of(self, step: str) -> Run:
        """The run of a step. Raises KeyError where there is no such step, or it has none yet."""
        run = self.steps[step]["run"]
        if run is None:
            raise KeyError(f"step {step!r} is {self.steps[step]['status']}: it has no run")
        return self._client.run(run)

    def refresh(self) -> Self:
        """Ask the platform how it is now."""
        self.answer = self._client.platform.pipelines.show(self.id)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True) -> Self:
        """Wait for its end, over restarts of the platform and broken connections.

        Raises:
            PipelineFailed: it has ended otherwise than well, and `check` was not turned off.
            TimeoutError: it goes on; nothing happens to it.
        """
        self._until_over(self._client.platform.pipelines.events, timeout)
        if check and self.status != "succeeded":
            raise PipelineFailed(self)
        return self

    def cancel(self) -> Self:
        """Start no further step, and end those that go on."""
        self.answer = self._client.platform.pipelines.cancel(self.id)
        return self

    def resume(self) -> Self:
        """Go on at the steps that have not succeeded."""
        self.answer = self._client.platform.pipelines.resume(self.id)
        return self

    def __repr__(self) -> str:
        count = self.answer["count"]
        return f"<Pipeline {self.id} {self.name!r}, {self.status}, {count['good']} of {count['steps']} steps>"

    def _repr_html_(self) -> str:
        from html import escape

        return self._html(f"<strong>{escape(self.status)}</strong>")


class _Packed:
    """The folder as an archive, until the block ends."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = folder

    def __enter__(self) -> Archive:
        import os

        from nightdesk.client.archive import pack

        self._archive = pack(os.fspath(self._folder))
        return self._archive

    def __exit__(self, *_: object) -> None:
        self._archive.close()


def _client() -> Client:
    from nightdesk.background import Client

    return Client()
