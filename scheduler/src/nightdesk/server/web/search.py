"""What people fill in above the list of runs: kinder than the API, and never an error page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from nightdesk.server.domain.errors import Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Status
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.web.listing import asked_for, cursor, moment

_FIELDS = ("owner", "name", "status", "environment", "sweep", "since", "until", "zone")
SHARED = "shared"  # no name of a person's: that is what stands in the field
_FURTHEST = 14 * 60  # minutes that a clock on earth is ahead of UTC


@dataclass(frozen=True, slots=True)
class Search:
    """``fields`` is what stands in the form, ``wanted`` what it means, ``wrong`` what could not be meant."""

    fields: dict[str, str]
    wanted: RunFilter
    wrong: str | None = None

    @property
    def shared(self) -> bool:
        """Those that others have shared with them; nothing else that is filled in counts."""
        return self.fields["owner"] == SHARED

    @property
    def everybody(self) -> bool:
        """The runs of more people than one, or of somebody else."""
        return self.fields["owner"] not in {"", "me"}

    @property
    def narrowed(self) -> bool:
        """Something is filled in."""
        return any(self.fields[name] for name in _FIELDS if name not in {"owner", "zone"})

    def address(self, before: str | None) -> str:
        """The query of the page that goes on from there."""
        filled = {name: value for name, value in self.fields.items() if value}
        return "?" + urlencode({**filled, **({"before": before} if before else {})})


def read(person: Person, query: QueryParams) -> Search:
    """The form as it was sent."""
    fields = {name: query.get(name, "").strip()[:200] for name in _FIELDS}
    if not person.sees_others and fields["owner"] != SHARED:
        fields["owner"] = ""
    name = fields["name"]
    wanted = asked_for(
        person,
        owner="me" if fields["owner"] in {"", SHARED} else fields["owner"],
        status=Status(fields["status"]) if fields["status"] in set(Status) else None,
        name=name if "*" in name or not name else f"*{name}*",
        environment=fields["environment"],
        sweep=fields["sweep"],
    )
    try:
        return Search(fields, replace(wanted, before=cursor(query.get("before")), **days(fields)))
    except Refused as error:
        return Search(fields, wanted, error.message)


def days(fields: dict[str, str]) -> dict[str, Any]:
    """``since`` and ``until`` of a form with days in the reader's own ``zone``.

    Raises:
        Invalid: one of them is no day.
    """
    zone = zone_of(fields["zone"])
    days: dict[str, Any] = {}
    if fields["since"]:
        days["since"] = moment("from", fields["since"], zone=zone)
    if fields["until"]:
        days["until"] = moment("to", fields["until"], zone=zone, end=True)
    return days


def zone_of(minutes: str) -> timezone:
    """The reader's, as their browser says it."""
    ahead = int(minutes) if re.fullmatch(r"-?\d{1,3}", minutes, re.ASCII) else 0
    return timezone(timedelta(minutes=ahead if abs(ahead) <= _FURTHEST else 0))
