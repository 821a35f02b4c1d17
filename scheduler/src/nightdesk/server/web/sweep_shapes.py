"""The JSON of sweeps, as docs/api.md has it."""

from __future__ import annotations

from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.run import Status
from nightdesk.server.domain.sweep import Goal, Member, Sweep, best, counted, over
from nightdesk.server.services.finish import iso
from nightdesk.server.services.sweeps import Planned
from nightdesk.server.web.paths import BASE

_SHOWN = 20  # sets of parameters of a preview
_FINAL = {status.value for status in Status if status.final}


def sweep_json(sweep: Sweep, counts: dict[str, int], settings: Settings) -> dict[str, Any]:
    """A sweep as lists have it."""
    return {
        "id": sweep.id,
        "name": sweep.name,
        "owner": sweep.owner,
        "made_by": sweep.made_by,
        "file": sweep.file,
        "environment": {"name": sweep.environment, "version": sweep.version},
        "kind": sweep.kind,
        "said": sweep.said,
        "count": sweep.count,
        "varied": list(sweep.varied),
        "at_most": sweep.at_most,
        "metric": sweep.metric,
        "goal": sweep.goal.value,
        "counts": counts,
        "over": set(counts) <= _FINAL,
        "created_at": iso(sweep.created_at),
        "stopped": None
        if sweep.stopped_at is None
        else {"at": iso(sweep.stopped_at), "by": sweep.stopped_by or ""},
        "url": f"{settings.public_url}{BASE}/sweeps/{sweep.id}",
    }


def whole_sweep_json(
    sweep: Sweep, found: list[Member], settings: Settings, metric: str | None = None, goal: Goal | None = None
) -> dict[str, Any]:
    """One sweep with its members; ``metric`` and ``goal`` say what the best is by, instead of what the sweep says."""
    names = sorted({name for each in found for name in each.metrics})
    metric, goal = metric or sweep.metric, goal or sweep.goal
    chosen = best(found, metric, goal)
    same = found[0].run.parameters if found else {}
    document = sweep_json(sweep, counted(found), settings)
    return document | {
        "over": over(found),
        "metric": metric,
        "goal": goal.value,
        "metrics": names,
        "fixed": {name: value for name, value in same.items() if name not in sweep.varied},
        "best": None if chosen is None else chosen.place,
        "wish": dict(sweep.wish),
        "members": [member_json(sweep, each, settings) for each in found],
    }


def member_json(sweep: Sweep, member: Member, settings: Settings) -> dict[str, Any]:
    """One set of parameters with its newest run; of the parameters those that differ."""
    run, took = member.run, member.took
    return {
        "place": member.place,
        "run": run.id,
        "status": run.status.value,
        "reason": run.reason,
        "parameters": {name: run.parameters[name] for name in sweep.varied if name in run.parameters},
        "metrics": dict(member.metrics),
        "took_seconds": None if took is None else round(took, 3),
        "earlier": member.earlier,
        "url": f"{settings.public_url}{BASE}/runs/{run.id}",
    }


def preview_json(planned: Planned, seed: int | None) -> dict[str, Any]:
    """What would be made."""
    sweep = planned.sweep
    return {
        "count": sweep.count,
        "said": sweep.said,
        "varied": list(sweep.varied),
        "seed": seed,
        "at_most": sweep.at_most,
        "environment": {"name": sweep.environment, "version": sweep.version},
        "points": [run.parameters for run in planned.runs[:_SHOWN]],
    }
