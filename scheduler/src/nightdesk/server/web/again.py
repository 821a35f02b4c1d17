"""The page that runs a run again with changes: a form as it was handed over, of the same file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.environment import offered
from nightdesk.server.domain.errors import Invalid, Refused
from nightdesk.server.domain.parameters import COMPUTED, Parameter
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run
from nightdesk.server.services.allowance import sizes_for
from nightdesk.server.services.inspection import inspect
from nightdesk.server.services.rerun_changed import Changes, environment_of, read_source
from nightdesk.server.services.sharing import check_more_than_shown
from nightdesk.server.web.api import run_again, seen_run, shape
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import BASE

_PARAMETER = "parameter."  # before the name of a field
_MOST_FIELDS = 300
_LONGEST = 20_000
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter as it is asked for: ``value`` is what it was given, ``default`` what the file says, both as text."""

    name: str
    types: str
    help: str
    value: str
    default: str


async def sent(request: Request) -> FormData:
    """All fields of the form."""
    return await request.form()


@router.get(f"{BASE}/runs/{{run_id}}/again")
def again_page(request: Request, platform: Platform, person: SignedIn, run_id: str) -> Response:
    run = seen_run(platform, person, run_id)
    check_more_than_shown(person, run)
    return _form(request, platform, person, run, _as_it_was(run))


@router.post(f"{BASE}/runs/{{run_id}}/again", form_limits={"max_fields": _MOST_FIELDS, "max_files": 0})
def again_from_page(
    request: Request,
    platform: Platform,
    person: ByForm,
    run_id: str,
    sent: Annotated[FormData, Depends(sent)],
) -> Response:
    run = seen_run(platform, person, run_id)
    typed = {str(name): str(value)[:_LONGEST].replace("\r\n", "\n") for name, value in sent.items()}
    try:
        again = run_again(platform, person, run_id, changes=_changes(typed))
    except Refused as error:
        return _form(request, platform, person, run, typed, error)
    request.app.state.dispatcher.wake()
    return RedirectResponse(f"{BASE}/runs/{again.id}", status_code=303)


def _form(
    request: Request,
    platform: WebPlatform,
    person: Person,
    run: Run,
    typed: dict[str, str],
    wrong: Refused | None = None,
) -> Response:
    standing = platform.records.standing(person.name, run.name, person.rights.limits)
    environment = typed.get("environment") or environment_of(run, person, standing)
    declared, trouble = _declared(platform, person, run, environment)
    fields = [_field(each, run, typed) for each in declared or ()]
    labels = [version.label for version in offered(standing.versions, person)]
    return page(
        request,
        "again.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        run=shape(platform, run),
        fields=fields,
        free=declared is None,
        lines=typed.get("parameters", _lines(run.parameters)),
        run_name=typed.get("name", run.name),
        environment=environment,
        environments=labels if environment in labels or ":" not in environment else [environment, *labels],
        size=typed.get("size", run.size),
        sizes=sizes_for(person, platform.settings),
        wrong=wrong,
        trouble=trouble,
    )


def _declared(
    platform: WebPlatform, person: Person, run: Run, environment: str
) -> tuple[list[Parameter] | None, str]:
    """What the file can be asked for, None where nobody knows; and why it would not run there."""
    source = read_source(platform.records, platform.store, run)
    try:
        seen = inspect(platform.records, platform.settings, person, run.file, environment, source)
    except Refused as error:
        return None, error.message
    return seen.parameters, ""


def _field(parameter: Parameter, run: Run, typed: dict[str, str]) -> Field:
    default = "" if parameter.default is COMPUTED else _text(parameter.default)
    value = typed.get(_PARAMETER + parameter.name)
    if value is None:
        value = _text(run.parameters[parameter.name]) if parameter.name in run.parameters else ""
    kinds = " or ".join(sorted(parameter.kinds)) or "anything"
    return Field(parameter.name, kinds, parameter.help, value, default)


def _as_it_was(run: Run) -> dict[str, str]:
    return {"name": run.name, "size": run.size}


def _changes(typed: dict[str, str]) -> Changes:
    """What the form says. A parameter that is left empty is as the file has it.

    Raises:
        Invalid: a line is no NAME=VALUE.
    """
    parameters: dict[str, Any] = {}
    for name, value in typed.items():
        if name.startswith(_PARAMETER) and value.strip():
            parameters[name.removeprefix(_PARAMETER)] = value
    for line in typed.get("parameters", "").splitlines():
        name, equals, value = line.partition("=")
        if line.strip() and not (equals and name.strip()):
            raise Invalid(f"'{line[:80]}' is no NAME=VALUE", "Write a parameter a line, such as year=2026.")
        if line.strip():
            parameters[name.strip()] = value.strip()
    return Changes(
        parameters,
        True,
        typed.get("environment", "").strip() or None,
        typed.get("size") or None,
        typed.get("name", "").strip() or None,
    )


def _lines(parameters: dict[str, Any]) -> str:
    return "\n".join(f"{name}={_text(value)}" for name, value in parameters.items())


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)
