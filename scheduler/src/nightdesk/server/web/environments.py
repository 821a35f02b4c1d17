"""The REST routes of environments: what there is, and what admins do with it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from nightdesk.server.domain.environment import offered, runnable
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.paths import API
from nightdesk.server.web.shapes import environments_json

router = APIRouter(prefix=f"{API}/environments", tags=["environments"])


@router.get("")
def environments(platform: Platform, person: SignedIn, all: bool = False) -> dict[str, Any]:
    """Environments and their versions, newest first; with ``all`` deprecated and removed ones as well."""
    versions = platform.records.versions()
    choice = runnable(versions, person) if all else offered(versions, person)
    return {"environments": environments_json(choice)}
