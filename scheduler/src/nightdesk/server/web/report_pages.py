"""The pages of reports: all that one may read, one with its versions, and the form that makes one."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotFound, Refused
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.report import NOTEBOOK_PAGE, check_may_publish
from nightdesk.server.domain.run import Run
from nightdesk.server.services.reports import (
    change_report,
    in_words,
    note_reading,
    read_report,
    readable,
    readers_of,
    remove_report,
    version_of,
)
from nightdesk.server.web.api import seen_run
from nightdesk.server.web.auth import Platform, SignedIn
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.outputs import outputs_of
from nightdesk.server.web.page import ByForm, page
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.previews import kind_of, preview
from nightdesk.server.web.reports import (
    VERSIONS,
    NewReport,
    ReaderWords,
    can_be_sent,
    hides_code,
    made,
    output_of,
    version_json,
)

PAGES = f"{BASE}/reports"
_FRAMED = {"notebook", "html", "markdown", "drawing"}
_OWN = {"log.txt", "manifest.json", "notebook.ipynb"}
router = APIRouter(include_in_schema=False)


@router.get(PAGES)
def reports_page(request: Request, platform: Platform, person: SignedIn) -> Response:
    records = platform.records
    listed = []
    for report in readable(records, person):
        newest = records.report_versions(report, limit=1)
        listed.append((report, version_json(newest[0]) if newest else None))
    return page(request, "reports.html", person, reports=listed)


@router.get(f"{PAGES}/new")
def new_report_page(request: Request, platform: Platform, person: SignedIn, run: str = "") -> Response:
    found = seen_run(platform, person, run)
    check_may_publish(person, found.owner)
    name = re.sub(r"[^a-z0-9]+", "-", found.name.lower()).strip("-")[:60].strip("-")
    typed = {
        "name": name if name[:1].isalpha() else f"report-{name}".rstrip("-"),
        "title": found.name,
        "description": "",
        "output": NOTEBOOK_PAGE,
        "code": True,
        "readers": "",
    }
    return _form(request, platform, person, found, typed)


@router.post(PAGES)
def make_report_from_page(
    request: Request,
    platform: Platform,
    person: ByForm,
    run: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    output: Annotated[str, Form()] = NOTEBOOK_PAGE,
    code: Annotated[bool, Form()] = False,
    readers: Annotated[str, Form()] = "",
) -> Response:
    found = seen_run(platform, person, run)
    typed = {"name": name.strip(), "title": title, "description": description, "output": output, "code": code}
    try:
        listed = [ReaderWords(kind=one.kind, name=one.name[:255]) for one in readers_of(readers)]
        short = {
            "name": name.strip()[:64],
            "title": title.strip()[:200],
            "description": description.strip()[:2000],
        }
        wanted = NewReport(run=found.id, output=output[:1000], code=code, readers=listed[:200], **short)
        report = made(platform, person, wanted)
    except Refused as error:
        return _form(request, platform, person, found, typed | {"readers": readers}, error)
    return RedirectResponse(f"{PAGES}/{report.name}", status_code=303)


@router.get(f"{PAGES}/{{name}}")
def report_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    name: str,
    as_of: str | None = None,
    run: str | None = None,
) -> Response:
    return _one(request, platform, person, name, (as_of or None, run))


@router.post(f"{PAGES}/{{name}}/save")
def save_report_from_page(
    request: Request,
    platform: Platform,
    person: ByForm,
    name: str,
    title: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    code: Annotated[bool, Form()] = False,
    readers: Annotated[str, Form()] = "",
) -> Response:
    said: dict[str, Any] = {"title": title.strip(), "description": description.strip(), "code": code}
    try:
        change_report(platform.records, person, name, said | {"readers": readers_of(readers)})
    except NotFound:
        raise
    except Refused as error:
        return _one(request, platform, person, name, (None, None), (error, said | {"readers": readers}))
    return RedirectResponse(f"{PAGES}/{name}", status_code=303)


@router.post(f"{PAGES}/{{name}}/remove")
def remove_report_from_page(platform: Platform, person: ByForm, name: str) -> Response:
    remove_report(platform.records, person, name)
    return RedirectResponse(PAGES, status_code=303)


def _form(
    request: Request,
    platform: WebPlatform,
    person: Person,
    run: Run,
    typed: dict[str, Any],
    wrong: Refused | None = None,
) -> Response:
    names = [output.name for output in outputs_of(platform, run) if output.name not in {*_OWN, NOTEBOOK_PAGE}]
    return page(
        request,
        "report_new.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        run=run,
        typed=typed,
        outputs=[*([NOTEBOOK_PAGE] if run.kind == "notebook" else []), *names][:500],
        wrong=wrong,
    )


def _one(
    request: Request,
    platform: WebPlatform,
    person: Person,
    name: str,
    which: tuple[str | None, str | None],
    refused: tuple[Refused, dict[str, Any]] | None = None,
) -> Response:
    records = platform.records
    report = read_report(records, person, name)
    wrong, typed = refused or (None, None)
    version, file, trouble = None, None, None
    try:
        version = version_of(records, report, *which)
        output = output_of(platform, report, version)
        file = _file(output.name, preview(request, platform, version, output))
        note_reading(records, person, report, version)
    except Refused as error:
        trouble = error
    asked = {key: value for key, value in zip(("as_of", "run"), which, strict=True) if value}
    own = person.admin or person.name == report.owner
    return page(
        request,
        "report.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        report=report,
        version=None if version is None else version_json(version),
        versions=[version_json(run) for run in records.report_versions(report, limit=VERSIONS)],
        file=file,
        content=f"{API}/reports/{report.name}/content?",
        asked=urlencode(asked),
        as_of=which[0] or "",
        old=bool(asked),
        own=own,
        sees_run=version is not None and (person.admin or person.name == version.owner),
        trouble=trouble,
        wrong=wrong,
        typed=typed
        or {
            "title": report.title,
            "description": report.description,
            "code": report.code,
            "readers": in_words(report.readers),
        },
        sendable=file is not None and can_be_sent(file["name"]),
        downloadable=file is not None and version is not None and not hides_code(report, output),
    )


def _file(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """The preview with nothing that leads to the run itself, which whoever is on the list may not see."""
    return found | {"url": None, "view": "content" if kind_of(name) in _FRAMED else None}
