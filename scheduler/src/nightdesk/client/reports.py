"""The part of the client that is about reports, and about what runs measured."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from nightdesk.client.answers import MetricsOverRuns, RunMetrics
    from nightdesk.client.report_answers import Report, WholeReport
    from nightdesk.client.transport import Transport


class Reports:
    """Addresses that stay for the newest good output of something."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listed(self) -> list[Report]:
        """One's own, and those whose list one is on."""
        reports: list[Report] = self._transport.json("GET", "/reports")["reports"]
        return reports

    def report(self, name: str, as_of: str | None = None) -> WholeReport:
        """One report, with its newest version or the one as of a date, and those before."""
        report: WholeReport = self._transport.json("GET", "/reports", name, query={"as_of": as_of})
        return report

    def make(self, name: str, **wanted: Any) -> Report:
        """A new one: `run` or `source_name`, `title`, `description`, `output`, `code`, `readers`."""
        report: Report = self._transport.json("POST", "/reports", json={"name": name, **wanted})
        return report

    def change(self, name: str, **said: Any) -> Report:
        """Say something anew; what is not named stays as it is."""
        report: Report = self._transport.json("PATCH", "/reports", name, json=said)
        return report

    def remove(self, name: str) -> None:
        """Take one away; runs and outputs stay."""
        self._transport.json("DELETE", "/reports", name)

    def content(
        self, name: str, form: str, as_of: str | None = None, run: str | None = None
    ) -> Iterator[bytes]:
        """A version as `mail` (one HTML file), `pdf` or `file`, in pieces."""
        query = {"form": form, "as_of": as_of, "run": run}
        answer = self._transport.open("GET", "/reports", name, "content", query=query)
        yield from answer.pieces()


class Metrics:
    """What the code of runs logged with `nightdesk.log_metric`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def of_run(self, run_id: str, name: str | None = None) -> RunMetrics:
        """One run's; with a name that metric alone, with all its points."""
        metrics: RunMetrics = self._transport.json("GET", "/runs", run_id, "metrics", query={"name": name})
        return metrics

    def over_runs(self, name: str, owner: str | None = None, limit: int | None = None) -> MetricsOverRuns:
        """The last values in the runs of a name, newest first."""
        query = {"name": name, "owner": owner, "limit": limit}
        metrics: MetricsOverRuns = self._transport.json("GET", "/metrics", query=query)
        return metrics
