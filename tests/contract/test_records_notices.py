"""What every Records does with wishes to hear of the ends of runs, and with the notices that come of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.notice_tables import notices
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.notification import Message, Way, When, Wishes
from nightdesk.server.domain.run import Run, Status, new_id
from sqlalchemy import update

from .on_record import added, at_once
from .on_record import running as running_as

ADA = Wishes(
    "ada", When.FAILURE, "ada@example.org", True, "https://example.org/hook", "", "the secret of hers"
)


def running(records: RecordsSql, **values: Any) -> Run:
    return running_as(records, id=new_id(), **values)


def due(records: RecordsSql) -> list[tuple[str, str | None]]:
    return [(each.way, each.run_id) for each in records.take_notices(100, 60)]


def test_wishes_come_back_as_they_were_kept(records: RecordsSql) -> None:
    assert records.wishes("ada") == Wishes("ada")
    records.set_wishes(ADA)
    records.set_wishes(replace(ADA, slack="https://example.org/slack"))
    assert records.wishes("ada") == replace(ADA, slack="https://example.org/slack")


def test_each_end_is_noted_once_for_each_way_of_its_owner(records: RecordsSql) -> None:
    records.set_wishes(ADA)
    bad, good, hers = (running(records, owner="ada") for _ in range(3))
    other = running(records, owner="bob")
    for run in (bad, other):
        records.change(run, status=Status.FAILED, reason="it broke")
    records.change(good, status=Status.SUCCEEDED, reason="done")
    records.change(hers, status=Status.CANCELLED, reason="she wished so")
    assert records.note_ends(100) == 4
    assert sorted(due(records)) == [("email", bad.id), ("webhook", bad.id)]
    assert (records.note_ends(100), due(records)) == (0, [])


def test_what_a_run_says_goes_before_what_its_owner_said(records: RecordsSql) -> None:
    records.set_wishes(replace(ADA, webhook=""))
    loud, quiet = (
        running(records, owner="ada", notify="always"),
        running(records, owner="ada", notify="never"),
    )
    records.change(loud, status=Status.SUCCEEDED, reason="done")
    records.change(quiet, status=Status.FAILED, reason="it broke")
    records.note_ends(100)
    assert due(records) == [("email", loud.id)]


def test_a_further_attempt_is_no_end(records: RecordsSql) -> None:
    records.set_wishes(ADA)
    run = running(records, owner="ada", retries=1)
    records.change(run, status=Status.QUEUED, attempt=2, reason="it broke")
    assert (records.note_ends(100), due(records)) == (0, [])


def test_who_is_shut_out_hears_nothing_and_a_name_is_no_inheritance(records: RecordsSql) -> None:
    records.set_wishes(ADA)
    run = running(records, owner="ada")
    records.shut_out("ada", "root")
    records.change(run, status=Status.FAILED, reason="it broke")
    assert (records.note_ends(100), due(records)) == (1, [])
    records.add_notice("ada", Way.MAIL, "ada@example.org", Message("a", "b"))
    records.forget_wishes("ada")
    assert (records.wishes("ada"), due(records)) == (Wishes("ada"), [])


def test_many_at_once_note_and_take_each_of_them_once(records: RecordsSql) -> None:
    records.set_wishes(replace(ADA, webhook=""))
    ended = [running(records, owner="ada") for _ in range(20)]
    for run in ended:
        records.change(run, status=Status.FAILED, reason="it broke")
    at_once(6, lambda _: records.note_ends(7))
    taken = [run_id for answer in at_once(6, lambda _: due(records)) for _way, run_id in answer]
    assert sorted(map(str, taken)) == sorted(run.id for run in ended)


def test_one_that_failed_comes_again_in_its_time_or_never(records: RecordsSql, database: Database) -> None:
    for text in ("first", "second"):
        records.add_notice("ada", Way.SLACK, "https://example.org", Message(text, text))
    first, second = records.take_notices(10, 60)
    records.notices_failed([first.id], "it answered 500", 3600)
    records.notices_failed([second.id], "it answered 404", None)
    assert due(records) == []
    with database.writing() as connection:
        connection.execute(update(notices).values(not_before=0.0))
    again = records.take_notices(10, 60)
    assert [(each.subject, each.tries) for each in again] == [("first", 2)]
    records.notices_sent([first.id])
    seen = records.notices_of("ada")
    assert [(each["state"], each["words"]) for each in seen] == [("failed", "it answered 404"), ("sent", "")]
    assert records.drop_notices(records.now() + 1) == 2


@pytest.mark.parametrize("wrong", [0, 4])
def test_a_code_confirms_the_address(records: RecordsSql, wrong: int) -> None:
    records.set_wishes(replace(ADA, email_confirmed=False), code="123456")
    assert not any(records.confirm_mail("ada", "000000") for _ in range(wrong))
    assert not records.confirm_mail("bob", "123456")
    assert records.confirm_mail("ada", "123456")
    assert records.wishes("ada").email_confirmed
    assert not records.confirm_mail("ada", "123456"), "it is good for once"


def test_after_five_wrong_codes_none_is_right(records: RecordsSql) -> None:
    records.set_wishes(replace(ADA, email_confirmed=False), code="123456")
    assert not any(records.confirm_mail("ada", "000000") for _ in range(5))
    assert not records.confirm_mail("ada", "123456")


def test_nobody_hears_of_what_was_before_a_run_ended(records: RecordsSql) -> None:
    records.set_wishes(ADA)
    added(records, owner="ada")
    running(records, owner="ada")
    assert records.note_ends(100) == 0
