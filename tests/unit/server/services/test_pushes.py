"""Pushes that start runs, signed as their hosts sign them; the same one starts one run."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from nightdesk.server.domain.audit import AuditFilter
from nightdesk.server.domain.errors import Invalid, SignInNeeded
from nightdesk.server.domain.repository import GitFile
from nightdesk.server.domain.schedule import Schedule, TickState
from nightdesk.server.services.pushes import Taken, clear_hook, set_hook, take_push
from nightdesk.server.services.schedules import Given, pause

from ..workbench import ADA, Bench
from .scheduling import NOTEBOOK
from .test_fetched_ticks import Both

KEY = "the run key"


class Hooked:
    """A schedule with a hook."""

    def __init__(self, bench: Bench, ref: str = "main") -> None:
        self.both = Both(bench)
        self.records = bench.records
        place = GitFile("code", "a/n.ipynb", ref)
        self.schedule = self.both.scheduling.make(
            given=Given(NOTEBOOK, place=place), file="n.ipynb", every=86400
        )
        self.schedule, self.secret = set_hook(self.records, KEY, ADA, self.schedule)

    def body(self, commit: str, ref: str = "refs/heads/main", **more: Any) -> bytes:
        """What GitHub and Gitea send."""
        return json.dumps(
            {"ref": ref, "after": commit, "repository": {"default_branch": "main"}, **more}
        ).encode()

    def signed(self, body: bytes) -> dict[str, str]:
        """As GitHub signs."""
        mac = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return {"x-hub-signature-256": f"sha256={mac}", "x-github-event": "push"}

    def push(self, body: bytes, headers: dict[str, str] | None = None) -> Taken:
        """It comes in."""
        headers = self.signed(body) if headers is None else headers
        return take_push(self.records, KEY, self.schedule.id, headers, body)

    def ticks(self) -> list[Any]:
        return self.both.scheduling.ticks(self.schedule)


@pytest.fixture
def hooked(bench: Bench) -> Hooked:
    return Hooked(bench)


def test_a_push_runs_its_very_commit_once(hooked: Hooked) -> None:
    commit = hooked.both.push()
    later = hooked.both.push()
    body = hooked.body(commit)
    first = hooked.push(body)
    assert (first.words, first.new) == ("It starts a run.", True)
    again = hooked.push(body, {**hooked.signed(body), "x-github-delivery": "another"})
    assert (again.words, again.new, again.tick) == ("It has come before.", False, first.tick)
    hooked.both.scheduling.look(0.0)
    hooked.both.fetch()
    (tick,) = hooked.ticks()
    run = hooked.both.bench.run(tick.run_id)
    assert run.git is not None
    assert (run.git["commit"], tick.by) == (commit, f"commit {commit}")
    assert run.git["commit"] != later, "whatever the branch holds by now"
    assert hooked.push(body).tick == tick
    (noted,) = hooked.records.entries(AuditFilter(action="schedule.pushed"))
    assert noted.object == hooked.schedule.id


def test_each_host_signs_in_its_own_way(hooked: Hooked) -> None:
    now = hooked.records.now()
    for number, host in enumerate(("gitea", "forgejo", "gitlab", "standard")):
        body = hooked.body(f"{number:040x}" if number else "a" * 40)
        mac = hmac.new(hooked.secret.encode(), body, hashlib.sha256).hexdigest()
        key = base64.b64decode(hooked.secret.removeprefix("whsec_"))
        told = hmac.new(key, f"id.{now:.0f}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "gitea": {"x-gitea-signature": mac, "x-gitea-event": "push"},
            "forgejo": {"x-forgejo-signature": mac},
            "gitlab": {"x-gitlab-token": hooked.secret, "x-gitlab-event": "Push Hook"},
            "standard": {
                "webhook-id": "id",
                "webhook-timestamp": f"{now:.0f}",
                "webhook-signature": f"v1,wrong v1,{base64.b64encode(told).decode()}",
                "x-gitlab-event": "Push Hook",
            },
        }[host]
        assert hooked.push(body, headers).new, host


def test_what_is_not_signed_with_the_secret_is_nobodys(hooked: Hooked) -> None:
    body = hooked.body("a" * 40)
    good = hooked.signed(body)
    old = f"{hooked.records.now() - 3600:.0f}"
    key = base64.b64decode(hooked.secret.removeprefix("whsec_"))
    late = base64.b64encode(hmac.new(key, f"id.{old}.".encode() + body, hashlib.sha256).digest()).decode()
    for headers in (
        {},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": ""},
        {"x-gitlab-token": "guessed"},
        {"x-gitlab-token": "ü"},
        {"webhook-signature": "v1,x"},
        {"webhook-signature": "v1,x", "webhook-timestamp": "nan"},
        {"webhook-id": "id", "webhook-timestamp": old, "webhook-signature": f"v1,{late}"},
    ):
        with pytest.raises(SignInNeeded):
            hooked.push(body, headers)
    with pytest.raises(SignInNeeded):
        hooked.push(body + b" ", good)
    with pytest.raises(SignInNeeded):
        take_push(hooked.records, KEY, "nowhere", good, body)
    before = hooked.secret
    hooked.schedule, hooked.secret = set_hook(hooked.records, KEY, ADA, hooked.schedule)
    assert hooked.secret != before
    with pytest.raises(SignInNeeded):
        hooked.push(body, good)
    clear_hook(hooked.records, ADA, hooked.schedule)
    with pytest.raises(SignInNeeded):
        hooked.push(body)
    assert hooked.ticks() == []


@pytest.mark.parametrize(
    ("ref", "pushed", "starts"),
    [
        ("main", "refs/heads/main", True),
        ("", "refs/heads/main", True),
        ("", "refs/heads/other", False),
        ("main", "refs/heads/main2", False),
        ("feature/x", "refs/heads/feature/x", True),
        ("v1", "refs/tags/v1", True),
        ("refs/heads/main", "refs/heads/main", True),
        ("a" * 40, "refs/heads/main", False),
    ],
)
def test_which_push_counts(bench: Bench, ref: str, pushed: str, starts: bool) -> None:
    hooked = Hooked(bench, ref)
    assert hooked.push(hooked.body("b" * 40, pushed)).new is starts


def test_what_starts_nothing_says_so(hooked: Hooked) -> None:
    body = hooked.body("0" * 40)
    assert hooked.push(body).words == "A branch or tag was removed."
    ping = {**hooked.signed(b"{}"), "x-github-event": "ping"}
    assert hooked.push(b"{}", ping).words == "Nothing to do for the event 'ping'."
    for wrong in (
        b"",
        b"[]",
        b"{}",
        b'{"ref": 1}',
        b'{"ref": "refs/heads/main", "after": "--x"}',
        b"[" * 9999,
    ):
        with pytest.raises(Invalid):
            hooked.push(wrong)
    pause(hooked.records, ADA, hooked.schedule)
    assert hooked.push(hooked.body("a" * 40)).words == "nightly is paused."
    assert hooked.ticks() == []


def test_a_copy_cannot_be_pushed_to(hooked: Hooked) -> None:
    copy = hooked.both.scheduling.make(name="copy")
    with pytest.raises(Invalid, match="only a schedule whose file is in a repository"):
        set_hook(hooked.records, KEY, ADA, copy)


def test_what_waits_has_an_end(hooked: Hooked) -> None:
    for number in range(1, 101):
        assert hooked.push(hooked.body(f"{number:040x}")).new
    with pytest.raises(Exception, match="no further one may"):
        hooked.push(hooked.body("f" * 40))
    assert {tick.state for tick in hooked.ticks()} == {TickState.WAITING}


def test_a_secret_is_of_its_schedule(hooked: Hooked) -> None:
    other: Schedule = hooked.both.scheduling.make(
        given=Given(NOTEBOOK, place=GitFile("code", "a/n.ipynb")), name="other", file="n.ipynb"
    )
    _, secret = set_hook(hooked.records, KEY, ADA, other)
    assert secret != hooked.secret
