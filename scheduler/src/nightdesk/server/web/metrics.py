"""What runs measured of themselves: of one run, and over the runs of a name."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.metric import Metric, Point, thinned
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services.finish import iso
from nightdesk.server.web.api import AttemptNumber, of_attempt, seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.listing import asked_for
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import API, BASE

_DRAWN = 500  # points of one name that a picture has use for
_MOST_RUNS = 500
_SHOWN_RUNS = 200
_LONGEST = 200
router = APIRouter(prefix=API, tags=["metrics"])
pages = APIRouter(include_in_schema=False)


@router.get("/runs/{run_id}/metrics")
def run_metrics(
    platform: Platform,
    person: SignedIn,
    run_id: str,
    attempt: AttemptNumber = None,
    name: Annotated[
        str | None, Query(max_length=_LONGEST, description="one name, with all its points")
    ] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="`last` of an earlier answer")] = 0,
) -> dict[str, Any]:
    """What the run's code logged with `log_metric`, as far as it has come. Long series are thinned out for a picture,
    unless one is asked for by its `name`, or only what came `after` an earlier answer.
    """
    run = of_attempt(seen_run(platform, person, run_id), attempt)
    return metrics_json(platform, run, name, after)


@router.get("/metrics")
def metrics_over_runs(
    platform: Platform,
    person: SignedIn,
    name: Annotated[
        str, Query(min_length=1, max_length=_LONGEST, description="the runs' name; * is any characters")
    ],
    owner: Annotated[str, Query(description="me, all that one may see, or a name")] = "me",
    limit: Annotated[int, Query(ge=1, le=_MOST_RUNS)] = 100,
) -> dict[str, Any]:
    """The last value of each metric in the runs of a name, newest first, with their parameters."""
    wanted = replace(asked_for(person, owner=owner, name=name), limit=limit)
    return over_runs(platform, wanted)


@pages.get(f"{BASE}/metrics")
def metrics_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    wanted: Annotated[RunFilter, Depends(asked_for)],
    owner: str = "me",
) -> Response:
    found = None if wanted.name is None else over_runs(platform, replace(wanted, limit=_SHOWN_RUNS))
    return page(
        request,
        "metrics.html",
        person,
        named=wanted.name or "",
        owner=owner,
        found=found,
        several=found is not None and len({run["owner"] for run in found["runs"]}) > 1,
        shown=_SHOWN_RUNS,
    )


def metrics_json(platform: WebPlatform, run: Run, name: str | None = None, after: int = 0) -> dict[str, Any]:
    """The metrics of a run's attempt with their points."""
    metrics = platform.records.metrics([run])[run.id]
    of: dict[str, list[Point]] = {metric.name: [] for metric in metrics}
    for point in platform.records.points(run, after, name) if metrics else []:
        of.setdefault(point.name, []).append(point)
    most = None if name is not None or after else _DRAWN
    return {
        "run": run.id,
        "attempt": run.attempt,
        "metrics": [
            _metric_json(metric, of[metric.name], most) for metric in metrics if name in {None, metric.name}
        ],
        "last": max((metric.number for metric in metrics), default=0),
    }


def over_runs(platform: WebPlatform, wanted: RunFilter) -> dict[str, Any]:
    """The runs that the filter lets through, with the last value of each of their metrics."""
    runs = platform.records.runs(wanted)
    measured = platform.records.metrics(runs)
    return {
        "name": wanted.name,
        "metrics": sorted({metric.name for metrics in measured.values() for metric in metrics}),
        "parameters": sorted({name for run in runs if measured[run.id] for name in run.parameters}),
        "runs": [_run_json(platform, run, measured[run.id]) for run in runs],
    }


def _run_json(platform: WebPlatform, run: Run, metrics: list[Metric]) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "owner": run.owner,
        "status": run.status.value,
        "attempt": run.attempt,
        "created_at": iso(run.created_at),
        "finished_at": iso(run.finished_at),
        "parameters": run.parameters,
        "url": f"{platform.settings.public_url}{BASE}/runs/{run.id}",
        "metrics": {metric.name: metric.value for metric in metrics},
    }


def _metric_json(metric: Metric, points: list[Point], most: int | None) -> dict[str, Any]:
    return {
        "name": metric.name,
        "value": metric.value,
        "step": metric.step,
        "count": metric.count,
        "lowest": metric.lowest,
        "highest": metric.highest,
        "points": [
            [point.step, point.value] for point in (points if most is None else thinned(points, most))
        ],
    }
