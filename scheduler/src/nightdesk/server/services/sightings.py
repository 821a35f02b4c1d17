"""Somebody looks at what is another's: noted once, and not each time their page looks again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run
from nightdesk.server.domain.sweep import Sweep
from nightdesk.server.ports.audit import AuditLog

_AGAIN_SECONDS = 600.0
_MOST = 10_000
_lock = threading.Lock()
_noted: OrderedDict[tuple[str, str, str, str], float] = OrderedDict()


def note_sight(log: AuditLog, person: Person, run: Run, output: str = "") -> None:
    """Note that somebody sees another's run, or downloads this output of it.

    The same person, run and output is one entry for ten minutes, of each process.

    Raises:
        Unavailable: the database does not answer; then it is not to be shown either.
    """
    action = "output.downloaded" if output else "run.seen"
    _note_once(log, person, Note(person.name, action, run.id, run.owner, output or run.name), output)


def note_sight_of_sweep(log: AuditLog, person: Person, sweep: Sweep) -> None:
    """Note that somebody sees another's sweep; see :func:`note_sight`."""
    _note_once(log, person, Note(person.name, "sweep.seen", sweep.id, sweep.owner, sweep.name))


def _note_once(log: AuditLog, person: Person, note: Note, part: str = "") -> None:
    if note.whom == person.name:
        return
    what, now = (person.name, note.action, note.object, part), time.monotonic()
    with _lock:
        known = _noted.get(what)
    if known is not None and now - known < _AGAIN_SECONDS:
        return
    log.note(note)
    with _lock:
        _noted[what] = now
        _noted.move_to_end(what)
        while len(_noted) > _MOST:
            _noted.popitem(last=False)
