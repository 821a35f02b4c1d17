"""Sweeps from code: what `nightdesk.Client().sweep(…)` gives.

client = nightdesk.Client()
sweep = client.sweep("train.ipynb", grid={"lr": [0.1, 0.01], "depth": [2, 4]}, metric="accuracy")
print(sweep.wait().best.parameters)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from nightdesk.client.errors import NotFound
from nightdesk.client.sweep_answers import Sweep as Answer
from nightdesk.followed import Followed

if TYPE_CHECKING:
    from nightdesk.background import Client, Run
    from nightdesk.client.sweep_answers import SweepMember


class Sweep(Followed[Answer]):
    """A sweep on the platform, as it was when it was last asked for; `refresh` asks anew."""

    _what = "sweep"

    @property
    def counts(self) -> dict[str, int]:
        """How many of its sets of parameters are in which status."""
        return self.answer["counts"]

    @property
    def over(self) -> bool:
        """Whether nothing of it waits or goes on."""
        return self.answer["over"]

    @property
    def members(self) -> list[Member]:
        """Its sets of parameters, each with its newest run."""
        return [Member(self._client, each) for each in self.answer.get("members", [])]

    @property
    def best(self) -> Member:
        """The one with the best value of the sweep's metric so far.

        Raises NotFound where it has no metric, or no run has succeeded and logged it.
        """
        found = self.best_by()
        if found is None:
            metric = self.answer["metric"]
            what = "it has no metric" if metric is None else f"no run has succeeded and logged {metric!r}"
            raise NotFound(
                f"sweep {self.id} has no best one: {what}", "Try sweep.best_by(metric, goal).", status=404
            )
        return found

    def best_by(self, metric: str | None = None, goal: str | None = None) -> Member | None:
        """The best by this metric (default: the sweep's) and goal, `max` or `min`; None where none has it."""
        if metric is not None or goal is not None:
            place = self._client.platform.sweeps.show(self.id, metric=metric, goal=goal).get("best")
        else:
            place = self.answer.get("best")
        return next((each for each in self.members if each.place == place), None)

    def refresh(self) -> Self:
        """Ask the platform how it is now."""
        self.answer = self._client.platform.sweeps.show(self.id)
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until all of its runs are over, however they end; over restarts of the platform and broken connections.

        Raises TimeoutError where some go on after `timeout` seconds; nothing happens to them.
        """
        return self._until_over(self._client.platform.sweeps.events, timeout)

    def stop(self, *, waiting_only: bool = False) -> int:
        """End what is not over, or only what waits; how many runs that is."""
        count = self._client.platform.sweeps.stop(self.id, waiting_only=waiting_only)
        self.refresh()
        return count

    def table(self) -> list[dict[str, Any]]:
        """A row for each set of parameters, for a data frame: place, run, status, seconds, parameters and metrics.

        A metric that is called as a parameter is gets a row's name of its own: `metric.NAME`.
        """
        return [each.row() for each in self.members]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return self.answer["count"]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        return f"<Sweep {self.id} {self.name!r}: {counts}>"

    def _repr_html_(self) -> str:
        from html import escape

        counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in self.counts.items())
        return self._html(escape(counts))


class Member:
    """One set of parameters of a sweep; `run` is its newest run."""

    def __init__(self, client: Client, answer: SweepMember) -> None:
        self._client = client
        self.answer = answer

    @property
    def place(self) -> int:
        """Which one it is, from 1."""
        return self.answer["place"]

    @property
    def status(self) -> str:
        """Its run's."""
        return self.answer["status"]

    @property
    def parameters(self) -> dict[str, Any]:
        """Those that differ from one to the other."""
        return self.answer["parameters"]

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each."""
        return self.answer["metrics"]

    @property
    def run(self) -> Run:
        """Its newest run, as it is now."""
        return self._client.run(self.answer["run"])

    def again(self) -> Run:
        """The same once more: its run takes the place of this one in the sweep."""
        return self.run.retry()

    def row(self) -> dict[str, Any]:
        """All of it in one flat dictionary."""
        answer = self.answer
        row: dict[str, Any] = {name: answer[name] for name in ("place", "run", "status", "took_seconds")}
        row.update(self.parameters)
        row.update({f"metric.{name}" if name in row else name: value for name, value in self.metrics.items()})
        return row

    def __repr__(self) -> str:
        return f"<Member {self.place} {self.parameters}: {self.status} {self.metrics}>"
