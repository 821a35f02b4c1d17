"""Keep marks, and what goes at the next clean-up of outputs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.person import Person, check_sees
from nightdesk.server.domain.policy import OF_OUTPUTS
from nightdesk.server.domain.retention import Rules
from nightdesk.server.domain.run import Run
from nightdesk.server.services.directory import said_limits
from nightdesk.server.services.finish import iso
from nightdesk.server.services.retention import check_may_keep, what_goes
from nightdesk.server.web.api import seen_run, shape
from nightdesk.server.web.auth import Admin, Platform, SignedIn
from nightdesk.server.web.page import ByForm
from nightdesk.server.web.paths import API, BASE

router = APIRouter(prefix=API, tags=["outputs"])
pages = APIRouter(include_in_schema=False)


@router.put("/runs/{run_id}/keep")
def keep_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """Mark a run, so that its outputs stay for as long as the mark does."""
    return shape(platform, marked(platform, person, run_id, keep=True))


@router.delete("/runs/{run_id}/keep")
def unkeep_run(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """Take the mark away."""
    return shape(platform, marked(platform, person, run_id, keep=False))


@router.get("/retention")
def retention(platform: Platform, _admin: Admin) -> dict[str, Any]:
    """How long outputs stay, and what goes at the next clean-up. For admins."""
    policies = platform.policies.now()
    found = what_goes(platform.records, policies, platform.people)
    return {
        "rules": asdict(Rules.of(policies.limits("", ()))),
        "particular": [
            {"kind": one.kind.value, "name": one.name, "limits": limits}
            for one in (*policies.groups.values(), *policies.people.values())
            if (limits := {key: value for key, value in said_limits(one).items() if key in OF_OUTPUTS})
        ],
        "bytes": sum(one.stored.bytes for one in found),
        "runs": [
            {
                "run": one.stored.run_id,
                "name": one.stored.name,
                "owner": one.stored.owner,
                "finished_at": iso(one.stored.finished_at),
                "bytes": one.stored.bytes,
                "why": one.why,
            }
            for one in found
        ],
    }


@pages.post(f"{BASE}/runs/{{run_id}}/keep")
def keep_from_page(
    platform: Platform, person: ByForm, run_id: str, keep: Annotated[bool, Form()] = False
) -> Response:
    marked(platform, person, run_id, keep)
    return RedirectResponse(f"{BASE}/runs/{run_id}", status_code=303)


def marked(platform: WebPlatform, person: Person, run_id: str, keep: bool) -> Run:
    """The run with or without its mark.

    Raises:
        NotFound: there is none, or it is not theirs to see.
        NotAllowed: they may see it and no more.
    """
    check_may_keep(person, seen_run(platform, person, run_id))
    records = platform.records
    run = records.keep_run(run_id, person.name) if keep else records.unkeep_run(run_id, person.name)
    return check_sees(person, run, run_id)
