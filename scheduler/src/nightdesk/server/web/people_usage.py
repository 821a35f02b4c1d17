"""What people have of the machine, and had: one's own, and everybody's for admins; as JSON, CSV and pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Refused, Unavailable
from nightdesk.server.domain.retention import StoreUse
from nightdesk.server.domain.use import Held, Home, Month
from nightdesk.server.services.finish import iso
from nightdesk.server.services.usage_report import (
    By,
    Everybody,
    Mine,
    Row,
    everybody,
    everybody_as_csv,
    mine,
    mine_as_csv,
)
from nightdesk.server.web.auth import Admin, Platform, SignedIn
from nightdesk.server.web.page import page
from nightdesk.server.web.paths import API, BASE

router = APIRouter(prefix=API, tags=["usage"])
pages = APIRouter(include_in_schema=False)
MonthWords = Annotated[str | None, Query(max_length=20, description="2026-11; left out: this month (UTC)")]
SORTS = ("name", "runs", "run_hours", "session_hours", "cpu_hours", "gb_hours", "home", "store")
COLOURS = 6  # of the chart; the last is for all others


@router.get("/usage")
def my_usage(platform: Platform, person: SignedIn, month: MonthWords = None) -> dict[str, Any]:
    """What one has now, had in a month, and may have."""
    return mine_json(mine(platform.records, person, _month(month)))


@router.get("/usage.csv", response_class=Response)
def my_usage_csv(platform: Platform, person: SignedIn, month: MonthWords = None) -> Response:
    """The same by month and environment, as CSV."""
    return _csv(mine_as_csv(mine(platform.records, person, _month(month))), f"usage-{person.name}")


@router.get("/usage/people")
def people_usage(
    platform: Platform, _admin: Admin, month: MonthWords = None, by: By = By.PERSON
) -> dict[str, Any]:
    """What everybody had in a month, by person, group or environment. Somebody in two groups counts in both."""
    return everybody_json(everybody(platform.records, by, _month(month)))


@router.get("/usage/people.csv", response_class=Response)
def people_usage_csv(
    platform: Platform, _admin: Admin, month: MonthWords = None, by: By = By.PERSON
) -> Response:
    """The same as CSV."""
    use = everybody(platform.records, by, _month(month))
    return _csv(everybody_as_csv(use), f"usage-{use.month}-by-{by}")


@pages.get(f"{BASE}/usage")
def usage_page(request: Request, platform: Platform, person: SignedIn, month: str = "") -> Response:
    use, wrong = _asked(lambda wanted: mine(platform.records, person, wanted), month)
    return page(
        request,
        "my_usage.html",
        person,
        use=use,
        chart=chart(use),
        wrong=wrong,
        resets=f"{use.month.next}-01",
        this_month=use.month == Month.of(platform.records.now()),
    )


@pages.get(f"{BASE}/usage/people")
def people_page(
    request: Request,
    platform: Platform,
    admin: Admin,
    month: str = "",
    by: By = By.PERSON,
    sort: str = "cpu_hours",
    up: bool = False,
) -> Response:
    names = _names(platform) if by is By.PERSON else []
    use, wrong = _asked(lambda wanted: everybody(platform.records, by, wanted, names), month)
    sort = sort if sort in SORTS else "cpu_hours"
    return page(
        request,
        "people_usage.html",
        admin,
        use=use,
        rows=_sorted(use, sort, up),
        nothing=Held(),
        by=by.value,
        kinds=[kind.value for kind in By],
        sort=sort,
        up=up,
        wrong=wrong,
    )


def chart(use: Mine) -> dict[str, Any]:
    """Bars of core-hours by month, in environments; heights in parts of 100."""
    totals: dict[str, float] = {}
    for bar in use.months:
        for row in bar.rows:
            totals[row.name] = totals.get(row.name, 0.0) + row.cpu_hours
    names = sorted(totals, key=lambda name: -totals[name])
    shown = names if len(names) <= COLOURS else names[: COLOURS - 1]
    highest = max((bar.cpu_hours for bar in use.months), default=0.0)
    bars = []
    for bar in use.months:
        parts, top = [], 100.0
        hours = dict.fromkeys((*shown, "others"), 0.0)
        for row in bar.rows:
            hours[row.name if row.name in shown else "others"] += row.cpu_hours
        for number, (name, value) in enumerate(hours.items()):
            if value and highest:
                height = value / highest * 100
                top -= height
                parts.append({"name": name, "colour": number, "y": top, "height": height, "hours": value})
        bars.append({"month": bar.month, "hours": bar.cpu_hours, "parts": parts})
    legend = [*shown, *(["others"] if len(names) > len(shown) else [])]
    return {"bars": bars, "legend": legend, "highest": highest}


def mine_json(use: Mine) -> dict[str, Any]:
    """One person's use."""
    return {
        "person": use.person,
        "month": str(use.month),
        "resets_at": iso(use.month.end),
        "sessions": asdict(use.sessions),
        "runs": asdict(use.runs),
        "home": _home(use.home),
        "store": asdict(use.store),
        "limits": {limit.value: value for limit, value in use.limits.items()},
        "run_hours": round(use.run_hours, 3),
        "environments": [row_json(row) for row in use.rows],
        "months": [
            {"month": str(bar.month), "environments": [row_json(row) for row in bar.rows]}
            for bar in use.months
        ],
    }


def everybody_json(use: Everybody) -> dict[str, Any]:
    """A month of all; what they have now, and homes, by person alone."""
    rows = []
    for row in use.rows:
        one = row_json(row)
        if use.by is By.PERSON:
            one |= {
                "now": asdict(use.now.get(row.name, Held())),
                "home": _home(use.homes.get(row.name)),
                "store": asdict(use.store.get(row.name, StoreUse())),
            }
        rows.append(one)
    return {"month": str(use.month), "by": use.by.value, "rows": rows}


def row_json(row: Row) -> dict[str, Any]:
    """A row; hours to a millionth: a run of a second counts as well."""
    return {
        name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(row).items()
    }


def _home(home: Home | None) -> dict[str, Any] | None:
    return None if home is None else {"bytes": home.bytes, "measured_at": iso(home.measured_at)}


def _month(text: str | None) -> Month | None:
    return Month.read(text) if text else None


def _asked(ask: Any, month: str) -> tuple[Any, Refused | None]:
    """The use of the month that was asked for; of this one with the refusal, where it is none."""
    try:
        return ask(_month(month.strip())), None
    except Refused as error:
        return ask(None), error


def _names(platform: WebPlatform) -> list[str]:
    """Everybody whom the hub knows; nobody while it is away."""
    try:
        return [person.name for person in platform.people.people()]
    except Unavailable:
        return []


def _sorted(use: Everybody, sort: str, up: bool) -> list[Row]:
    def home(row: Row) -> int:
        return use.homes[row.name].bytes if row.name in use.homes else -1

    def store(row: Row) -> int:
        return use.store[row.name].bytes if row.name in use.store else -1

    of = {"home": home, "store": store}
    rows = sorted(use.rows, key=lambda row: row.name, reverse=sort == "name" and not up)
    if sort != "name":
        rows.sort(key=of.get(sort, lambda row: getattr(row, sort)), reverse=not up)
    return rows


def _csv(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(text.encode("utf-8", "replace"), media_type="text/csv; charset=utf-8", headers=headers)
