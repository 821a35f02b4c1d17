"""The REST routes of reports: a stable address for the newest good output, for who is on its list."""

from __future__ import annotations

import hashlib
import io
import posixpath
from enum import StrEnum
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Conflict, NotFound
from nightdesk.server.domain.outcome import human_bytes
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.report import NOTEBOOK_PAGE, Reader, Report, rendered_key
from nightdesk.server.domain.run import Output, Run, is_id
from nightdesk.server.services import letters
from nightdesk.server.services.finish import iso
from nightdesk.server.services.reports import (
    change_report,
    make_report,
    note_reading,
    read_report,
    readable,
    remove_report,
    version_of,
)
from nightdesk.server.services.submit import output_key
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.outputs import SANDBOX, disposition, framed, media_type, outputs_of, pieces
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.previews import kind_of, view

_SENT_ON = {"notebook", "html", "markdown"}
_MOST = {"mail": 30 * 2**20, "pdf": 20 * 2**20}  # bytes of what a letter or a PDF is made of
VERSIONS = 50
router = APIRouter(prefix=API, tags=["reports"])


class ReaderWords(BaseModel):
    """Who is on the list: `everybody` who is signed in, a `group`, or a `person`."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: str = Field(default="", max_length=255)


class NewReport(BaseModel):
    """A report to be made: of the runs of `source_owner` named `source_name`, or of those that are called as `run`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    title: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2000)
    run: str | None = Field(default=None, max_length=32)
    source_owner: str | None = Field(default=None, max_length=255)
    source_name: str | None = Field(default=None, max_length=255)
    output: str = Field(default=NOTEBOOK_PAGE, max_length=1000)
    code: bool = True
    readers: list[ReaderWords] = Field(default_factory=list, max_length=200)


class ReportWords(BaseModel):
    """What to say anew; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=200)
    description: str | None = Field(default=None, max_length=2000)
    output: str | None = Field(default=None, max_length=1000)
    code: bool | None = None
    readers: list[ReaderWords] | None = Field(default=None, max_length=200)


class Form(StrEnum):
    """What a version is given out as."""

    VIEW = "view"
    MAIL = "mail"
    PDF = "pdf"
    FILE = "file"


AsOf = Annotated[
    str | None, Query(max_length=40, description="a day in UTC, such as 2026-11-01, or a moment")
]
OfRun = Annotated[str | None, Query(max_length=32, description="the version of this run")]


@router.get("/reports")
def list_reports(platform: Platform, person: SignedIn) -> dict[str, Any]:
    """The reports whose list one is on, and one's own."""
    return {
        "reports": [report_json(platform, person, report) for report in readable(platform.records, person)]
    }


@router.post("/reports", status_code=201)
def add_report(platform: Platform, person: SignedIn, wanted: NewReport) -> dict[str, Any]:
    """Make a report of one's own runs."""
    return report_json(platform, person, made(platform, person, wanted))


@router.get("/reports/{name}")
def show_report(platform: Platform, person: SignedIn, name: str, as_of: AsOf = None) -> dict[str, Any]:
    """A report with its newest version, or the one as of a date, and those before."""
    report = read_report(platform.records, person, name)
    versions = [version_json(run) for run in platform.records.report_versions(report, limit=VERSIONS)]
    try:
        version = version_json(version_of(platform.records, report, as_of))
    except NotFound:
        version = None
    return report_json(platform, person, report) | {"version": version, "versions": versions}


@router.patch("/reports/{name}")
def say_report_anew(platform: Platform, person: SignedIn, name: str, words: ReportWords) -> dict[str, Any]:
    """Change a report of one's own: its words, what is shown, and who is on its list. It holds at once."""
    said = {key: getattr(words, key) for key in words.model_fields_set if getattr(words, key) is not None}
    return report_json(platform, person, change_report(platform.records, person, name, said))


@router.delete("/reports/{name}")
def drop_report(platform: Platform, person: SignedIn, name: str) -> dict[str, Any]:
    """Take a report of one's own away. Runs and outputs stay."""
    remove_report(platform.records, person, name)
    return {"removed": name}


@router.get("/reports/{name}/content", response_class=StreamingResponse)
def report_content(
    request: Request,
    platform: Platform,
    person: SignedIn,
    name: str,
    form: Annotated[
        Form, Query(description="to look at, one HTML file to mail, PDF, or the file as it is")
    ] = Form.VIEW,
    as_of: AsOf = None,
    run: OfRun = None,
) -> Response:
    """The newest version, the one as of a date, or the one of a run."""
    report = read_report(platform.records, person, name)
    version = version_of(platform.records, report, as_of, run)
    note_reading(platform.records, person, report, version, "" if form is Form.VIEW else form.value)
    output = output_of(platform, report, version)
    if form is Form.VIEW:
        return _shown(request, platform, report, version, output)
    day = (iso(version.finished_at) or "")[:10]
    if form is Form.FILE:
        if hides_code(report, output):
            raise Conflict("this report hides the code, which the file has", "Take `mail` or `pdf`.")
        last = posixpath.basename(output.name)
        return _sent(platform.store.open(output_key(version, output.name)), last, media_type(last))
    content = _letter(request, platform, report, version, output, form)
    ending, kind = ("html", "text/html") if form is Form.MAIL else ("pdf", "application/pdf")
    return _sent(content, f"{report.name}-{day}.{ending}", kind)


def made(platform: WebPlatform, person: Person, wanted: NewReport) -> Report:
    """The report on record, its runs named by themselves or by one of them."""
    owner, name = wanted.source_owner or person.name, wanted.source_name or ""
    if wanted.run is not None and is_id(wanted.run):
        run = seen_run(platform, person, wanted.run)
        owner, name = run.owner, run.name
    elif wanted.run is not None:
        raise NotFound(f"there is no run '{wanted.run[:40]}'", "List yours with `nightdesk runs`.")
    report = Report(
        name=wanted.name,
        title=wanted.title.strip() or name,
        owner=person.name,
        source_owner=owner,
        source_name=name,
        output=wanted.output,
        code=wanted.code,
        description=wanted.description,
        readers=tuple(Reader(reader.kind, reader.name) for reader in wanted.readers),
    )
    return make_report(platform.records, person, report)


def output_of(platform: WebPlatform, report: Report, run: Run) -> Output:
    """The output that a version shows: the notebook itself, where it is the notebook's page."""
    outputs = {output.name: output for output in outputs_of(platform, run)}
    wanted = (
        "notebook.ipynb" if report.output == NOTEBOOK_PAGE and "notebook.ipynb" in outputs else report.output
    )
    found = outputs.get(wanted)
    if found is None:
        raise NotFound(f"the run has no output '{report.output[:200]}' any more")
    return found


def hides_code(report: Report, output: Output) -> bool:
    """Whether the file has code that the report does not show."""
    return not report.code and kind_of(output.name) == "notebook"


def can_be_sent(output_name: str) -> bool:
    """Whether it can be mailed and printed."""
    return kind_of(output_name) in _SENT_ON


def _shown(request: Request, platform: WebPlatform, report: Report, run: Run, output: Output) -> Response:
    if kind_of(output.name) in {"notebook", "markdown", "drawing"}:
        return framed(view(request, platform, run, output, report.code))
    headers = {"Content-Security-Policy": SANDBOX, "Content-Disposition": disposition(output.name)}
    headers["Content-Length"] = str(output.size)
    file = platform.store.open(output_key(run, output.name))
    return StreamingResponse(pieces(file), media_type=media_type(output.name), headers=headers)


def _letter(
    request: Request, platform: WebPlatform, report: Report, run: Run, output: Output, form: Form
) -> IO[bytes]:
    kind = kind_of(output.name)
    if kind not in _SENT_ON:
        raise Conflict("only notebooks, HTML and Markdown can be mailed or printed", "Take `file`.")
    if output.size > _MOST[form]:
        raise Conflict(f"it has {human_bytes(output.size)}, too much for that", "Look at its page.")
    said = (
        f"{report.title}, of {(iso(run.finished_at) or '')[:16].replace('T', ' ')} UTC, made by run {run.id}"
    )
    words = hashlib.sha256(f"{report.title}\n{said}\n{report.code}".encode("utf-8", "replace")).hexdigest()[
        :16
    ]
    key = rendered_key(run, f"{output.sha256}-{words}.{form}")
    if not platform.store.exists(key):
        with platform.store.open(output_key(run, output.name)) as file:
            source = file.read()
        work = letters.mail_of if form is Form.MAIL else letters.pdf_of
        what, hint = "the report", "Look at its page."
        page = request.app.state.renderer.do(
            work, source, kind, report.title, report.code, said, what=what, hint=hint
        )
        platform.store.put(key, io.BytesIO(page))
    return platform.store.open(key)


def _sent(file: IO[bytes], name: str, kind: str) -> Response:
    headers = {
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    headers["Content-Disposition"] = disposition(name).replace("inline", "attachment", 1)
    return StreamingResponse(pieces(file), media_type=kind, headers=headers)


def report_json(platform: WebPlatform, person: Person, report: Report) -> dict[str, Any]:
    """A report; who else is on its list is for who may change it."""
    own = person.admin or person.name == report.owner
    return {
        "name": report.name,
        "title": report.title,
        "description": report.description,
        "owner": report.owner,
        "source": {"owner": report.source_owner, "name": report.source_name, "output": report.output},
        "code": report.code,
        "url": f"{platform.settings.public_url}{BASE}/reports/{report.name}",
        "created_at": iso(report.created_at),
        "changed_at": iso(report.changed_at),
        "mine": own,
        "readers": [{"kind": one.kind.value, "name": one.name} for one in report.readers] if own else None,
    }


def version_json(run: Run) -> dict[str, Any]:
    """One version: the run that made it, and when."""
    return {"run": run.id, "created_at": iso(run.created_at), "finished_at": iso(run.finished_at)}
