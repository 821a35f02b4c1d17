"""Signing in to the pages through the hub (OAuth 2 authorization code), and the session cookie.

The cookie holds the hub's token for this service, signed. What changes something needs, besides
the cookie, a value that only our own pages know: see :func:`xsrf_value`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from urllib.parse import quote, unquote, urlencode

import urllib3
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.errors import Invalid, NotAllowed, Unavailable
from nightdesk.server.web.paths import BASE

SESSION = "nightdesk-session"
_STATE = "nightdesk-oauth-state"
_CLIENT = "service-nightdesk"
_CALLBACK = f"{BASE}/oauth_callback"
_MAX_AGE = 14 * 24 * 3600
_pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=10), retries=False)
router = APIRouter(include_in_schema=False)


def _serializer(request: Request) -> URLSafeTimedSerializer:
    platform: WebPlatform = request.app.state.platform
    return URLSafeTimedSerializer(platform.environment.cookie_secret, salt="nightdesk")


def session_token(request: Request) -> str | None:
    """The hub's token in the session cookie; None without a cookie of ours."""
    try:
        token = _serializer(request).loads(request.cookies.get(SESSION, ""), max_age=_MAX_AGE)
    except BadSignature:
        return None
    return str(token)


def xsrf_value(request: Request) -> str:
    """What a form or a script of our own pages sends along; another site cannot know it."""
    platform: WebPlatform = request.app.state.platform
    cookie = request.cookies.get(SESSION, "")
    return hmac.new(platform.environment.cookie_secret.encode(), cookie.encode(), hashlib.sha256).hexdigest()


def check_xsrf(request: Request, sent: str | None) -> None:
    """Raise :class:`NotAllowed` unless the change was asked for by one of our own pages."""
    if not sent or not hmac.compare_digest(sent.encode(), xsrf_value(request).encode()):
        raise NotAllowed(
            "the page is too old for this, or another site asked for it", "Reload the page and try again."
        )


def sign_in_address(request: Request) -> str:
    """Where a person without a session is sent."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{BASE}/login?next={quote(path)}"


def _safe_next(target: str) -> str:
    """Only addresses of our own pages: no open redirect, and no way up to somebody's server beside us."""
    own = target == BASE or target.startswith(f"{BASE}/")
    plain = target.isprintable() and "//" not in target and "\\" not in target
    down = not {".", ".."} & set(re.split(r"[/?#]", unquote(target)))  # browsers read %2e%2e as .. too
    return target if own and plain and down else f"{BASE}/"


@router.get(f"{BASE}/login")
def login(request: Request, next: str = "") -> Response:
    state = secrets.token_urlsafe(16)
    query = urlencode(
        {"client_id": _CLIENT, "redirect_uri": _CALLBACK, "response_type": "code", "state": state}
    )
    answer = RedirectResponse(f"/hub/api/oauth2/authorize?{query}", status_code=303)
    cookie = _serializer(request).dumps([state, _safe_next(next)])
    answer.set_cookie(
        _STATE, cookie, max_age=600, path=BASE, httponly=True, samesite="lax", secure=_secure(request)
    )
    return answer


@router.get(_CALLBACK)
def callback(request: Request, code: str = "", state: str = "") -> Response:
    try:
        expected, target = _serializer(request).loads(request.cookies.get(_STATE, ""), max_age=600)
    except BadSignature:
        raise Invalid(
            "signing in took too long or was started elsewhere", "Go back to the start page."
        ) from None
    if not hmac.compare_digest(str(expected).encode(), state.encode()):
        raise Invalid("signing in was started in another window", "Go back to the start page.")
    platform: WebPlatform = request.app.state.platform
    token = _exchange(platform, code)
    answer = RedirectResponse(_safe_next(str(target)), status_code=303)
    answer.delete_cookie(_STATE, path=BASE)
    answer.set_cookie(
        SESSION,
        _serializer(request).dumps(token),
        max_age=_MAX_AGE,
        path=BASE,
        httponly=True,
        samesite="lax",
        secure=_secure(request),
    )
    return answer


@router.get(f"{BASE}/logout")
def logout() -> Response:
    answer = RedirectResponse("/hub/logout", status_code=303)
    answer.delete_cookie(SESSION, path=BASE)
    return answer


def _exchange(platform: WebPlatform, code: str) -> str:
    fields = {
        "client_id": _CLIENT,
        "client_secret": platform.environment.service_token,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _CALLBACK,
    }
    try:
        answer = _pool.request(
            "POST",
            f"{platform.environment.hub_api_url}/oauth2/token",
            body=urlencode(fields),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable("the hub does not answer", "Try again in a moment.") from error
    if answer.status != 200:
        raise Invalid("the hub did not accept the sign-in", "Go back to the start page and try again.")
    return str(json.loads(answer.data)["access_token"])


def _secure(request: Request) -> bool:
    platform: WebPlatform = request.app.state.platform
    return platform.settings.public_url.startswith("https:")
