"""A report: a stable address for the newest good output of what is run again and again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from nightdesk.server.domain.errors import Invalid, NotAllowed, NotFound
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.policy import Kind
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.submission import check_label

NOTEBOOK_PAGE = "notebook.html"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_TAKEN = frozenset({"new"})  # addresses of pages
_MOST_READERS = 200
_MOST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is on a report's list: a group, a person, or everybody who is signed in (then without a name)."""

    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Its versions are the good runs that ``source_owner`` has under ``source_name`` and that left ``output``.

    ``code`` says whether the inputs of a notebook's cells are shown; ``owner`` is who may change it.
    """

    name: str
    title: str
    owner: str
    source_owner: str
    source_name: str
    output: str = NOTEBOOK_PAGE
    code: bool = True
    description: str = ""
    readers: tuple[Reader, ...] = ()
    created_at: float = 0.0
    changed_at: float = 0.0


def may_read(person: Person, report: Report) -> bool:
    """Who is on the list sees the report though not the run. Of the person the groups of now count."""
    if person.admin or person.name == report.owner:
        return True
    return any(
        reader.kind is Kind.EVERYBODY
        or (reader.kind is Kind.PERSON and reader.name == person.name)
        or (reader.kind is Kind.GROUP and reader.name in person.groups)
        for reader in report.readers
    )


def check_reads(person: Person, report: Report | None, name: str) -> Report:
    """The report, if this person may see it.

    Raises:
        NotFound: there is none, or they are not on its list: the two answers are the same on purpose.
    """
    if report is None or not may_read(person, report):
        raise NotFound(f"there is no report '{name[:63]}'", "List yours with `nightdesk report list`.")
    return report


def is_report_name(text: str) -> bool:
    """Whether a text can be the name of a report."""
    return bool(_NAME.fullmatch(text))


def check_owns(person: Person, report: Report) -> None:
    """Raise :class:`NotAllowed` where somebody may read the report, but not change it."""
    if not (person.admin or person.name == report.owner):
        raise NotAllowed(
            f"the report {report.name} is {report.owner}'s: you may read it, but not change it",
            f"Ask {report.owner} or an admin.",
        )


def check_may_publish(person: Person, owner: str) -> None:
    """Raise :class:`NotAllowed` where somebody would show others the runs of a third person."""
    if not (person.admin or person.name == owner):
        raise NotAllowed(
            f"these are runs of {owner}: only they and admins make a report of them", f"Ask {owner}."
        )


def checked(report: Report) -> Report:
    """The report, its words and its list as they are kept.

    Raises:
        Invalid: names what is wrong.
    """
    if not _NAME.fullmatch(report.name) or report.name in _TAKEN:
        raise Invalid(
            f"'{report.name[:63]}' cannot be the name of a report",
            "Write a letter, then letters, digits, - or _: 1 to 63 characters, in lower case. It becomes its address.",
            field="name",
        )
    check_label("the title of a report", report.title, "title")
    check_label("the name of the runs", report.source_name, "source_name")
    check_label("the name of a person", report.source_owner, "source_owner")
    if len(report.description) > _MOST_WORDS or _UNSENDABLE.search(report.description):
        raise Invalid(
            f"the description of a report is text of at most {_MOST_WORDS} characters", field="description"
        )
    if not report.output or len(report.output) > 1000 or _UNSENDABLE.search(report.output):
        raise Invalid("the output of a report is the name of a file that its runs leave", field="output")
    _check_readers(report.readers)
    return report


def _check_readers(readers: Iterable[Reader]) -> None:
    kept = list(readers)
    if len(kept) > _MOST_READERS:
        raise Invalid(
            f"the list of a report has at most {_MOST_READERS} entries", "Name groups.", field="readers"
        )
    for reader in kept:
        if reader.kind is not Kind.EVERYBODY:
            check_label(f"the name of a {reader.kind}", reader.name)


def moment_of(text: str) -> float:
    """Until when a version counts that is asked for ``as of``: the end of a day (in UTC), or a moment.

    Raises:
        Invalid: it is neither.
    """
    try:
        if len(text) == len("2026-11-01"):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return (day + timedelta(days=1)).timestamp()
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Invalid(
            f"'{text[:40]}' is no date", "Write it as 2026-11-01, or a moment as 2026-11-01T08:00Z."
        ) from None


def rendered_key(run: Run, variant: str) -> str:
    """Where a page that was made of a run's output is kept; it goes with the run."""
    return f"runs/{run.id}/{run.attempt}/rendered/{variant}"
