"""The OpenAPI description: what each route answers, from the types that the client goes by.

The framework knows parameters and bodies; of answers it knows nothing, because routes return plain
dictionaries. A test asks the real platform whether what stands here is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, NotRequired, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from nightdesk.client import admin_answers as admins
from nightdesk.client import answers
from nightdesk.client import catalogue_answers as catalogue
from nightdesk.client import connection_answers as connections
from nightdesk.client import inspection_answers as inspections
from nightdesk.client import notice_answers as notices
from nightdesk.client import page_answers as seen
from nightdesk.client import people_answers as people
from nightdesk.client import pipeline_answers as pipelines
from nightdesk.client import report_answers as reports
from nightdesk.client import schedule_answers as schedules
from nightdesk.client import sweep_answers as sweeps
from nightdesk.server.web.api import SubmitRequest
from nightdesk.server.web.builds import RequestedBuild
from nightdesk.server.web.inspection import InspectRequest
from nightdesk.server.web.paths import API
from nightdesk.server.web.pipelines import PipelineRequest
from nightdesk.server.web.schedules import ScheduleRequest, SourceRequest
from nightdesk.server.web.sweeps import SweepRequest


class Words(TypedDict):
    """What is wrong, and what to do next."""

    code: str
    message: str
    hint: str | None
    field: NotRequired[str]


class Problem(TypedDict):
    """Every error has this shape."""

    error: Words


class Runs(TypedDict):
    """Newest first; `next` goes on from there."""

    runs: list[answers.Run]
    next: str | None


class Outputs(TypedDict):
    """What a run left."""

    outputs: list[answers.Output]


class Environments(TypedDict):
    """Environments by name."""

    environments: list[answers.Environment]


class Size(TypedDict):
    """A named bundle of limits."""

    name: str
    title: str
    cpus: float
    memory_bytes: int
    time_limit_seconds: float
    default: bool


class Sizes(TypedDict):
    """What there is to choose from."""

    sizes: list[Size]


class InUse(TypedDict):
    """What counts for the limits besides sessions: what runs have now, and what the home held when it was measured."""

    run_cpus: float
    run_memory_bytes: int
    home_bytes: int | None


class Offers(TypedDict):
    """What somebody may start a session with, and how much; a limit that there is not is left out."""

    user: str
    environments: list[answers.Environment]
    sizes: list[Size]
    limits: dict[str, Any]
    places: list[dict[str, Any]]
    in_use: InUse


class Left(TypedDict):
    """What somebody's leaving did to their runs, as counts; of `removed` how many are kept under another name."""

    cancelled: NotRequired[int]
    ending: NotRequired[int]
    handed_over: NotRequired[int]
    kept: NotRequired[int]


class Checks(TypedDict):
    """Is the platform well?"""

    checks: list[answers.Check]


@dataclass(frozen=True)
class Answer:
    """A route's good answer: a type of JSON, or the media types of anything else; and its errors besides 503."""

    of: Any
    errors: tuple[int, ...] = ()


_ADMINS = (401, 403)
_CHANGES = (400, *_ADMINS, 404, 409, 422)
ANSWERS = {
    "GET /health": Answer(answers.Health),
    "GET /user": Answer(answers.User, (401,)),
    "GET /environments": Answer(Environments, (401, 422)),
    "GET /environments/compare": Answer(catalogue.Comparison, (400, 401, 404, 422)),
    "GET /environments/cleaning": Answer(catalogue.Cleaning, _ADMINS),
    "POST /environments/cleaning": Answer(catalogue.Cleaning, _ADMINS),
    "GET /environments/{name}/events": Answer(catalogue.EnvironmentEvents, (401, 404)),
    "POST /environments/{name}/groups": Answer(catalogue.EnvironmentGroups, (400, *_ADMINS, 404, 422)),
    "POST /environments/{name}/channels/{channel}": Answer(catalogue.ChannelMove, _CHANGES),
    "POST /environments/{name}/channels/{channel}/rollback": Answer(catalogue.ChannelMove, _CHANGES),
    "GET /environments/{name}/{version}": Answer(catalogue.WholeVersion, (401, 404)),
    "GET /environments/{name}/{version}/lock": Answer("text/plain", (401, 404)),
    "POST /environments/{name}/{version}/deprecate": Answer(catalogue.NamedVersion, _CHANGES),
    "POST /environments/{name}/{version}/offer": Answer(catalogue.NamedVersion, _CHANGES),
    "POST /environments/{name}/{version}/remove": Answer(catalogue.NamedVersion, _CHANGES),
    "POST /builds": Answer(catalogue.Build, (400, *_ADMINS, 404, 409, 413, 422)),
    "GET /builds": Answer(catalogue.Builds, (400, *_ADMINS, 422)),
    "GET /builds/{build_id}": Answer(catalogue.Build, (*_ADMINS, 404)),
    "GET /builds/{build_id}/log": Answer("text/plain", (*_ADMINS, 404)),
    "GET /builds/{build_id}/events": Answer("text/event-stream", (*_ADMINS, 404)),
    "POST /builds/{build_id}/cancel": Answer(catalogue.Build, (*_ADMINS, 404)),
    "GET /groups": Answer(people.Groups, _ADMINS),
    "POST /groups": Answer(people.Group, (400, *_ADMINS, 409, 422)),
    "GET /groups/{name}": Answer(people.Group, (*_ADMINS, 404)),
    "POST /groups/{name}/members": Answer(people.Group, _CHANGES),
    "DELETE /groups/{name}/members": Answer(people.Group, _CHANGES),
    "DELETE /groups/{name}": Answer(people.Removed, (*_ADMINS, 404, 409)),
    "GET /policies": Answer(people.Policies, _ADMINS),
    "GET /policies/{kind}/{name}": Answer(people.Policy, (*_ADMINS, 404, 422)),
    "PATCH /policies/{kind}/{name}": Answer(people.Policy, (400, *_ADMINS, 404, 422)),
    "GET /notifications": Answer(notices.Notifications, (401,)),
    "PATCH /notifications": Answer(notices.Notifications, (400, 401, 422)),
    "POST /notifications/confirm": Answer(notices.Notifications, (400, 401, 422)),
    "POST /notifications/test": Answer(notices.TriedOut, (400, 401)),
    "GET /connections": Answer(connections.Connections, (401, 403, 422)),
    "POST /connections": Answer(connections.Connection, (400, *_ADMINS, 409, 422)),
    "POST /connections/reseal": Answer(connections.Resealed, (*_ADMINS, 409)),
    "GET /connections/{name}": Answer(connections.Connection, (401, 404)),
    "PATCH /connections/{name}": Answer(connections.Connection, _CHANGES),
    "DELETE /connections/{name}": Answer(people.Removed, (*_ADMINS, 404)),
    "POST /connections/{name}/grants": Answer(connections.Connection, _CHANGES),
    "DELETE /connections/{name}/grants": Answer(connections.Connection, _CHANGES),
    "POST /connections/{name}/rotate": Answer(connections.Connection, _CHANGES),
    "POST /connections/{name}/test": Answer(connections.Trial, (*_ADMINS, 404)),
    "GET /connections/{name}/uses": Answer(connections.Uses, (*_ADMINS, 404, 422)),
    "POST /connections/{name}/use": Answer(connections.Opening, (401, 404)),
    "GET /usage": Answer(people.MyUsage, (400, 401, 422)),
    "GET /usage.csv": Answer("text/csv", (400, 401, 422)),
    "GET /usage/people": Answer(people.PeopleUsage, (400, *_ADMINS, 422)),
    "GET /usage/people.csv": Answer("text/csv", (400, *_ADMINS, 422)),
    "POST /people/changed": Answer(people.Told, (401,)),
    "GET /sizes": Answer(Sizes, (401,)),
    "GET /offers": Answer(Offers, (401, 422)),
    "GET /doctor": Answer(Checks, (401, 403)),
    "PUT /leaving/{name}": Answer(Left, (401, 404, 422)),
    "GET /owners/{name}": Answer(answers.Owned, (*_ADMINS, 404, 422)),
    "GET /audit": Answer(admins.AuditEntries, (400, *_ADMINS, 422)),
    "GET /audit/export": Answer(("text/csv", "application/jsonl"), (400, *_ADMINS, 422)),
    "GET /audit/verify": Answer(admins.AuditVerdict, _ADMINS),
    "POST /audit/arrived": Answer(admins.Arrived, (401, 413, 422)),
    "GET /sessions": Answer(admins.LiveSessions, _ADMINS),
    "GET /announcements": Answer(admins.Announcements, (401,)),
    "GET /announcements/all": Answer(admins.Announcements, (401,)),
    "POST /announcements": Answer(admins.Announcement, (400, *_ADMINS, 409, 422)),
    "DELETE /announcements": Answer(admins.Cleared, _ADMINS),
    "DELETE /announcements/{number}": Answer(admins.Cleared, (*_ADMINS, 404, 422)),
    "POST /schedules": Answer(schedules.Schedule, (400, 401, 403, 404, 409, 413, 422, 429)),
    "POST /schedules/preview": Answer(schedules.SchedulePreview, (400, 401, 422)),
    "GET /schedules": Answer(schedules.Schedules, (401, 403, 422)),
    "GET /schedules/{schedule_id}": Answer(schedules.Schedule, (401, 404)),
    "PATCH /schedules/{schedule_id}": Answer(schedules.Schedule, (400, 401, 403, 404, 409, 413, 422)),
    "PUT /schedules/{schedule_id}/source": Answer(schedules.Schedule, (400, 401, 403, 404, 409, 413, 422)),
    "DELETE /schedules/{schedule_id}": Answer(schedules.RemovedSchedule, (401, 404)),
    "POST /schedules/{schedule_id}/pause": Answer(schedules.Schedule, (401, 404)),
    "POST /schedules/{schedule_id}/resume": Answer(schedules.Schedule, (401, 404)),
    "POST /schedules/{schedule_id}/run": Answer(schedules.Tick, (401, 404)),
    "POST /sweeps": Answer(sweeps.Sweep, (400, 401, 403, 404, 409, 413, 422, 429)),
    "POST /sweeps/preview": Answer(sweeps.SweepPreview, (400, 401, 403, 404, 409, 413, 422, 429)),
    "GET /sweeps": Answer(sweeps.Sweeps, (400, 401, 403, 422)),
    "GET /sweeps/{sweep_id}": Answer(sweeps.Sweep, (401, 404, 422)),
    "POST /sweeps/{sweep_id}/stop": Answer(sweeps.StoppedSweep, (400, 401, 403, 404, 422)),
    "GET /sweeps/{sweep_id}/events": Answer("text/event-stream", (401, 404)),
    "POST /schedules/{schedule_id}/hook": Answer(schedules.NewHook, (400, 401, 404)),
    "DELETE /schedules/{schedule_id}/hook": Answer(schedules.Schedule, (401, 404)),
    "POST /pushes/{schedule_id}": Answer(schedules.Push, (400, 401, 404, 409, 413)),
    "GET /schedules/{schedule_id}/ticks": Answer(schedules.Ticks, (401, 404, 422)),
    "POST /pipelines": Answer(pipelines.Pipeline, (400, 401, 403, 404, 409, 413, 422, 429)),
    "POST /pipelines/check": Answer(pipelines.CheckedPipeline, (400, 401, 413, 422)),
    "POST /pipelines/from-git": Answer(pipelines.Pipeline, (400, 401, 403, 404, 409, 413, 422, 429)),
    "GET /pipelines": Answer(pipelines.Pipelines, (400, 401, 403, 422)),
    "GET /pipelines/{pipeline_id}": Answer(pipelines.Pipeline, (401, 404)),
    "POST /pipelines/{pipeline_id}/cancel": Answer(pipelines.Pipeline, (401, 403, 404)),
    "POST /pipelines/{pipeline_id}/resume": Answer(pipelines.Pipeline, (401, 403, 404, 409)),
    "GET /pipelines/{pipeline_id}/events": Answer("text/event-stream", (401, 404)),
    "POST /runs": Answer(answers.Run, (400, 401, 403, 404, 409, 413, 422, 429)),
    "POST /runs/from-git": Answer(answers.Run, (400, 401, 403, 404, 409, 413, 422, 429)),
    "POST /notebooks/inspect": Answer(inspections.Inspection, (400, 401, 404, 409, 413, 422)),
    "GET /runs": Answer(Runs, (400, 401, 403, 404, 422)),
    "GET /runs/{run_id}": Answer(answers.Run, (401, 404)),
    "POST /runs/{run_id}/cancel": Answer(answers.Run, (401, 403, 404)),
    "POST /runs/{run_id}/retry": Answer(answers.Run, (400, 401, 403, 404, 409, 413, 422, 429)),
    "PUT /runs/{run_id}/keep": Answer(answers.Run, (401, 403, 404)),
    "DELETE /runs/{run_id}/keep": Answer(answers.Run, (401, 403, 404)),
    "GET /retention": Answer(answers.Retention, _ADMINS),
    "GET /runs/{run_id}/log": Answer("text/plain", (401, 404, 422)),
    "GET /runs/{run_id}/metrics": Answer(answers.RunMetrics, (401, 404, 422)),
    "GET /metrics": Answer(answers.MetricsOverRuns, (401, 403, 422)),
    "GET /runs/{run_id}/history": Answer(answers.History, (401, 404)),
    "GET /runs/{run_id}/failure": Answer(answers.Failure, (401, 404, 409)),
    "GET /runs/{run_id}/cells": Answer(seen.Cells, (401, 404, 422)),
    "GET /runs/{run_id}/so-far": Answer("text/html", (401, 404, 409)),
    "GET /runs/{run_id}/shares": Answer(seen.Shares, (401, 403, 404)),
    "POST /runs/{run_id}/shares": Answer(seen.Shares, (400, 401, 403, 404, 422, 429)),
    "DELETE /runs/{run_id}/shares": Answer(seen.Shares, (400, 401, 403, 404, 422)),
    "GET /compare": Answer(seen.RunComparison, (400, 401, 404, 422)),
    "GET /compare/notebooks": Answer("text/html", (400, 401, 404, 409, 422)),
    "GET /shared": Answer(seen.SharedRuns, (401,)),
    "GET /runs/{run_id}/usage": Answer(answers.Usage, (401, 404, 422)),
    "GET /runs/{run_id}/events": Answer("text/event-stream", (401, 404)),
    "GET /runs/{run_id}/outputs": Answer(Outputs, (401, 404, 422)),
    "GET /runs/{run_id}/outputs.zip": Answer("application/zip", (401, 404, 409, 422)),
    "GET /runs/{run_id}/outputs/{name}": Answer("*/*", (401, 404, 409, 422)),
    "GET /runs/{run_id}/preview/{name}": Answer(answers.Preview, (401, 404, 409, 422)),
    "GET /runs/{run_id}/view/{name}": Answer("text/html", (401, 404, 409, 422)),
    "GET /reports": Answer(reports.Reports, (401,)),
    "POST /reports": Answer(reports.Report, (400, 401, 403, 404, 409, 422)),
    "GET /reports/{name}": Answer(reports.WholeReport, (400, 401, 404, 422)),
    "PATCH /reports/{name}": Answer(reports.Report, (400, 401, 403, 404, 422)),
    "DELETE /reports/{name}": Answer(reports.RemovedReport, (401, 403, 404)),
    "GET /reports/{name}/content": Answer("*/*", (400, 401, 404, 409, 422)),
}
_MEANINGS = {
    400: "something in the request is wrong",
    401: "no token, or one that is not valid any more",
    403: "known, but not yours to do",
    404: "no such thing, or not yours to see",
    409: "the state does not allow it",
    413: "over a limit of the settings",
    422: "the request has another shape",
    429: "as many runs wait as one may have",
    503: "a part of the platform is out of reach; try again",
}
_OPEN = {"GET /health"}
_MADE = {
    "POST /announcements",
    "POST /builds",
    "POST /connections",
    "POST /groups",
    "POST /runs/{run_id}/retry",
    "POST /schedules",
    "POST /schedules/{schedule_id}/hook",
    "POST /schedules/{schedule_id}/run",
}
_KEYED = {"POST /runs", "POST /runs/from-git", "POST /pipelines", "POST /pipelines/from-git", "POST /sweeps"}
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once for the application."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):  # the framework's errors are not ours
            schemas.pop(unused, None)
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _describe(f"{method.upper()} {path.removeprefix(API)}", operation, schemas)
        _describe_part(schemas, "Body_submit_run", SubmitRequest)
        _describe_part(schemas, "Body_ask_for_build", RequestedBuild)
        _describe_part(schemas, "Body_add_schedule", ScheduleRequest)
        _describe_part(schemas, "Body_set_source", SourceRequest)
        _describe_part(schemas, "Body_inspect_file", InspectRequest)
        _describe_part(schemas, "Body_send_pipeline", PipelineRequest)
        _describe_part(schemas, "Body_check_pipeline", PipelineRequest)
        _describe_part(schemas, "Body_add_sweep", SweepRequest)
        _describe_part(schemas, "Body_preview_sweep", SweepRequest)
        app.openapi_schema = document
    return app.openapi_schema


def _describe(route: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    answer = ANSWERS[route]
    kinds = (answer.of,) if isinstance(answer.of, str) else answer.of
    if isinstance(kinds, tuple):
        content: dict[str, Any] = {media: {} for media in kinds}
    else:
        content = {"application/json": {"schema": _schema(answer.of, schemas)}}
    good = {"description": "as it was asked for", "content": content}
    responses = {"200": good}
    if route in _KEYED:
        responses = {
            "201": good | {"description": "accepted"},
            "200": good | {"description": "known by its key"},
        }
    if route in _MADE:
        responses = {"201": good | {"description": "accepted"}}
    if route.endswith("/outputs/{name}"):
        responses["304"] = {"description": "as known by its ETag"}
        responses["206"] = {"description": "the part that `Range` asks for", "content": content}
    if route.endswith("/so-far"):
        responses["304"] = {"description": "as known by its ETag"}
        responses["307"] = {"description": "the run is over: to its notebook.html"}
    problem = {"application/json": {"schema": _schema(Problem, schemas)}}
    for status in (*answer.errors, 503):
        responses[str(status)] = {"description": _MEANINGS[status], "content": problem}
    operation["responses"] = responses
    if route not in _OPEN:
        operation["security"] = [{"token": []}]


def _describe_part(schemas: dict[str, Any], body: str, model: type[BaseModel]) -> None:
    """The part `request` of a form is text to the framework; what is in it stands here."""
    inner = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= inner.pop("$defs", {})
    schemas[model.__name__] = inner
    (form,) = [schema for name, schema in schemas.items() if name.startswith(body)]
    form["properties"]["request"] |= {
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of a type; typed dictionaries go to ``schemas`` under their names."""
    if kind in _SIMPLE:
        return {"type": _SIMPLE[kind]}
    if is_typeddict(kind):
        if kind.__name__ not in schemas:
            schemas[kind.__name__] = {}  # it may hold itself
            schemas[kind.__name__] = _object(kind, schemas)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], schemas)}
    if origin is dict or kind is dict:
        return {"type": "object"}
    if origin in {Union, UnionType}:
        return {"anyOf": [_schema(argument, schemas) for argument in arguments]}
    return {}


def _object(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    optional = {name for name, hint in hints.items() if get_origin(hint) is NotRequired}
    properties = {
        name: _schema(get_args(hint)[0] if name in optional else hint, schemas)
        for name, hint in hints.items()
    }
    words = (kind.__doc__ or "").strip()
    return {
        "type": "object",
        **({"description": words} if words else {}),
        "properties": properties,
        "required": [name for name in hints if name not in optional],
    }
