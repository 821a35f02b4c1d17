"""What every page has: its template with what all of them need, and who pressed a button on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse

from nightdesk.navigation import place_of
from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotAllowed, SignInNeeded
from nightdesk.server.domain.person import Person
from nightdesk.server.web.auth import Platform, known
from nightdesk.server.web.oauth import check_xsrf, session_token, xsrf_value
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.templating import render


def page(
    request: Request, name: str, person: Person, *, status_code: int = 200, **values: object
) -> HTMLResponse:
    """A page for somebody; ``name`` is its template's."""
    platform: WebPlatform = request.app.state.platform
    common = {"base": BASE, "api": API, "person": person, "announced": platform.board.shown()}
    common["here"] = place_of(request.url.path)
    text = render(name, **common, xsrf=xsrf_value(request), **values)
    return HTMLResponse(text, status_code=status_code, headers={"Cache-Control": "no-store"})


async def by_cookie(request: Request, platform: WebPlatform) -> Person:
    """Whose session cookie it is.

    Raises:
        SignInNeeded: nobody's.
        Unavailable: the hub does not answer.
    """
    person = await known(platform, session_token(request))
    if person is None:
        raise SignInNeeded("nobody is signed in", "Reload the page.")
    return person


async def by_form(
    request: Request, platform: Platform, xsrf: Annotated[str, Form(alias="_xsrf")] = ""
) -> Person:
    """Who sent a form of our own pages."""
    check_xsrf(request, xsrf)
    return await by_cookie(request, platform)


async def admin_by_form(person: Annotated[Person, Depends(by_form)]) -> Person:
    """The same, who must be an admin."""
    if not person.admin:
        raise NotAllowed("only admins may do this")
    return person


ByForm = Annotated[Person, Depends(by_form)]
AdminByForm = Annotated[Person, Depends(admin_by_form)]
