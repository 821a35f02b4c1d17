"""What notebooks and scripts use, the same in a session and in a run: `run`, `steps`, `output_dir`, `log_metric`,
`connect`, `connections`, `load_output`.

Standard library only, and quick to import: every notebook does it.
"""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from nightdesk.connecting.asking import Connections

    run: Run | None
    """The run that this code is part of; None in a session."""

    steps: Mapping[str, Step]
    """The steps of the pipeline that this one needs, by name; empty where this is no step of a pipeline."""

    output_dir: Path
    """The folder whose files are kept as the run's outputs (`$NIGHTDESK_OUTPUT_DIR`).

    In a session it is `nightdesk-output` in your home, made when it is first asked for.
    """

NAME_CHARACTERS = 200
T = TypeVar("T")


class Run:
    """The run that this code is part of.

    `id` and `attempt` together name one try of one run: give them to whatever has effects outside, so that it
    can tell a second try from a second run.
    """

    __slots__ = ("attempt", "id", "name", "owner", "parameters", "scheduled_at")

    def __init__(
        self,
        id: str,
        attempt: int,
        name: str,
        owner: str,
        parameters: Mapping[str, Any],
        scheduled_at: str | None = None,
    ) -> None:
        self.id = id
        self.attempt = attempt
        self.name = name
        self.owner = owner
        self.parameters = MappingProxyType(dict(parameters))
        """What the run was given, by name; JSON values."""
        self.scheduled_at = None if scheduled_at is None else _moment(scheduled_at)
        """The time that the schedule was due, in UTC, however late the run began; None where there is no schedule."""

    def __repr__(self) -> str:
        return f"<Run {self.id}, attempt {self.attempt}: {self.name!r} of {self.owner}>"


class Step:
    """A step of the pipeline that has succeeded before this one began: `run` is its run's id, `values` what it left."""

    __slots__ = ("name", "run", "values")

    def __init__(self, name: str, run: str, values: Mapping[str, Any]) -> None:
        self.name = name
        self.run = run
        self.values = MappingProxyType(dict(values))
        """Its metrics, and what it wrote into `values.json`, by name."""

    def output(self, name: str) -> Path:
        """A file that it has left, as the path of a local copy that was checked against its checksum."""
        return load_output(self.run, name)

    def __repr__(self) -> str:
        return f"<Step {self.name}, run {self.run}: {', '.join(self.values) or 'no values'}>"


def _moment(text: str) -> datetime:
    from datetime import datetime  # only runs of schedules need it

    return datetime.fromisoformat(text)


def log_metric(name: str, value: SupportsFloat, step: SupportsIndex | None = None) -> None:
    """Record a number under a name, to compare runs by; with `step` for a value that develops.

    >>> log_metric("accuracy", 0.93)
    >>> for epoch in range(3):
    ...     log_metric("loss", 1 / (epoch + 1), step=epoch)

    The value must be a finite number (numpy's are welcome), the step an integer. In a session, where there is
    no run to keep it, the value is printed instead.

    Raises TypeError or ValueError for anything else.
    """
    record = {"name": _name(name), "value": _number(name, value), "step": _step(name, step)}
    path = os.environ.get("NIGHTDESK_METRICS")
    if not path:
        at = "" if record["step"] is None else f" at step {record['step']}"
        print(f"metric {name}{at}: {record['value']}")
        return
    line = json.dumps(record) + "\n"
    # One write of one line in append mode: processes and threads may log at the same time.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line.encode("ascii"))
    finally:
        os.close(file)


def connect(name: str) -> Any:
    """The connection of this name, as the field's own object.

    >>> pd.read_sql("select * from gifts", connect("warehouse"))
    >>> with connect("lake").open("gifts/2026.csv") as file: ...

    A database is an SQLAlchemy engine, S3, SFTP and other files are an fsspec file system, a folder is a Path, an
    HTTP API an httpx.Client. The platform is asked each time; as long as it says the same you get the same object.

    Raises a NightdeskError: NotFound where there is none for you, ConnectionProblem where it cannot be opened.
    """
    from nightdesk.connecting import asking

    return _with_hint(asking.connect, name)


def connections() -> Connections:
    """The connections that you may use, with a line of code for each.

    It is a list of what the platform says of each (`name`, `kind`, `title`, `write`, …) that shows as a table.
    """
    from nightdesk.connecting import asking

    return _with_hint(asking.listed)


def load_output(run: str | Run, name: str) -> Path:
    """A file that another run has left, as the path of a local copy that was checked against its checksum.

    >>> pd.read_parquet(load_output("k7m2x9qh4tfd", "predictions.parquet"))

    What is here already and still right is not fetched again. Change a copy of it, not the file itself.
    Raises a NightdeskError: NotFound where there is no such run or output for you.
    """
    from nightdesk.client.download import load

    return _with_hint(load, run.id if isinstance(run, Run) else run, name)


def _with_hint(act: Callable[..., T], *given: Any) -> T:
    """What it returns; an error says what to do next below its words."""
    from nightdesk.client.errors import NightdeskError

    try:
        return act(*given)
    except NightdeskError as error:
        if error.hint:
            error.add_note(error.hint)
        raise


def _name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a metric's name is text, not {type(name).__name__}")
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise ValueError(f"a metric's name has 1 to {NAME_CHARACTERS} characters, not {len(name)}")
    return name


def _number(name: str, value: SupportsFloat) -> int | float:
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(f"the metric {name!r} needs a number, not {type(value).__name__}")
    number = value if isinstance(value, int) else float(value)
    if not math.isfinite(number):
        raise ValueError(f"the metric {name!r} needs a finite number, not {number}")
    return number


def _step(name: str, step: SupportsIndex | None) -> int | None:
    if step is None:
        return None
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise TypeError(f"the step of the metric {name!r} is an integer, not {type(step).__name__}")
    return operator.index(step)


def _read_job() -> dict[str, Any] | None:
    path = os.environ.get("NIGHTDESK_JOB")
    if not path:
        return None
    job: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return job


def _read_steps() -> Mapping[str, Step]:
    said = (_read_job() or {}).get("steps") or {}
    return MappingProxyType({name: Step(name, each["run"], each["values"]) for name, each in said.items()})


def _read_run() -> Run | None:
    job = _read_job()
    if job is None:
        return None
    return Run(
        job["run"], job["attempt"], job["name"], job["owner"], job["parameters"], job.get("scheduled_at")
    )


def _make_output_dir() -> Path:
    named = os.environ.get("NIGHTDESK_OUTPUT_DIR")
    folder = Path(named) if named else Path.home() / "nightdesk-output"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def __getattr__(name: str) -> Any:
    """`run`, `steps` and `output_dir`, when they are first used."""
    if name == "run":
        found: Any = _read_run()
    elif name == "steps":
        found = _read_steps()
    elif name == "output_dir":
        found = _make_output_dir()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found
