"""Code from elsewhere: the api leaves an errand, a worker does it and puts what came where the api finds it.

Only workers have the engine, and only the api opens secrets: as with tests of connections, a login goes from one to the
other sealed, and is gone once a worker has taken it.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nightdesk.server.domain.connection import Login as Handed
from nightdesk.server.domain.connection_kind import ConnectionKind
from nightdesk.server.domain.errand import Errand, ErrandKind, ErrandState
from nightdesk.server.domain.errors import (
    Invalid,
    NightdeskError,
    NotAllowed,
    Refused,
    Unavailable,
)
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.repository import GitFile, HomeFile, Place, place_json, place_of
from nightdesk.server.ports.fetching import Fetched, Login, Most
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.people import People
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sealing import Sealing
from nightdesk.server.services.connections import Vault
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.queue import ALIVE_SECONDS
from nightdesk.server.services.reporting import KINDS, ErrandParts, error_of, report
from nightdesk.server.services.submit import Files

WAIT_SECONDS = 55.0  # the client waits a minute for an answer
FORGET_SECONDS = 3600.0
_LOOK_SECONDS = 0.2
_AT_ONCE = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the api leaves errands with: ``sealing`` is with the key that workers have as well."""

    vault: Vault
    sealing: Sealing

    @property
    def records(self) -> Records:
        """The database."""
        return self.vault.records


def ask(desk: Desk, by: Person, wanted: Place) -> tuple[Errand, Place]:
    """Leave a fetch for a worker; the place with its address.

    Raises:
        NotFound: the connection is not theirs.
        Invalid: it is of another kind.
        Unavailable: no worker is there.
    """
    records = desk.records
    now = records.now()
    if not any(worker.seen_at > now - ALIVE_SECONDS for worker in records.workers()):
        raise Unavailable("no worker is there to fetch it", "Look with `nightdesk doctor`.")
    errand_id, sealed = secrets.token_hex(8), ""
    if isinstance(wanted, GitFile):
        wanted, sealed = _opened(desk, by, wanted, errand_id, "to fetch code")
    kind = ErrandKind.GIT if isinstance(wanted, GitFile) else ErrandKind.HOME
    errand = Errand(errand_id, kind, by.name, _wanted(wanted), ErrandState.READY, sealed=sealed)
    records.add_errand(errand)
    return errand, wanted


@contextlib.contextmanager
def fetched(desk: Desk, store: FileStore, by: Person, wanted: Place) -> Iterator[tuple[Fetched, Place]]:
    """What a worker has fetched, within some minutes; it is gone afterwards.

    Raises:
        Refused: it cannot be had.
        Unavailable: no worker has answered.
    """
    errand, place = ask(desk, by, wanted)
    try:
        answer = _waited(desk.records, errand)
        if not answer["ok"]:
            raise error_of(answer)
        with contextlib.ExitStack() as opened:
            source = opened.enter_context(store.open(_key(errand.id, "source"))).read()
            files = None
            if answer["files_bytes"]:
                files = opened.enter_context(store.open(_key(errand.id, "files.tar.gz")))
            left_out = tuple(answer["left_out"])
            yield Fetched(source, files, answer["files_bytes"], answer["commit"], left_out), place
    finally:
        desk.records.drop_errand(errand.id)
        _clear(store, errand.id)


def along(fetched: Fetched) -> Files | None:
    """What came along, as of a submit."""
    return None if fetched.files is None else Files(fetched.files, fetched.files_bytes)


def unlock(desk: Desk, people: People, policies: PolicyBook) -> int:
    """The api's part of errands that workers began: whether the connection is still their owner's, and its login.

    Raises:
        Unavailable: the hub does not answer; they wait.
    """
    found = desk.records.locked_errands(_AT_ONCE)
    for errand in found:
        assert errand.connection is not None  # noqa: S101 - that is what it is locked for
        try:
            if errand.kind is ErrandKind.STATUS and not _takes_reports(desk, errand):
                desk.records.drop_errand(errand.id)
                continue
            person = people.person(errand.owner)
            if person is None:
                raise NotAllowed(f"there is nobody called {errand.owner} any more")
            person = policies.with_rights(person)
            what = "to tell of a run" if errand.kind is ErrandKind.STATUS else "to fetch code for a schedule"
            place = place_of(errand.wanted.get("place"))
            if isinstance(place, GitFile):
                place, sealed = _opened(desk, person, place, errand.id, what)
                unlocked = replace(errand, wanted={**errand.wanted, **_wanted(place)}, sealed=sealed)
            else:
                unlocked = _status_opened(desk, person, errand, what)
        except Refused as error:
            unlocked = replace(errand, answer=answer_of(error))
        desk.records.unlock_errand(unlocked)
    return len(found)


def take(parts: ErrandParts, worker: str, end: Callable[[Errand, Fetched | NightdeskError], None]) -> Any:
    """What is to be done for the oldest errand that is ready; None without any.

    ``end`` is what becomes of the tick that an errand has.
    """
    errand = parts.records.take_errand(worker)
    return None if errand is None else partial(_work, parts, errand, end)


def tidy(records: Records, store: FileStore) -> None:
    """Forget what nobody has come for."""
    for errand_id in records.old_errands(FORGET_SECONDS):
        _clear(store, errand_id)
        records.drop_errand(errand_id)


def do(parts: ErrandParts, errand: Errand) -> Fetched:
    """What is fetched.

    Raises:
        Refused: it cannot be had.
        EngineError, Unavailable: something does not answer.
    """
    if errand.answer is not None:  # the api has refused it
        raise error_of(errand.answer)
    place, runs = place_of(errand.wanted["place"]), parts.settings.runs
    most = Most(runs.max_source_bytes, runs.max_files_bytes)
    if isinstance(place, HomeFile):
        return parts.fetcher.from_home(errand.owner, place, most)
    assert place is not None  # noqa: S101
    login = None
    if errand.sealed:
        opened = parts.sealing.open(errand.id, errand.sealed)
        login = Login(opened["user"], opened["password"])
    return parts.fetcher.from_git(place, login, most)


def answer_of(error: NightdeskError) -> dict[str, Any]:
    """An error as it goes from a worker to the api."""
    found = next((name for name, kind in KINDS.items() if isinstance(error, kind)), "unavailable")
    return {"ok": False, "kind": found, "words": error.message, "hint": error.hint}


def _work(
    parts: ErrandParts, errand: Errand, end: Callable[[Errand, Fetched | NightdeskError], None]
) -> None:
    if errand.kind is ErrandKind.STATUS:
        report(parts, errand)
        return
    result: Fetched | NightdeskError
    try:
        result = do(parts, errand)
    except NightdeskError as error:
        result = error
    except Exception:  # noqa: BLE001 - the edge of a thread: whoever waits is told
        _log.exception("errand %s: unexpected", errand.id)
        result = Unavailable("something went wrong inside the platform; it is in its log")
    if errand.has_tick:
        end(errand, result)
        return
    parts.records.answer_errand(errand.id, _put(parts, errand, result))


def _put(parts: ErrandParts, errand: Errand, result: Fetched | NightdeskError) -> dict[str, Any]:
    if isinstance(result, NightdeskError):
        return answer_of(result)
    from io import BytesIO

    content: dict[str, Any] = {_key(errand.id, "source"): BytesIO(result.source)}
    if result.files is not None:
        content[_key(errand.id, "files.tar.gz")] = result.files
    try:
        parts.store.put_all(content)
    except NightdeskError as error:
        return answer_of(error)
    return {
        "ok": True,
        "commit": result.commit,
        "files_bytes": result.files_bytes,
        "left_out": list(result.left_out),
    }


def _waited(records: Records, errand: Errand) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = records.errand(errand.id)
        if found is not None and found.answer is not None:
            return found.answer
        time.sleep(_LOOK_SECONDS)
    raise Unavailable("no worker has fetched it in time", "Look with `nightdesk doctor`, and try again.")


def _opened(desk: Desk, by: Person, wanted: GitFile, errand_id: str, what: str) -> tuple[GitFile, str]:
    """The place with its address, and the login sealed for workers."""
    if wanted.connection is None:
        return wanted.at(None), ""
    place = wanted.at(desk.vault.seen(by, wanted.connection)[0])
    _, handed = desk.vault.use(by, wanted.connection, None, what)
    return place, _sealed(desk, errand_id, handed)


def _sealed(desk: Desk, errand_id: str, handed: Handed) -> str:
    password = str(handed.secrets.get("password") or "")
    if not password:
        return ""
    user = str(handed.settings.get("user") or "git")
    if "\n" in user + password:
        raise Invalid("a login for git is one line each", "An admin gives the connection its token anew.")
    return desk.sealing.seal(errand_id, {"user": user, "password": password})


def _status_opened(desk: Desk, by: Person, errand: Errand, what: str) -> Errand:
    connection, handed = desk.vault.use(by, str(errand.connection), None, what)
    if connection.kind is not ConnectionKind.GIT:
        raise Invalid(f"connection '{connection.name}' is not of kind git any more")
    told = {name: str(connection.settings.get(name) or "") for name in ("url", "api", "api_url")}
    return replace(errand, wanted={**errand.wanted, "to": told}, sealed=_sealed(desk, errand.id, handed))


def _takes_reports(desk: Desk, errand: Errand) -> bool:
    """Whether the connection says which API its host speaks, and has a token for it."""
    connection = desk.records.connection(str(errand.connection))
    return connection is not None and bool(connection.settings.get("api")) and bool(connection.secret_names)


def _wanted(place: Place) -> dict[str, Any]:
    return {"place": place_json(place)}


def _key(errand_id: str, name: str) -> str:
    return f"fetched/{errand_id}.{name}"


def _clear(store: FileStore, errand_id: str) -> None:
    for name in ("source", "files.tar.gz"):
        store.remove(_key(errand_id, name))
