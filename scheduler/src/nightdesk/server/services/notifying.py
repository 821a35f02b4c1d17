"""Telling people how their runs ended: what they wish, and bringing it to them."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections import defaultdict
from dataclasses import replace
from typing import Any

from nightdesk.notices import Notifications
from nightdesk.server.domain.errors import Invalid, Refused, Unavailable
from nightdesk.server.domain.notification import (
    MOST_TRIES,
    TOGETHER_FROM,
    Message,
    Notice,
    Way,
    When,
    Wishes,
    about,
    check_mail,
    check_target,
    check_when,
    together,
    wait_before,
)
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.notifications import Messenger
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sealing import Sealing
from nightdesk.server.services.addresses import opened, sealed, target_of
from nightdesk.server.services.finish import iso

_ENDS_AT_ONCE = 500
_NOTICES_AT_ONCE = 500
_BUSY_SECONDS = 120.0  # longer than sending takes: a worker that dies meanwhile leaves it to another
_KEPT_SECONDS = 30 * 86400.0


def set_wishes(
    records: Records, sealing: Sealing, settings: Notifications, person: str, said: dict[str, Any]
) -> Wishes:
    """Keep what somebody wants to hear; what is left out of ``said`` stays. A new address gets a code by mail.

    Raises:
        Invalid: something in it cannot be.
    """
    kept = records.wishes(person)
    before = opened(sealing, kept)
    when = check_when(said.get("when")) or before.when
    email = before.email if said.get("email") is None else check_mail(str(said["email"]))
    if email != before.email:
        _check_mail_goes(settings, email)
    after = replace(
        before,
        when=When(when),
        email=email,
        email_confirmed=bool(email) and email == before.email and before.email_confirmed,
        webhook=_target("webhook", said, before.webhook),
        slack=_target("slack", said, before.slack),
        secret=before.secret or secrets.token_hex(16),
    )
    code = f"{secrets.randbelow(10**6):06}" if email and not after.email_confirmed else ""
    records.set_wishes(sealed(sealing, after, kept), code)
    if code:
        records.add_notice(person, Way.MAIL, email, _asking(person, code))
    return after


def try_out(records: Records, person: str) -> list[Way]:
    """Put a message on each of somebody's ways.

    Raises:
        Invalid: there is none.
    """
    targets = records.wishes(person).targets()
    if not targets:
        raise Invalid(
            "there is nowhere to send it", "Set an address first, and confirm it if it is for mail."
        )
    for way, target in targets.items():
        text = f"This is what {person} asked for to see that it arrives."
        records.add_notice(person, way, target, Message("Nightdesk: a try", text))
    return list(targets)


class Post:
    """Brings notices to people."""

    def __init__(self, records: Records, messenger: Messenger, sealing: Sealing, public_url: str) -> None:
        self._records = records
        self._sealing = sealing
        self._messenger = messenger
        self._runs_at = f"{public_url}/services/nightdesk/runs"

    def go_round(self) -> int:
        """Note what ended, and send what is due; how many notices were sent."""
        while self._records.note_ends(_ENDS_AT_ONCE) == _ENDS_AT_ONCE:
            pass
        piles: dict[tuple[str, str], list[Notice]] = defaultdict(list)
        for notice in self._records.take_notices(_NOTICES_AT_ONCE, _BUSY_SECONDS):
            try:
                target = target_of(self._sealing, notice)
            except Invalid as error:
                self._records.notices_failed([notice.id], error.message, None)
                continue
            piles[notice.way, target].append(replace(notice, target=target))
        return sum(self._send(pile) for pile in piles.values())

    def tidy(self) -> None:
        """Forget what arrived long ago."""
        self._records.drop_notices(self._records.now() - _KEPT_SECONDS)

    def _send(self, pile: list[Notice]) -> int:
        """All for one target: each by itself, or many together."""
        of_runs = [notice for notice in pile if notice.run_id is not None]
        bundles = [[notice] for notice in pile if notice.run_id is None]
        bundles += [of_runs] if len(of_runs) >= TOGETHER_FROM else [[notice] for notice in of_runs]
        return sum(self._send_bundle(bundle) for bundle in bundles)

    def _send_bundle(self, bundle: list[Notice]) -> int:
        ids = [notice.id for notice in bundle]
        found = (self._records.run(notice.run_id) for notice in bundle if notice.run_id is not None)
        runs = [run for run in found if run is not None]
        try:
            self._bring(bundle[0], runs)
        except Refused as error:
            self._records.notices_failed(ids, error.message, None)
            return 0
        except Unavailable as error:
            tries = max(notice.tries for notice in bundle)
            again = wait_before(tries) if tries < MOST_TRIES else None
            self._records.notices_failed(ids, error.message, again)
            return 0
        self._records.notices_sent(ids)
        return len(ids)

    def _bring(self, first: Notice, runs: list[Run]) -> None:
        message = self._message(first, runs)
        if message is None:  # the run is not on record any more
            return
        if first.way is Way.MAIL:
            self._messenger.mail(first.target, _with_foot(message, first.person))
        elif first.way is Way.SLACK:
            self._messenger.post(first.target, _json({"text": message.text}), {})
        else:
            document = {
                "event": "runs.ended" if runs else "test",
                "text": message.text,
                "runs": [_document(run, f"{self._runs_at}/{run.id}") for run in runs],
            }
            body = _json(document)
            secret = opened(self._sealing, self._records.wishes(first.person)).secret
            self._messenger.post(first.target, body, {"X-Nightdesk-Signature": signature(secret, body)})

    def _message(self, first: Notice, runs: list[Run]) -> Message | None:
        if first.run_id is None:
            return Message(first.subject, first.text)
        addresses = {run.id: f"{self._runs_at}/{run.id}" for run in runs}
        if len(runs) > 1:
            return together(runs, addresses)
        return about(runs[0], addresses[runs[0].id]) if runs else None


def signature(secret: str, body: bytes) -> str:
    """What the receiver of a webhook checks: HMAC-SHA256 of the body under the person's own secret."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _document(run: Run, url: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "owner": run.owner,
        "status": run.status.value,
        "reason": run.reason,
        "environment": f"{run.environment}:{run.version}",
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "git": run.git,
        "url": url,
    }


def _target(name: str, said: dict[str, Any], before: str) -> str:
    return before if said.get(name) is None else check_target(name, str(said[name]))


def _check_mail_goes(settings: Notifications, email: str) -> None:
    if not email:
        return
    if settings.smtp is None:
        raise Invalid(
            "this platform sends no mail",
            "Its admin sets notifications.smtp; a webhook works.",
            field="email",
        )
    if not settings.smtp.may_write_to(email):
        known = ", ".join(settings.smtp.domains)
        raise Invalid(
            f"no mail is sent to {email.rpartition('@')[2]}", f"Addresses may be at: {known}.", field="email"
        )


def _asking(person: str, code: str) -> Message:
    text = (
        f"{person} wants to hear of the ends of their runs at this address. The code that confirms it:\n\n"
        f"{code}\n\nIt is good for an hour. If you are not {person}, do nothing."
    )
    return Message(f"Nightdesk: your code is {code}", text)


def _with_foot(message: Message, person: str) -> Message:
    foot = f"\n\n--\nSent because {person} wishes so; change it on the page Notifications of Nightdesk."
    return Message(message.subject, message.text + foot)
