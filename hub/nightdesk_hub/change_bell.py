"""Telling the platform's api when somebody's groups, rights or tokens have changed, whoever changed them.

The api remembers for some seconds whose a token is. Each commit of the hub that changes membership, makes or
unmakes an admin, or takes a token away is told to it at once, whichever way it came: a page, the REST API, a
sign-in. A change waits a tenth of a second at most for being told; an api that is away notices by itself.
"""

from __future__ import annotations

import http.client
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode, urlsplit

from jupyterhub import orm
from sqlalchemy import event
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.attributes import get_history

log = logging.getLogger("JupyterHub.change_bell")

#: For how long a change waits for being told, and for how long an api that does not answer is left in peace.
WAIT_SECONDS = 0.1
QUIET_SECONDS = 5.0
_CALL_SECONDS = 2.0
_KEY = "nightdesk_changed"
#: Changes of so many people at once are told as a change of everybody.
_MANY = 20

#: Tells the api about one person, empty: everybody. Raises OSError or HTTPException where it does not answer.
Tell = Callable[[str], None]


def ring_api(url: str, token: str) -> Tell:
    """Telling the api at `url` with the hub's own token, over a connection that is kept."""
    address = urlsplit(url)
    kept: list[http.client.HTTPConnection] = []

    def tell(name: str) -> None:
        connection = kept.pop() if kept else http.client.HTTPConnection(address.netloc, timeout=_CALL_SECONDS)
        path = f"{address.path}?{urlencode({'user': name})}"
        headers = {"Authorization": f"Bearer {token}", "Content-Length": "0"}
        try:
            connection.request("POST", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if answer.status != 200:
            connection.close()
            raise http.client.HTTPException(f"status {answer.status}")
        kept.append(connection)

    return tell


class ChangeBell:
    """Rings for what the hub's database sessions commit."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._waiting: queue.SimpleQueue[tuple[str, threading.Event]] = queue.SimpleQueue()
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None

    def listen(self) -> None:
        """From now on, for all sessions of this process."""
        event.listen(Session, "before_flush", _note)
        event.listen(Session, "after_commit", self._committed)
        event.listen(Session, "after_soft_rollback", _forget)

    def ring(self, names: Iterable[str], wait: bool = True) -> None:
        """Tell about these people; returns when it is told, or after a tenth of a second."""
        told = [self._ring(name) for name in names]
        if not wait or time.monotonic() < self._quiet_until:
            return
        deadline = time.monotonic() + WAIT_SECONDS
        for one in told:
            one.wait(max(0.0, deadline - time.monotonic()))

    def _ring(self, name: str) -> threading.Event:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="change-bell", daemon=True)
            self._thread.start()
        told = threading.Event()
        self._waiting.put((name, told))
        return told

    def _committed(self, session: Session) -> None:
        changed: dict[str, bool] = session.info.pop(_KEY, {})
        if changed:
            names = list(changed) if len(changed) <= _MANY else [""]
            self.ring(names, wait=any(changed.values()))

    def _work(self) -> None:
        while True:
            name, told = self._waiting.get()
            try:
                if time.monotonic() >= self._quiet_until:
                    self._call(name)
            finally:
                told.set()

    def _call(self, name: str) -> None:
        for last in (False, True):  # a connection that was kept may be dead
            try:
                self._tell(name)
            except (OSError, http.client.HTTPException) as error:
                if last:
                    self._quiet_until = time.monotonic() + QUIET_SECONDS
                    log.warning("the api was not told of a change: %s", error)
            else:
                return


def _note(session: Session, *_: Any) -> None:
    """Whom a flush is about. True: somebody waits for it to take effect; a session's token that goes is not that."""
    changed: dict[str, bool] = session.info.setdefault(_KEY, {})
    for one in (*session.dirty, *session.new):
        if isinstance(one, orm.User) and (_differs(one, "admin") or _differs(one, "groups")):
            changed[one.name] = True
        elif isinstance(one, orm.Group):
            history = get_history(one, "users")
            changed.update({user.name: True for user in (*(history.added or ()), *(history.deleted or ()))})
    for one in session.deleted:
        if isinstance(one, orm.User):
            changed[one.name] = True
        elif isinstance(one, orm.Group):
            changed.update({user.name: True for user in one.users})
        elif isinstance(one, orm.APIToken) and one.user is not None:
            changed.setdefault(one.user.name, False)


def _differs(one: Any, attribute: str) -> bool:
    return object_session(one) is not None and get_history(one, attribute).has_changes()


def _forget(session: Session, *_: Any) -> None:
    session.info.pop(_KEY, None)
