"""What requests to the hub did, for the audit log: one table from requests to entries.

It looks at every request after its answer, by JupyterHub's own pages, by its REST API and by ours alike. A change
through the API that no line knows is noted as `hub.changed`, so that nothing changes here without an entry.
"""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jupyterhub import orm
from jupyterhub.log import log_request
from tornado.web import HTTPError

from nightdesk_hub.addresses import address_of, means_of
from nightdesk_hub.journal import Happened

if TYPE_CHECKING:
    from nightdesk_hub.desk import Desk

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
#: What is no change that anybody makes (signs of life, and how services learn who somebody is), and who is disabled or
#: removed, which the api notes with what it did to their runs.
_NO_CHANGE = re.compile(
    r"api/(users/[^/]+/activity|oauth2/.*|authorizations/.*|security/.*|nightdesk/people/.*)"
)
#: So many failures of an address are noted in a minute, and one locked name of it in ten.
_FAILURES = 30
_FAILURES_SECONDS = 60.0
_LOCKED_SECONDS = 600.0
_MOST_REMEMBERED = 5000

Found = Iterator[Happened]
Tell = Callable[..., Found]


class Request:
    """A request that has been answered, as the table looks at it."""

    def __init__(self, handler: Any, desk: Desk) -> None:
        self.handler = handler
        self.desk = desk
        self.status = int(handler.get_status())
        self.method = str(handler.request.method)
        base = str(handler.hub.base_url)
        self.path = unquote(str(handler.request.path).removeprefix(base)).strip("/")

    @property
    def by(self) -> str:
        """Who asked: a person, or a service by its name."""
        try:
            asked = self.handler.current_user
        except (HTTPError, RuntimeError):
            return ""
        return str(getattr(asked, "name", "") or "")

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; empty where it was none."""
        try:
            sent = json.loads(self.handler.request.body or b"{}")
        except ValueError:
            return {}
        return sent if isinstance(sent, dict) else {}

    def field(self, name: str) -> str:
        """A field of the form that was sent."""
        return str(self.handler.get_body_argument(name, ""))[:255]


# --- signing in and out ---------------------------------------------------------------------------


def remember_sign_in(_authenticator: Any, handler: Any, who: Any) -> Any:
    """For JupyterHub's `post_auth_hook`: somebody has proved who they are, in whichever way."""
    handler.nightdesk_signed_in = who["name"]
    return who


def _signing_in(request: Request, *_found: str) -> Found:
    signed_in = getattr(request.handler, "nightdesk_signed_in", "")
    if signed_in and request.status < 400:
        yield Happened("sign-in.done", signed_in)
        return
    if request.status < 400 and request.method == "GET":
        return
    if request.method == "GET":
        yield Happened("sign-in.failed", whom=signed_in, words="at the provider, or not allowed here")
        return
    tried = signed_in or request.field("username").strip().lower()
    # A password in the wrong field is written nowhere: only names that somebody has.
    account = request.desk.register.find(tried)
    known = account is not None or orm.User.find(request.handler.db, tried) is not None
    whom, words = (tried, "") if known else ("", "a name that nobody has")
    if request.status == 429:
        yield Happened("sign-in.locked", whom=whom, words=words)
    elif signed_in or (request.status == 403 and account is not None and not account.approved):
        yield Happened("sign-in.refused", whom=whom, words="not approved")
    elif request.status < 500:
        yield Happened("sign-in.failed", whom=whom, words=words)


def _signing_out(request: Request) -> Found:
    # The hub has forgotten by now who it was; the browser's cookie, which it sent once more, has not.
    user = request.handler._user_for_cookie(request.handler.hub.cookie_name)
    if user is not None:
        yield Happened("sign-out.done", user.name)


# --- accounts -------------------------------------------------------------------------------------


def _asked_for(request: Request) -> Found:
    name = request.field("username").strip().lower()
    account = request.desk.register.find(name)
    if request.status == 200 and account is not None and not account.approved:
        yield Happened("account.asked for", whom=name)


def _own_password(request: Request) -> Found:
    yield Happened("password.changed", request.by)


def _chosen_password(request: Request) -> Found:
    """In place of the one that an admin gave out; with it somebody is signed in."""
    if request.status < 400 and (name := getattr(request.handler, "nightdesk_signed_in", "")):
        yield Happened("password.changed", name)
    yield from _signing_in(request)


def _pressed(request: Request, name: str, action: str) -> Found:
    yield Happened(f"account.{'approved' if action == 'approve' else 'removed'}", request.by, name)


def _made_account(request: Request) -> Found:
    yield Happened("account.made", request.by, str(request.body.get("name", "")))


def _changed_account(request: Request, name: str) -> Found:
    body = request.body
    if "password" in body:
        yield Happened("password.reset", request.by, name)
    if isinstance(approved := body.get("approved"), bool):
        yield Happened(f"account.{'approved' if approved else 'suspended'}", request.by, name)
    if others := sorted(set(body) - {"password", "approved"}):
        yield Happened("hub.changed", request.by, name, words=f"account: {', '.join(others)}")


def _removed_account(request: Request, name: str) -> Found:
    yield Happened("account.removed", request.by, name)


# --- people, tokens, groups -----------------------------------------------------------------------


def _made_people(request: Request, name: str = "") -> Found:
    body = request.body
    admin = " as an admin" if body.get("admin") is True else ""
    for each in [name] if name else body.get("usernames") or []:
        yield Happened("person.made", request.by, str(each), words=f"added{admin}")


def _changed_person(request: Request, name: str) -> Found:
    body = request.body
    if isinstance(admin := body.get("admin"), bool):
        yield Happened(f"admin.{'made' if admin else 'unmade'}", request.by, name)
    if others := sorted(set(body) - {"admin"}):
        yield Happened("hub.changed", request.by, name, words=f"person: {', '.join(others)}")


def _removed_person(request: Request, name: str) -> Found:
    yield Happened("person.removed", request.by, name)


def _made_token(request: Request, name: str) -> Found:
    body = request.body
    scopes = body.get("scopes") or body.get("roles") or []
    words = f"{body.get('note') or ''} ({', '.join(map(str, scopes)) or 'all of their rights'})"
    yield Happened("token.made", request.by, name, words=words.strip())


def _revoked_token(request: Request, name: str, token: str) -> Found:
    yield Happened("token.revoked", request.by, name, token)


def _group(request: Request, name: str) -> Found:
    yield Happened(f"group.{'removed' if request.method == 'DELETE' else 'made'}", request.by, object=name)


def _group_members(request: Request, name: str) -> Found:
    what = "removed" if request.method == "DELETE" else "added"
    for each in request.body.get("users") or []:
        yield Happened("group.changed", request.by, str(each), name, f"{what} {each}")


def _group_properties(request: Request, name: str) -> Found:
    yield Happened("group.changed", request.by, object=name, words=f"properties: {json.dumps(request.body)}")


# --- sessions -------------------------------------------------------------------------------------


def _session(request: Request, name: str = "", server: str = "") -> Found:
    whom = name or request.by
    if request.method == "DELETE":
        yield Happened("session.stopped", request.by, whom, _session_name(whom, server))
        return
    if request.path.startswith("spawn") and request.status != 302:  # the form once more, with what is wrong
        return
    yield Happened(
        "session.started", request.by, whom, _session_name(whom, server), _what_runs(request, whom, server)
    )


def _what_runs(request: Request, name: str, server: str) -> str:
    user = request.handler.find_user(name)
    spawner = None if user is None else user.spawners.get(server)
    options = {} if spawner is None else spawner.user_options or {}
    label = ":".join(str(options[key]) for key in ("environment", "version") if options.get(key))
    return ", ".join(each for each in (label, str(options.get("size") or "")) if each)


def _session_name(user: str, server: str) -> str:
    return f"{user}/{server}" if server else user


def session_ended(user: str, server: str, words: str, container: str) -> Happened:
    """A session that ended by itself, or whose container somebody removed: noted once for each container."""
    return Happened(
        "session.ended", "", user, _session_name(user, server), words, key=f"end-{container[:40]}"
    )


# --- the table ------------------------------------------------------------------------------------

_TABLE: tuple[tuple[str, str, Tell], ...] = (
    ("POST", r"(?:[a-z0-9-]+/)?login", _signing_in),
    ("POST", r"login/password", _signing_in),
    ("GET", r"oauth_callback", _signing_in),
    ("POST", r"password/new", _chosen_password),
    ("GET", r"logout", _signing_out),
    ("POST", r"signup", _asked_for),
    ("POST", r"password", _own_password),
    ("POST", r"accounts/([^/]+)/(approve|remove)", _pressed),
    ("POST", r"api/nightdesk/accounts", _made_account),
    ("PATCH", r"api/nightdesk/accounts/([^/]+)", _changed_account),
    ("DELETE", r"api/nightdesk/accounts/([^/]+)", _removed_account),
    ("POST", r"spawn(?:/([^/]+)(?:/([^/]+))?)?", _session),
    ("POST|DELETE", r"api/users/([^/]+)/servers?(?:/([^/]+))?", _session),
    ("POST", r"api/users/([^/]+)/tokens", _made_token),
    ("DELETE", r"api/users/([^/]+)/tokens/([^/]+)", _revoked_token),
    ("POST", r"api/users", _made_people),
    ("POST", r"api/users/([^/]+)", _made_people),
    ("PATCH", r"api/users/([^/]+)", _changed_person),
    ("DELETE", r"api/users/([^/]+)", _removed_person),
    ("POST|DELETE", r"api/groups/([^/]+)", _group),
    ("POST|DELETE", r"api/groups/([^/]+)/users", _group_members),
    ("PUT", r"api/groups/([^/]+)/properties", _group_properties),
)
_LINES = [(frozenset(methods.split("|")), re.compile(path), tell) for methods, path, tell in _TABLE]
_ALSO_REFUSED = {_signing_in, _chosen_password, _asked_for}


def told(request: Request) -> Found:
    """What the request did; nothing for most."""
    for methods, path, tell in _LINES:
        match = path.fullmatch(request.path) if request.method in methods else None
        if match is not None:
            if request.status < 400 or tell in _ALSO_REFUSED:
                yield from tell(request, *(part or "" for part in match.groups()))
            return
    changes = request.method in _CHANGES and request.status < 400 and request.path.startswith("api/")
    if changes and not _NO_CHANGE.fullmatch(request.path):
        yield Happened("hub.changed", request.by, words=f"{request.method} /hub/{request.path}")


class Witness:
    """JupyterHub's `log_function`: logs each request as ever, and notes what it did."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._locked: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __call__(self, handler: Any) -> None:
        log_request(handler)
        if not hasattr(handler, "hub"):
            return
        try:
            self._note(handler)
        except Exception:  # the edge: an answer was given already, and the next one must be as well
            handler.log.exception("what %s did is not in the audit log", handler.request.path)

    def _note(self, handler: Any) -> None:
        request = Request(handler, self._desk)
        for happened in told(request):
            address = address_of(handler.request, self._desk)
            means = "setup" if happened.by == "setup" else means_of(handler, self._desk)
            words = happened.words
            if happened.action == "sign-in.locked" and self._told_of_lock(happened.whom, address):
                continue
            if happened.action in {"sign-in.failed", "sign-in.refused"}:
                number = self._count(address)
                if number > _FAILURES:
                    continue
                if number == _FAILURES:
                    words = f"{words}; further ones of this minute are not noted".removeprefix("; ")
            self._desk.journal.note(replace(happened, address=address, means=means, words=words))

    def _told_of_lock(self, whom: str, address: str) -> bool:
        """Whether that name's lock for that address is on record already: each refused try is not."""
        now = time.monotonic()
        known = self._locked.get((whom, address))
        if known is not None and now - known < _LOCKED_SECONDS:
            return True
        self._locked[whom, address] = now
        if len(self._locked) > _MOST_REMEMBERED:
            self._locked.popitem(last=False)
        return False

    def _count(self, address: str) -> int:
        """How many failures of this address there were in the minute: a flood does not fill the disk."""
        now = time.monotonic()
        since, count = self._failed.pop(address, (now, 0))
        if now - since > _FAILURES_SECONDS:
            since, count = now, 0
        self._failed[address] = (since, count + 1)
        if len(self._failed) > _MOST_REMEMBERED:
            self._failed.popitem(last=False)
        return count + 1
