"""Showing a run to others: the REST routes, and the form on its page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.share import Share, check_may_share, checked_share
from nightdesk.server.services.finish import iso
from nightdesk.server.services.sharing import share, unshare
from nightdesk.server.web.api import seen_run, shapes
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.page import ByForm
from nightdesk.server.web.paths import API, BASE

_MOST_LISTED = 200
router = APIRouter(prefix=API, tags=["runs"])
pages = APIRouter(include_in_schema=False)


class Whom(BaseModel):
    """With whom: a `person` or a `group`."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Kind.PERSON
    name: str = Field(max_length=255)


@router.get("/shared")
def list_shared(platform: Platform, person: SignedIn) -> dict[str, Any]:
    """The runs of others that are shared with you or with a group of yours, newest first."""
    found = platform.records.shared_runs(person.name, person.groups, _MOST_LISTED)
    return {"runs": shapes(platform, found, outputs=False)}


@router.get("/runs/{run_id}/shares")
def list_shares(platform: Platform, person: SignedIn, run_id: str) -> dict[str, Any]:
    """With whom the run is shared: for its owner and admins."""
    run = seen_run(platform, person, run_id)
    check_may_share(person, run)
    return shares_json(run, platform.records.shares(run.id))


@router.post("/runs/{run_id}/shares")
def share_run(platform: Platform, person: SignedIn, run_id: str, whom: Whom) -> dict[str, Any]:
    """Show the run to a person or a group, for reading. It holds at once, until it is taken back."""
    run = seen_run(platform, person, run_id)
    return shares_json(run, share(platform.records, person, run, [checked_share(whom.kind, whom.name)]))


@router.delete("/runs/{run_id}/shares")
def unshare_run(platform: Platform, person: SignedIn, run_id: str, whom: Whom) -> dict[str, Any]:
    """Take a share back: pages that are open see no more of the run at once."""
    run = seen_run(platform, person, run_id)
    left = unshare(platform.records, person, run, [checked_share(whom.kind, whom.name)])
    _look_again(platform, run)
    return shares_json(run, left)


@pages.post(f"{BASE}/runs/{{run_id}}/share")
def share_from_page(
    platform: Platform,
    person: ByForm,
    run_id: str,
    name: Annotated[str, Form()] = "",
    kind: Annotated[Kind, Form()] = Kind.PERSON,
    take_back: Annotated[bool, Form()] = False,
) -> Response:
    run = seen_run(platform, person, run_id)
    whom = [checked_share(kind, name.strip())]
    if take_back:
        unshare(platform.records, person, run, whom)
        _look_again(platform, run)
    else:
        share(platform.records, person, run, whom)
    return RedirectResponse(f"{BASE}/runs/{run.id}#share", status_code=303)


def shares_json(run: Run, shares: list[Share]) -> dict[str, Any]:
    """A run's shares as docs/api.md has them."""
    return {
        "run": run.id,
        "shares": [
            {"kind": each.kind.value, "name": each.name, "by": each.by, "at": iso(each.at)} for each in shares
        ],
    }


def _look_again(platform: WebPlatform, run: Run) -> None:
    """Whoever watches it is asked anew whether they may."""
    platform.bell.changed(run.id)
