"""Whatever the hub commits about people is told, and nobody waits long for it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest
from jupyterhub import orm
from nightdesk_hub.change_bell import WAIT_SECONDS, ChangeBell, _forget, _note
from sqlalchemy import event
from sqlalchemy.orm import Session


class Told:
    """What the api was told, and how it answers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seconds = 0.0
        self.away = False

    def __call__(self, name: str) -> None:
        time.sleep(self.seconds)
        if self.away:
            raise http.client.HTTPException("away")
        self.names.append(name)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def db(told: Told) -> Iterator[Session]:
    """A hub's database whose commits are told."""
    bell = ChangeBell(told)
    bell.listen()
    session = orm.new_session_factory("sqlite:///:memory:")()
    session.add_all([orm.User(name="ada"), orm.User(name="bob"), orm.Group(name="lab")])
    session.commit()
    told.names.clear()
    yield session
    session.close()
    event.remove(Session, "before_flush", _note)
    event.remove(Session, "after_commit", bell._committed)
    event.remove(Session, "after_soft_rollback", _forget)


def user(db: Session, name: str = "ada") -> orm.User:
    return orm.User.find(db, name)


def test_joining_and_leaving_are_told_before_the_commit_returns(db: Session, told: Told) -> None:
    lab = orm.Group.find(db, "lab")
    lab.users.append(user(db))
    db.commit()
    assert told.names == ["ada"]
    lab.users.remove(user(db))
    db.commit()
    assert told.names == ["ada", "ada"]
    user(db, "bob").groups = [lab]
    db.commit()
    assert told.names[-1] == "bob"


def test_becoming_an_admin_and_being_removed(db: Session, told: Told) -> None:
    user(db).admin = True
    db.commit()
    assert told.names == ["ada"]
    db.delete(user(db, "bob"))
    db.commit()
    assert set(told.names[1:]) == {"bob"}


def test_a_group_that_goes_is_told_of_its_members(db: Session, told: Told) -> None:
    lab = orm.Group.find(db, "lab")
    lab.users = [user(db), user(db, "bob")]
    db.commit()
    told.names.clear()
    db.delete(lab)
    db.commit()
    assert set(told.names) == {"ada", "bob"}


def test_a_token_that_is_revoked(db: Session, told: Told) -> None:
    db.add(orm.APIToken(user=user(db), hashed="x", prefix="x"))
    db.commit()
    told.names.clear()
    db.delete(user(db).api_tokens[0])
    db.commit()
    deadline = time.monotonic() + 5
    while not told.names and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told.names == ["ada"]


def test_what_is_not_committed_and_what_does_not_matter_is_not_told(db: Session, told: Told) -> None:
    user(db).admin = True
    db.flush()
    db.rollback()
    user(db).last_activity = None
    db.commit()
    assert told.names == []


def test_nobody_waits_for_an_api_that_hangs_or_is_away(db: Session, told: Told) -> None:
    told.seconds = 1.0
    began = time.monotonic()
    user(db).admin = True
    db.commit()
    assert time.monotonic() - began < WAIT_SECONDS + 0.5
    told.seconds, told.away = 0.0, True
    for admin in (False, True, False):
        began = time.monotonic()
        user(db).admin = admin
        db.commit()
        assert time.monotonic() - began < WAIT_SECONDS + 0.5
