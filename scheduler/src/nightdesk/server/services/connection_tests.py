"""Trying a connection from where runs are: the api leaves what is needed, a worker takes it and answers.

Only workers have the engine, and only the api opens secrets. What goes from one to the other lies in the database for a
moment, sealed with a key that both have, and is gone once a worker has taken it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nightdesk.connection_places import ConnectionMount
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.connection import Login
from nightdesk.server.domain.environment import default_of
from nightdesk.server.domain.errors import NightdeskError, Unavailable
from nightdesk.server.domain.person import Person
from nightdesk.server.ports.connections import ConnectionTest
from nightdesk.server.ports.probe import Probe
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sealing import Sealing
from nightdesk.server.services.connections import Vault
from nightdesk.server.services.queue import ALIVE_SECONDS

PURPOSE = "connection test"
WAIT_SECONDS = 60.0
READER = "reader's "
_LOOK_SECONDS = 0.25


def ask(vault: Vault, sealing: Sealing, by: Person, name: str) -> ConnectionTest:
    """Leave a test for a worker; ``sealing`` is with the key that workers have as well.

    Raises:
        NotFound: there is no such connection.
        Unavailable: no worker is there, or the secrets cannot be opened.
    """
    records = vault.records
    connection, logins = vault.logins(name)
    now = records.now()
    if not any(worker.seen_at > now - ALIVE_SECONDS for worker in records.workers()):
        raise Unavailable("no worker is there to try it", "Look with `nightdesk doctor`.")
    place = next((place for place in vault.places(by) if place.target == connection.place), None)
    mount = None if place is None else place.mount(by.groups)
    wanted = {
        "openings": [
            _opening(connection.name, connection.kind.value, each, connection.place) for each in logins
        ],
        "places": [] if mount is None else [[mount.path, mount.target]],
    }
    test = ConnectionTest(secrets.token_hex(8), name, by.name)
    sealed = sealing.seal(test.id, wanted)
    test = ConnectionTest(test.id, name, by.name, sealed)
    records.add_connection_test(test)
    return test


def outcome_of(records: Records, test: ConnectionTest) -> Mapping[str, Any] | None:
    """How it went, once it is known; it is noted then, and forgotten."""
    found = records.connection_test(test.id)
    if found is None or found.answer is None:
        return None
    records.drop_connection_test(test.id)
    words = "works" if found.answer["ok"] else f"does not work: {found.answer['words']}"
    records.note(Note(test.asked_by, "connection.tested", test.connection, words=words))
    return found.answer


def take(records: Records, sealing: Sealing, probe: Probe) -> Callable[[], None] | None:
    """What is to be done for the oldest test that nobody has taken; None without any."""
    test = records.take_connection_test(WAIT_SECONDS)
    if test is None:
        return None

    def work() -> None:
        try:
            answer = _tried(records, sealing, probe, test)
        except NightdeskError as error:
            answer = {"ok": False, "steps": [], "words": error.message, "hint": error.hint or ""}
        records.answer_connection_test(test.id, answer)

    return work


def wait_for(records: Records, test: ConnectionTest) -> Mapping[str, Any]:
    """The outcome, within a minute.

    Raises:
        Unavailable: no worker has answered by then.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = outcome_of(records, test)
        if found is not None:
            return found
        time.sleep(_LOOK_SECONDS)
    records.drop_connection_test(test.id)
    raise Unavailable(
        "no worker has answered within a minute", "Look with `nightdesk doctor`, and try again."
    )


def _tried(records: Records, sealing: Sealing, probe: Probe, test: ConnectionTest) -> dict[str, Any]:
    wanted = sealing.open(test.id, test.sealed)
    version = default_of(records.versions())
    if version is None:
        raise Unavailable("there is no environment to try it in", "`make up` builds and registers them.")
    places = [ConnectionMount(path, target) for path, target in wanted["places"]]
    return _together(probe.tried(version.digest, wanted["openings"], places))


def _together(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One outcome out of that of the login and that of the reader's."""
    steps = [
        {**step, "name": f"{READER if number else ''}{step['name']}"}
        for number, each in enumerate(outcomes)
        for step in each["steps"]
    ]
    told = next((each for each in outcomes if not each["ok"]), outcomes[-1])
    return {"ok": told["ok"], "steps": steps, "words": told["words"], "hint": told["hint"]}


def _opening(name: str, kind: str, login: Login, place: str | None) -> dict[str, Any]:
    """What code would be handed."""
    return {
        "name": name,
        "kind": kind,
        "read_only": login.read_only,
        "settings": dict(login.settings),
        "secrets": dict(login.secrets),
        "place": place,
    }
