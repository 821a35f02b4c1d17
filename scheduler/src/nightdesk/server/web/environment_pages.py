"""The pages of environments: what there is, one version, two compared, and what a clean-up would take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.channel import Action
from nightdesk.server.domain.environment import CHANNELS, Offer, Package, PackageChange, Version, runnable
from nightdesk.server.domain.errors import NotFound, Refused, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.services import environments as life
from nightdesk.server.web.auth import Admin, Platform, SignedIn
from nightdesk.server.web.build_pages import PAGES
from nightdesk.server.web.errors import status_of
from nightdesk.server.web.page import AdminByForm, page
from nightdesk.server.web.shelf import NEWEST, shelves

KINDS = ("python", "r", "debian")  # of packages, in the order people look for them
_EVENTS = 20
_LOCK_LINES = 12
_OTHERS = 10
router = APIRouter(include_in_schema=False)
Words = Annotated[str, Query(max_length=200)]


class Change(StrEnum):
    """What the buttons on a version's page do."""

    PROMOTE = "promote"
    ROLL_BACK = "rollback"
    DEPRECATE = "deprecate"
    OFFER = "offer"
    REMOVE = "remove"
    GROUPS = "groups"


@dataclass(frozen=True, slots=True)
class Look:
    """How a version's page is looked at: what narrows its packages, or the change that was refused."""

    package: str = ""
    kind: str = ""
    wrong: Refused | Unavailable | None = None
    typed_groups: str | None = None


@router.get(PAGES)
def list_page(request: Request, platform: Platform, person: SignedIn, all: Words = "") -> Response:
    mine = runnable(platform.records.versions(), person)
    return page(
        request,
        "environments.html",
        person,
        shelves=shelves(mine, all),
        unfolded=all,
        newest=NEWEST,
        several=len(mine) > 1,
    )


@router.get(f"{PAGES}/compare")
def compare_page(
    request: Request, platform: Platform, person: SignedIn, before: Words = "", after: Words = ""
) -> Response:
    mine = runnable(platform.records.versions(), person)
    changes, wrong = _compared(platform, person, before, after)
    return page(
        request,
        "compare.html",
        person,
        status_code=status_of(wrong) if wrong else 200,
        versions=mine,
        before=before,
        after=after,
        changes=changes,
        kinds=_by_kind(changes or []),
        wrong=wrong,
    )


@router.get(f"{PAGES}/cleaning")
def cleaning_page(request: Request, platform: Platform, admin: Admin) -> Response:
    removed = [event for event in platform.records.environment_events() if event.action is Action.REMOVED]
    plan = life.plan_cleaning(platform.records, platform.people)
    return page(request, "cleaning.html", admin, plan=plan, removed=removed[:_EVENTS])


@router.post(f"{PAGES}/cleaning")
def clean_from_page(platform: Platform, admin: AdminByForm) -> Response:
    life.clean(platform.records, platform.people, admin)
    return RedirectResponse(f"{PAGES}/cleaning", status_code=303)


@router.get(f"{PAGES}/{{name}}")
def newest_page(platform: Platform, person: SignedIn, name: str) -> Response:
    """The version that speaks for the environment."""
    mine = [each for each in runnable(platform.records.versions(), person) if each.environment == name]
    if not mine:
        raise NotFound(f"there is no environment '{name[:60]}'", "The list has all that are for you.")
    (shelf,) = shelves(mine)
    return RedirectResponse(f"{PAGES}/{name}/{shelf.head.version}", status_code=303)


@router.get(f"{PAGES}/{{name}}/{{version}}")
def version_page(
    request: Request,
    platform: Platform,
    person: SignedIn,
    name: str,
    version: str,
    package: Words = "",
    kind: Words = "",
) -> Response:
    found = life.seen(platform.records, person, name, version)
    return _version_page(request, platform, person, found, Look(package.strip(), kind))


@router.post(f"{PAGES}/{{name}}/{{version}}/{{change}}")
def change_from_page(
    request: Request,
    platform: Platform,
    admin: AdminByForm,
    name: str,
    version: str,
    change: Change,
    channel: Annotated[str, Form()] = "",
    groups: Annotated[str, Form()] = "",
) -> Response:
    found = life.seen(platform.records, admin, name, version)
    wrong = _refusal(platform, admin, found, change, channel, groups)
    if wrong is None:
        return RedirectResponse(f"{PAGES}/{name}/{version}", status_code=303)
    typed = groups if change is Change.GROUPS else None
    return _version_page(request, platform, admin, found, Look(wrong=wrong, typed_groups=typed))


def _refusal(
    platform: WebPlatform, admin: Person, version: Version, change: Change, channel: str, groups: str
) -> Refused | Unavailable | None:
    """Do it; why not, where it cannot be."""
    try:
        _do(platform, admin, version, change, channel, groups)
    except (Refused, Unavailable) as error:
        return error
    return None


def _do(
    platform: WebPlatform, admin: Person, version: Version, change: Change, channel: str, groups: str
) -> None:
    records, name = platform.records, version.environment
    if change is Change.PROMOTE:
        life.promote(records, admin, name, version.version, channel)
    elif change is Change.ROLL_BACK:
        life.roll_back(records, admin, name, channel)
    elif change is Change.REMOVE:
        life.remove(records, platform.people, admin, name, version.version)
    elif change is Change.GROUPS:
        life.set_groups(records, admin, name, [each for each in groups.replace(",", " ").split() if each])
    else:
        wanted = Offer.DEPRECATED if change is Change.DEPRECATE else Offer.OFFERED
        records.set_offer(name, version.version, wanted, admin.name)


def _version_page(
    request: Request,
    platform: WebPlatform,
    person: Person,
    version: Version,
    look: Look,
) -> Response:
    records = platform.records
    mine = [each for each in runnable(records.versions(), person) if each.environment == version.environment]
    events = records.environment_events(version.environment)
    use, away = _use(platform, version)
    return page(
        request,
        "environment.html",
        person,
        status_code=status_of(look.wrong) if look.wrong else 200,
        version=version,
        others=[each for each in mine if each.version != version.version][:_OTHERS],
        channels=CHANNELS,
        back={channel: life.way_back(mine, events, channel) for channel in version.channels},
        events=events[:_EVENTS],
        more_events=len(events) > _EVENTS,
        use=use,
        sessions=[each for each in use.sessions if person.admin or each.person == person.name],
        away=away,
        reasons=use.reasons(version),
        packages=_filtered(version.packages, look.package, look.kind),
        kinds=[each for each in KINDS if any(one.kind == each for one in version.packages)],
        package=look.package,
        kind=look.kind,
        lock=version.origin.lock.splitlines()[:_LOCK_LINES],
        wrong=look.wrong,
        typed_groups=" ".join(version.groups) if look.typed_groups is None else look.typed_groups,
    )


def _use(platform: WebPlatform, version: Version) -> tuple[life.Use, str]:
    """Who and what uses it; without the hub only what the database knows, and the words for it."""
    try:
        return life.use_of(platform.records, platform.people, version), ""
    except Unavailable as error:
        runs = platform.records.runs_of_versions(version.environment)
        of_this = runs.get((version.environment, version.version))
        return life.Use(runs=of_this) if of_this else life.Use(), error.message


def _filtered(packages: tuple[Package, ...], name: str, kind: str) -> list[Package]:
    wanted = name.lower()
    found = [
        each for each in packages if wanted in each.name.lower() and (each.kind == kind or kind not in KINDS)
    ]
    return sorted(found, key=lambda each: (_rank(each.kind), each.name.lower()))


def _compared(
    platform: WebPlatform, person: Person, before: str, after: str
) -> tuple[list[PackageChange] | None, Refused | None]:
    """The changes; nothing where nothing was chosen yet, or why not."""
    if not (before and after):
        return None, None
    try:
        return life.differences(platform.records, person, before, after), None
    except Refused as error:
        return None, error


def _by_kind(changes: list[PackageChange]) -> list[tuple[str, list[PackageChange]]]:
    kinds = sorted({change.kind for change in changes}, key=_rank)
    return [(kind, [change for change in changes if change.kind == kind]) for kind in kinds]


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
