"""Telling people how their runs ended: what is sent, when it is tried again, and that one mail is enough for many."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from nightdesk.notices import Notifications, Smtp
from nightdesk.server.domain.errors import Invalid, NightdeskError, Unavailable
from nightdesk.server.domain.notification import Message, When, Wishes
from nightdesk.server.domain.run import RunError, Status
from nightdesk.server.doubles.messenger import MemoryMessenger
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.services.addresses import opened, sealed
from nightdesk.server.services.notifying import Post, set_wishes, signature, try_out

from ..workbench import ADA, Bench
from .scheduling import Scheduling, moment

SMTP = Notifications(
    smtp=Smtp(host="smtp.example.org", sender="nightdesk@example.org", domains=["example.org"])
)  # type: ignore[arg-type, call-arg]
WISHES = Wishes("ada", When.FAILURE, "ada@example.org", True, secret="s")
SEALING = MemorySealing()
NOTHING = Wishes("ada")


@pytest.fixture
def messenger() -> MemoryMessenger:
    return MemoryMessenger()


@pytest.fixture
def post(bench: Bench, messenger: MemoryMessenger) -> Post:
    bench.records.set_wishes(sealed(SEALING, WISHES, NOTHING))
    return Post(bench.records, messenger, SEALING, "https://desk.example.org")


def fails(bench: Bench, count: int = 1, status: Status = Status.FAILED) -> list[str]:
    found = []
    for _ in range(count):
        run = bench.records.claim(bench.submit(person=ADA).id, "one")
        assert run is not None
        run = bench.records.change(run, status=Status.RUNNING)
        error = RunError("ValueError", "the secret is hunter2", 3) if status is Status.FAILED else None
        bench.records.change(run, status=status, reason="Cell 3 failed.", error=error)
        found.append(run.id)
    return found


def test_a_mail_says_what_where_and_why_but_nothing_of_the_output(
    bench: Bench, post: Post, messenger: MemoryMessenger
) -> None:
    (run_id,) = fails(bench)
    assert post.go_round() == 1
    ((to, message),) = messenger.mails
    assert to == "ada@example.org"
    assert message.subject.endswith("failed")
    for words in (
        "Cell 3 failed.",
        "cell 3: ValueError",
        f"/services/nightdesk/runs/{run_id}",
        "page Notifications",
    ):
        assert words in message.text
    assert "hunter2" not in message.text
    assert post.go_round() == 0


def test_all_is_quiet_when_all_is_well(bench: Bench, post: Post, messenger: MemoryMessenger) -> None:
    fails(bench, status=Status.SUCCEEDED)
    assert (post.go_round(), messenger.mails) == (0, [])


def test_what_a_schedule_says_of_its_runs_goes_before_what_its_owner_said(
    bench: Bench, post: Post, messenger: MemoryMessenger
) -> None:
    scheduling = Scheduling(bench)
    ends = {"always": Status.SUCCEEDED, "failure": Status.SUCCEEDED, "never": Status.FAILED}
    for notify, status in ends.items():
        made = scheduling.make(at=moment("2026-05-04T05:00:00+00:00"), name=notify, notify=notify)
        scheduling.look("2026-05-04T06:00:00+00:00")
        (tick,) = scheduling.ticks(made)
        run = bench.records.claim(tick.run_id or "", "one")
        assert run is not None
        run = bench.records.change(run, status=Status.RUNNING)
        bench.records.change(run, status=status, reason="over")
    assert post.go_round() == 1
    ((_, message),) = messenger.mails
    assert message.subject == "always: succeeded"


def test_many_at_once_are_one_message(bench: Bench, post: Post, messenger: MemoryMessenger) -> None:
    fails(bench, 25)
    assert post.go_round() == 25
    ((_, message),) = messenger.mails
    assert message.subject == "25 runs ended, 25 of them did not succeed"
    assert message.text.count("/services/nightdesk/runs/") == 20
    assert "and 5 more" in message.text


def test_a_webhook_is_signed_and_slack_gets_text(
    bench: Bench, post: Post, messenger: MemoryMessenger
) -> None:
    wanted = replace(WISHES, email="", webhook="https://example.org/hook", slack="https://example.org/slack")
    bench.records.set_wishes(sealed(SEALING, wanted, NOTHING))
    (run_id,) = fails(bench)
    post.go_round()
    sent: dict[str, Any] = {url: (body, headers) for url, body, headers in messenger.posts}
    body, headers = sent["https://example.org/hook"]
    document = json.loads(body)
    assert (document["event"], document["runs"][0]["id"], document["runs"][0]["status"]) == (
        "runs.ended", run_id, "failed",
    )  # fmt: skip
    assert headers["X-Nightdesk-Signature"] == signature("s", body)
    assert "failed" in json.loads(sent["https://example.org/slack"][0])["text"]


@pytest.mark.parametrize(
    ("error", "state"), [(Unavailable("it answered 500"), "waiting"), (Invalid("it answered 404"), "failed")]
)
def test_what_does_not_arrive_is_tried_again_unless_that_is_useless(
    bench: Bench, post: Post, messenger: MemoryMessenger, error: NightdeskError, state: str
) -> None:
    messenger.error = error
    fails(bench)
    assert post.go_round() == 0
    (seen,) = bench.records.notices_of("ada")
    assert (seen["state"], seen["words"]) == (state, error.message)
    messenger.error = None
    assert post.go_round() == 0, "not at once"


def test_one_that_hangs_holds_up_no_other(bench: Bench, post: Post, messenger: MemoryMessenger) -> None:
    wanted = replace(WISHES, webhook="https://example.org/hook")
    bench.records.set_wishes(sealed(SEALING, wanted, NOTHING))
    messenger.post_error = Unavailable("it does not answer")
    fails(bench)
    assert post.go_round() == 1
    assert len(messenger.mails) == 1


def test_a_new_address_is_asked_for_a_code_first(bench: Bench, messenger: MemoryMessenger) -> None:
    post = Post(bench.records, messenger, SEALING, "https://desk.example.org")
    set_wishes(bench.records, SEALING, SMTP, "ada", {"email": " ada@example.org "})
    fails(bench)
    assert post.go_round() == 1, "the code, and nothing of the run"
    code = messenger.mails[0][1].subject.rsplit(" ", 1)[1]
    assert bench.records.confirm_mail("ada", code)
    fails(bench)
    post.go_round()
    assert "failed" in messenger.mails[-1][1].subject
    changed = set_wishes(bench.records, SEALING, SMTP, "ada", {"email": "eva@example.org"})
    assert not changed.email_confirmed


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"email": "nobody"}, "no address"),
        ({"email": "a@b.example\nBcc: x@y.example"}, "no address"),
        ({"email": "ada@elsewhere.example"}, "no mail is sent to elsewhere.example"),
        ({"webhook": "file:///etc/passwd"}, "no address"),
        ({"webhook": "https://user:word@example.org/"}, "name or password"),
        ({"slack": "https://example.org/" + "x" * 500}, "no address"),
        ({"slack": "https://example.org:99999/"}, "no address"),
        ({"when": "sometimes"}, "when to notify"),
    ],
)
def test_what_cannot_be_is_refused_in_words(bench: Bench, said: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        set_wishes(bench.records, SEALING, SMTP, "ada", said)


def test_without_a_mail_server_and_without_an_address(bench: Bench) -> None:
    with pytest.raises(Invalid, match="sends no mail"):
        set_wishes(bench.records, SEALING, Notifications(), "ada", {"email": "ada@example.org"})
    with pytest.raises(Invalid, match="nowhere to send it"):
        try_out(bench.records, "ada")


def test_a_try(bench: Bench, post: Post, messenger: MemoryMessenger) -> None:
    assert [way.value for way in try_out(bench.records, "ada")] == ["email"]
    assert post.go_round() == 1
    assert messenger.mails[0][1].subject == Message("Nightdesk: a try", "").subject


def test_addresses_that_hold_secrets_are_on_record_sealed(bench: Bench, messenger: MemoryMessenger) -> None:
    hook, slack = "https://example.org/hook/canary", "https://example.org/slack/canary"
    said = {"webhook": hook, "slack": slack, "when": "always"}
    after = set_wishes(bench.records, SEALING, SMTP, "ada", said)
    kept = bench.records.wishes("ada")
    assert "canary" not in f"{kept.webhook} {kept.slack}"
    assert after.secret not in kept.secret
    assert opened(SEALING, kept) == after
    set_wishes(bench.records, SEALING, SMTP, "ada", {"slack": ""})
    again = bench.records.wishes("ada")
    assert (again.webhook, again.secret, again.slack) == (kept.webhook, kept.secret, "")
    try_out(bench.records, "ada")
    with bench.database.reading() as connection:
        assert "canary" not in str(connection.exec_driver_sql("select * from notices").all())
    assert Post(bench.records, messenger, SEALING, "https://desk.example.org").go_round() == 1
    ((url, _, _),) = messenger.posts
    assert url == hook


def test_an_address_whose_key_is_gone_fails_alone_and_counts_as_not_said(
    bench: Bench, messenger: MemoryMessenger
) -> None:
    said = {"webhook": "https://example.org/hook"}
    set_wishes(bench.records, MemorySealing("another"), SMTP, "ada", said)
    set_wishes(bench.records, SEALING, SMTP, "bob", said)
    try_out(bench.records, "ada"), try_out(bench.records, "bob")
    assert Post(bench.records, messenger, SEALING, "https://desk.example.org").go_round() == 1
    (seen,) = bench.records.notices_of("ada")
    assert (seen["state"], "set it again" in seen["words"]) == ("failed", True)
    kept = bench.records.wishes("ada")
    assert opened(SEALING, kept).webhook == ""
    after = set_wishes(bench.records, SEALING, SMTP, "ada", said)
    assert opened(SEALING, bench.records.wishes("ada")) == after
