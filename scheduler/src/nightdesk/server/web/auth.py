"""Who is asking: a bearer token, or the session cookie of our pages.

What needs no waiting is a coroutine here: the framework gives everything else a thread, for each request.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Request

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import NotAllowed, SignInNeeded
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run_token import PREFIX, Attempt
from nightdesk.server.services.policies import endowed
from nightdesk.server.web.oauth import check_xsrf, session_token

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_SIGNED_IN = "nightdesk.signed_in"  # who it is, in the scope of a request
_ATTEMPT = "nightdesk.attempt"  # and of which run, at the gate


async def platform_of(request: Request) -> WebPlatform:
    """What the process works with."""
    platform: WebPlatform = request.app.state.platform
    return platform


def bearer(request: Request) -> str | None:
    """The token of the Authorization header; the hub's own clients write `token`, the field `Bearer`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() in {"bearer", "token"} else None


async def signed_in(request: Request, platform: Annotated[WebPlatform, Depends(platform_of)]) -> Person:
    """The person, by token or by cookie; a change by cookie needs the page's own value as well."""
    before: Person | None = request.scope.get(_SIGNED_IN)  # the guard has asked before it let the body in
    if before is not None:
        return before
    token = bearer(request)
    if request.app.state.gate:
        return await _of_run(request, platform, token)
    by_cookie = token is None
    if token is None:
        token = session_token(request)
    person = await known(platform, token)
    if person is None:
        raise SignInNeeded(
            "nobody is signed in, or the token is not valid any more", "Sign in: `nightdesk login URL`."
        )
    if by_cookie and request.method in _CHANGES:
        check_xsrf(request, request.headers.get("x-xsrftoken"))
    request.scope[_SIGNED_IN] = person
    return person


async def _of_run(request: Request, platform: WebPlatform, token: str | None) -> Person:
    """The owner of the run whose token it is: at the gate nobody else is known."""
    found = await run_sync(platform.owners.of_token, token) if token else None
    if found is None:
        raise SignInNeeded(
            "this is no token of a run that goes on",
            "A run's code finds its own in the file NIGHTDESK_TOKEN_FILE.",
        )
    request.scope[_SIGNED_IN], request.scope[_ATTEMPT] = found
    return found[0]


def run_of(request: Request) -> Attempt | None:
    """Which attempt of a run asks; None where it is somebody's own token."""
    attempt: Attempt | None = request.scope.get(_ATTEMPT)
    return attempt


async def by_token(request: Request) -> None:
    """Nothing that a browser sends by itself: only who shows a token."""
    if bearer(request) is None:
        raise SignInNeeded(
            "this needs a token: a page's cookie is not enough", "Show one: `Authorization: Bearer …`."
        )


async def known(platform: WebPlatform, token: str | None) -> Person | None:
    """Whose token it is, with what policies give them; hub and database are asked only now and then.

    Raises:
        Unavailable: one of them does not answer.
    """
    if token and token.startswith(PREFIX):
        return None  # a run's: good at the gate alone, and no business of the hub's
    person = platform.people.remembered(token) if token else None
    if token and person is None:
        person = await run_sync(platform.people.of_token, token)
    if person is None:
        return None
    policies = platform.policies.remembered()
    if policies is None:
        policies = await run_sync(platform.policies.now)
    return endowed(person, policies)


async def token_shown(request: Request) -> str:
    """The token that the request came with; the hub decides what it may do there."""
    return bearer(request) or session_token(request) or ""


async def admin(person: Annotated[Person, Depends(signed_in)]) -> Person:
    """The person, who must be an admin."""
    if not person.admin:
        raise NotAllowed("only admins may do this")
    return person


async def the_hub(request: Request, platform: Annotated[WebPlatform, Depends(platform_of)]) -> None:
    """Only the hub itself, which shows the service's own token."""
    token = bearer(request) or ""
    if not hmac.compare_digest(token.encode(), platform.environment.service_token.encode()):
        raise SignInNeeded("only the hub may ask for this")


Platform = Annotated[WebPlatform, Depends(platform_of)]
SignedIn = Annotated[Person, Depends(signed_in)]
Admin = Annotated[Person, Depends(admin)]
Token = Annotated[str, Depends(token_shown)]
