"""The part of the port ``Records`` that keeps metrics."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_

from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.metric_tables import last
from nightdesk.server.adapters.metric_tables import points as table
from nightdesk.server.adapters.run_rows import check_fence
from nightdesk.server.domain.metric import MOST_NAMES, MOST_POINTS, Metric, Point
from nightdesk.server.domain.run import Run

_ASKED_AT_ONCE = 400  # runs in one question


class MetricsSql:
    """Points and what they come to."""

    _database: Database

    def add_metrics(self, run: Run, points: list[Point]) -> None:
        if not points:
            return
        with self._database.writing() as connection:
            check_fence(connection, run)
            known = {row.name: row for row in connection.execute(select(last).where(_of(last, run)))}
            end = max((row.number for row in known.values()), default=0)
            new = [point for point in points if point.number > end]
            metrics = {name: _metric(row) for name, row in known.items()}
            first = {name: row.first for name, row in known.items()}
            for point in new:
                before = metrics.get(point.name)
                if before is not None:
                    metrics[point.name] = before.after(point)
                elif len(metrics) < MOST_NAMES:
                    metrics[point.name], first[point.name] = Metric.of(point), point.number
            _keep(connection, run, [point for point in new if point.name in metrics])
            changed = [
                metrics[name] for name in dict.fromkeys(point.name for point in new) if name in metrics
            ]
            if changed:
                names = [metric.name for metric in changed]
                connection.execute(delete(last).where(_of(last, run), last.c.name.in_(names)))
                of_run = {"run_id": run.id, "attempt": run.attempt}
                rows = [{**of_run, **asdict(metric), "first": first[metric.name]} for metric in changed]
                connection.execute(insert(last), rows)

    def metrics_end(self, run: Run) -> int:
        with self._database.reading() as connection:
            end = connection.execute(select(func.max(last.c.number)).where(_of(last, run))).scalar_one()
            return int(end or 0)

    def metrics(self, runs: list[Run]) -> dict[str, list[Metric]]:
        found: dict[str, list[Metric]] = {run.id: [] for run in runs}
        with self._database.reading() as connection:
            for start in range(0, len(runs), _ASKED_AT_ONCE):
                asked = [(run.id, run.attempt) for run in runs[start : start + _ASKED_AT_ONCE]]
                query = select(last).where(tuple_(last.c.run_id, last.c.attempt).in_(asked))
                for row in connection.execute(query.order_by(last.c.run_id, last.c.first)):
                    found[row.run_id].append(_metric(row))
        return found

    def points(self, run: Run, after: int = 0, name: str | None = None) -> list[Point]:
        query = select(table).where(_of(table, run), table.c.number > after).order_by(table.c.number)
        if name is not None:
            query = query.where(table.c.name == name)
        with self._database.reading() as connection:
            return [Point(row.number, row.name, row.value, row.step) for row in connection.execute(query)]


def _keep(connection: Connection, run: Run, points: list[Point]) -> None:
    """The points one by one, as many as are kept of an attempt."""
    kept = connection.execute(select(func.count()).select_from(table).where(_of(table, run))).scalar_one()
    rows = [
        {"run_id": run.id, "attempt": run.attempt, **asdict(point)}
        for point in points[: max(MOST_POINTS - kept, 0)]
    ]
    if rows:
        connection.execute(insert(table), rows)


def _of(of: Table, run: Run) -> Any:
    return (of.c.run_id == run.id) & (of.c.attempt == run.attempt)


def _metric(row: Any) -> Metric:
    return Metric(row.name, row.value, row.step, row.number, row.count, row.lowest, row.highest)
