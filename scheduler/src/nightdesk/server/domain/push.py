"""What a repository's host sends when commits are pushed: who it is from, and what it says.

GitHub and Gitea sign the body (HMAC-SHA256 under the secret), GitLab signs it with its name and time, as the Standard
Webhooks have it, or shows the secret itself. One secret does for all: ``whsec_`` and 32 bytes in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.repository import COMMIT

PREFIX = "whsec_"
_SKEW_SECONDS = 600.0  # of a signature that names its time
_EVENTS = ("x-github-event", "x-gitea-event", "x-forgejo-event", "x-gogs-event", "x-gitlab-event")
_PUSHES = {"push", "push hook", "tag push hook"}


@dataclass(frozen=True, slots=True)
class Push:
    """A branch or tag that leads to another commit. ``commit`` is empty of a tag, which may be an object of its own."""

    ref: str
    commit: str
    default_branch: str


def hook_secret(key: str, schedule_id: str, nonce: str) -> str:
    """The secret of a schedule's hook; nothing of it is stored, and another nonce makes another one."""
    named = f"nightdesk push hook {schedule_id} {nonce}"
    made = hmac.new(key.encode(), named.encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether whoever sent this has the secret. Names of headers are in small letters."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    for name, expected in (
        ("x-hub-signature-256", f"sha256={mac}"),
        ("x-gitea-signature", mac),
        ("x-forgejo-signature", mac),
        ("x-gitlab-token", secret),
    ):
        if name in headers and _same(headers[name], expected):
            return True
    return "webhook-signature" in headers and _is_standard(secret, headers, body, now)


def mark_of(body: bytes) -> str:
    """What makes a delivery the same as another: what it says. Its headers are not signed by all."""
    return hashlib.sha256(body).hexdigest()


def push_of(headers: Mapping[str, str], body: bytes) -> Push | str:
    """What was pushed, or words why nothing of it starts a run.

    Raises:
        Invalid: it is not what a host sends.
    """
    event = next((headers[name] for name in _EVENTS if name in headers), "push").lower()
    if event not in _PUSHES:
        return f"Nothing to do for the event '{event[:40]}'."
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid(
            "the body is no JSON", "Choose the content type application/json at the host."
        ) from None
    if not isinstance(said, dict) or not isinstance(said.get("ref"), str):
        raise Invalid("the body names no ref", "Have the host tell of pushes.")
    commit = said.get("after")
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise Invalid("the body names no commit")
    if not commit.strip("0"):
        return "A branch or tag was removed."
    ref = said["ref"]
    if len(ref) > 500:
        raise Invalid("the body names no ref")
    return Push(ref, "" if ref.startswith("refs/tags/") else commit, _default_branch(said))


def leads(push: Push, ref: str) -> bool:
    """Whether the push is of what a schedule fetches; without a ``ref`` that is the default branch."""
    if not ref:
        return push.ref == f"refs/heads/{push.default_branch}"
    return push.ref in {ref, f"refs/heads/{ref}", f"refs/tags/{ref}"}


def _default_branch(said: dict[str, Any]) -> str:
    for name in ("repository", "project"):
        there = said.get(name)
        if isinstance(there, dict) and isinstance(there.get("default_branch"), str):
            return str(there["default_branch"])
    return "main"


def _is_standard(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        late = abs(now - float(headers.get("webhook-timestamp", "")))
    except (binascii.Error, ValueError):
        return False
    if not late <= _SKEW_SECONDS:
        return False
    head = f"{headers.get('webhook-id', '')}.{headers['webhook-timestamp']}.".encode("utf-8", "replace")
    made = base64.b64encode(hmac.new(key, head + body, hashlib.sha256).digest()).decode()
    return any(_same(each, f"v1,{made}") for each in headers["webhook-signature"].split())


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
