"""The page of the audit log, for admins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from nightdesk.server.domain.audit import ACTIONS, AuditFilter
from nightdesk.server.domain.errors import Refused
from nightdesk.server.domain.run import is_id
from nightdesk.server.services.audit_export import Format
from nightdesk.server.web.audit import exported, following, place
from nightdesk.server.web.auth import Admin, Platform
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import BASE
from nightdesk.server.web.search import days

_PAGE = 100
_FIELDS = ("by", "action", "on", "address", "since", "until", "zone")
router = APIRouter(include_in_schema=False)


@router.get(f"{BASE}/admin/audit")
def audit_page(request: Request, platform: Platform, admin: Admin) -> Response:
    fields, wanted, wrong = _read(request.query_params)
    found = platform.records.entries(replace(wanted, limit=_PAGE + 1))
    older = following(found, _PAGE)
    filled = {name: value for name, value in fields.items() if value}
    kinds = sorted({action.partition(".")[0] for action in ACTIONS})
    return page(
        request,
        "audit.html",
        admin,
        entries=found[:_PAGE],
        fields=fields,
        wrong=wrong,
        narrowed=any(fields[name] for name in _FIELDS if name != "zone"),
        actions=[*kinds, *ACTIONS],
        first=wanted.before is None,
        older="?" + urlencode({**filled, "before": older}) if older else None,
        newest="?" + urlencode(filled),
        export="?" + urlencode({**filled, "format": ""}),
        is_run=is_id,
    )


@router.get(f"{BASE}/admin/audit/export")
def export_from_page(request: Request, platform: Platform, admin: Admin) -> Response:
    _fields, wanted, _wrong = _read(request.query_params)
    wish = request.query_params.get("format", "")
    form = Format(wish) if wish in set(Format) else Format.CSV
    return exported(platform, admin, replace(wanted, before=None), form)


def _read(query: QueryParams) -> tuple[dict[str, str], AuditFilter, str | None]:
    """What stands in the form, what it means, and what could not be meant."""
    fields = {name: query.get(name, "").strip()[:200] for name in _FIELDS}
    words: dict[str, Any] = {name: fields[name] or None for name in ("by", "action", "on", "address")}
    if words["action"]:
        words["action"] = words["action"].lower()
    wanted = AuditFilter(**words)
    try:
        return fields, replace(wanted, before=place(query.get("before")), **days(fields)), None
    except Refused as error:
        return fields, wanted, error.message
