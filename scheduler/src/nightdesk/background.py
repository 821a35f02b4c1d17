"""Runs from code: `nightdesk.Client`, the runs that it hands over, and the magic `%%nightdesk`.

client = nightdesk.Client()
run = client.submit("train.ipynb", parameters={"year": 2026})
run.wait()
run.outputs["model.json"].json()
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from nightdesk.client.errors import NightdeskError
from nightdesk.client.platform import Client as Platform
from nightdesk.followed import Followed

if TYPE_CHECKING:
    from pathlib import Path

    from nightdesk.client import answers
    from nightdesk.client.answers import RunFilter, RunOptions
    from nightdesk.client.login import Login
    from nightdesk.sweeping import Sweep

FINAL = frozenset({"succeeded", "failed", "cancelled", "timed_out", "lost"})


class RunFailed(NightdeskError):
    """A run that was waited for has not succeeded; `run` is it."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.id} ({run.name}) is {run.status.replace('_', ' ')}: {run.reason or 'no reason is known'}",
            f"Look at {run.url}, or at run.log().",
        )
        self.run = run


class Client:
    """A person's way to hand over runs from code; in a session there is nothing to sign in to.

    Every call has a timeout and raises a `nightdesk.client.NightdeskError` with words. `platform` is all there is
    besides runs. Not for use by several threads at a time; make one each.
    """

    def __init__(self, login: Login | None = None) -> None:
        """With `login`, or with the one that counts here: the session's, or that of `nightdesk login`."""
        self.platform = Platform(login)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.platform.close()

    def submit(
        self,
        source: str | os.PathLike[str],
        *,
        files: str | os.PathLike[str] | None = None,
        git: str | None = None,
        ref: str = "",
        **options: Unpack[RunOptions],
    ) -> Run:
        """Hand over a notebook or script; with `files`, a folder that it needs beside it.

        With `git`, the address of a repository or the name of a connection, the platform fetches it: `source` and
        `files` are in the repository, at `ref`, a branch, a tag or a whole commit.

        Among the options: parameters, environment ("NAME", "NAME:VERSION" or "NAME@CHANNEL"), size, name,
        timeout_seconds, retries, notify. In a session the environment is the session's own unless named.
        """
        if git is not None:
            folder = None if files is None else os.fspath(files).removeprefix(".").strip("/")
            path = os.fspath(source)
            return Run(self, self.platform.submit_from_git(git, path, ref=ref, folder=folder, **options))
        return Run(self, self.platform.submit(source, files=files, **options))

    def run(self, run_id: str) -> Run:
        """One run as it is now."""
        return Run(self, self.platform.run(run_id))

    def sweep(
        self,
        source: str | os.PathLike[str],
        *,
        files: str | os.PathLike[str] | None = None,
        **wanted: Any,
    ) -> Sweep:
        """Run one notebook or script with many sets of parameters.

        One of these says which: `grid={"lr": [0.1, 0.01]}` (each combination), `points=[{"lr": 0.1}, …]`,
        `random={"count": 20, "seed": 1, "draws": {"lr": {"kind": "loguniform", "low": 1e-4, "high": 0.1}}}`, or
        `csv="lr,depth\\n0.1,2\\n"`. With `at_most` so many run at once; `metric` and `goal` ("max" or "min") say which is
        the best. `parameters` are the same for all. The rest is as for `submit`.
        """
        from nightdesk.sweeping import Sweep

        packed = None
        if files is not None:
            from nightdesk.client.archive import pack

            packed = pack(os.fspath(files), without=os.fspath(source))
        try:
            return Sweep(self, self.platform.sweeps.make(source, files=packed, **wanted))
        finally:
            if packed is not None:
                packed.close()

    def sweeps(self, owner: str = "me", limit: int | None = None) -> Iterator[Sweep]:
        """Sweeps, newest first, without their members until one is refreshed."""
        from nightdesk.sweeping import Sweep

        for each in self.platform.sweeps.listed(owner, limit):
            yield Sweep(self, each)

    def runs(self, **which: Unpack[RunFilter]) -> Iterator[Run]:
        """Runs, newest first; pages are fetched as they are needed."""
        for each in self.platform.runs(**which):
            yield Run(self, each)


class Run(Followed["answers.Run"]):
    """A run on the platform, as it was when it was last asked for; `refresh` asks anew."""

    _what = "run"

    @property
    def status(self) -> str:
        """queued, starting, running, succeeded, failed, cancelled, timed_out or lost."""
        return self.answer["status"]

    @property
    def reason(self) -> str | None:
        """Why it ended so, or waits."""
        return self.answer["reason"]

    @property
    def parameters(self) -> dict[str, Any]:
        """What it was given."""
        return self.answer["parameters"]

    @property
    def environment(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.answer['environment']['name']}:{self.answer['environment']['version']}"

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in FINAL

    @property
    def _state(self) -> str:
        return self.status

    def refresh(self) -> Self:
        """Ask the platform how it is now."""
        self.answer = self._client.platform.run(self.id)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True) -> Self:
        """Wait for its end, over restarts of the platform and broken connections.

        Args:
            timeout: seconds; None: as long as it takes.
            check: raise where it has not succeeded.

        Raises:
            RunFailed: it has ended otherwise than well, and `check` was not turned off.
            TimeoutError: it goes on; nothing happens to it.
        """
        if self.over:  # no run goes on again
            self.refresh()
        else:
            self._until_over(self._client.platform.events, timeout)
        if check and self.status != "succeeded":
            raise RunFailed(self)
        return self

    def cancel(self) -> Self:
        """Ask for its end; what it has done so far is kept."""
        self.answer = self._client.platform.cancel(self.id)
        return self

    def retry(self, *, exact: bool = False, **changes: Any) -> Run:
        """The same again as a new run; with `exact` in exactly the image that it ran in.

        Or with `changes`: `parameters` (all of them), `environment`, `size`, `name`, `timeout_seconds`.
        """
        return Run(self._client, self._client.platform.retry(self.id, exact=exact, **changes))

    def log(self) -> str:
        """What it has printed so far."""
        return b"".join(self._client.platform.log(self.id)).decode("utf-8", errors="replace")

    @property
    def outputs(self) -> Outputs:
        """What it has left, by name or one after the other; asked anew while it goes on."""
        if not self.over:
            self.refresh()
        return Outputs([RunOutput(self, each) for each in self.answer["outputs"]])

    def download(self, folder: str | os.PathLike[str] | None = None) -> list[Path]:
        """Put all outputs into `folder` (default: one named after the run); their paths."""
        return self._client.platform.download(self.id, folder)

    def __repr__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"<Run {self.id} {self.name!r}, {self.status}{reason}>"

    def _repr_html_(self) -> str:
        from html import escape

        words = f" {escape(self.reason)}" if self.reason else ""
        return self._html(f"<strong>{escape(self.status)}</strong>{words}")


class RunOutput:
    """A file that a run left. `size` is bytes."""

    def __init__(self, run: Run, answer: answers.Output) -> None:
        self._run = run
        self.name = answer["name"]
        self.size = answer["size"]
        self.sha256 = answer["sha256"]

    def path(self) -> Path:
        """A local copy, checked against its checksum; what is here already is not fetched again."""
        from nightdesk.client.download import load

        return load(self._run.id, self.name)

    def read_bytes(self) -> bytes:
        """Its content."""
        return self.path().read_bytes()

    def read_text(self) -> str:
        """Its content as text in UTF-8."""
        return self.path().read_text("utf-8")

    def json(self) -> Any:
        """Its content as JSON."""
        import json

        return json.loads(self.read_bytes())

    def __repr__(self) -> str:
        return f"<RunOutput {self.name!r}, {self.size:,} bytes>"


class Outputs(Sequence[RunOutput]):
    """Outputs in their order, and each by its name."""

    def __init__(self, outputs: Sequence[RunOutput]) -> None:
        self._outputs = list(outputs)

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [each.name for each in self._outputs]

    @overload
    def __getitem__(self, which: int | str) -> RunOutput: ...

    @overload
    def __getitem__(self, which: slice) -> Sequence[RunOutput]: ...

    def __getitem__(self, which: int | str | slice) -> RunOutput | Sequence[RunOutput]:
        if not isinstance(which, str):
            return self._outputs[which]
        for each in self._outputs:
            if each.name == which:
                return each
        raise KeyError(f"the run has left no {which!r}; there is: {', '.join(self.names[:20]) or 'nothing'}")

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        return f"<Outputs {', '.join(self.names)}>"
