"""What happens at the hub, on its way to the platform's audit log: kept on this disk until the api has it.

Each entry has a key that nothing else has, so that one which is sent twice, because the answer was lost, is one.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

log = logging.getLogger("JupyterHub.journal")

#: So many entries are sent at once, and so long is waited between two tries while the api is away.
BATCH = 200
AGAIN_SECONDS = 2.0
ANSWER_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, entry TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that somebody did at the hub; the names are those of the audit log.

    ``key`` is given where the same thing may be noticed twice.
    """

    action: str
    by: str = ""
    whom: str = ""
    object: str = ""
    words: str = ""
    address: str = ""
    means: str = "hub"
    key: str = ""


#: Hands entries to the api. Raises OSError where they have to be sent again.
Send = Callable[[list[dict[str, Any]]], None]


def send_to_api(url: str, token: str) -> Send:
    """Sending to the api at `url` with the hub's own token."""

    def send(entries: list[dict[str, Any]]) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps({"entries": entries}).encode()
        request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - an address of ours
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            answer.read()

    return send


class Journal:
    """The entries that the api has not got yet, in the order in which things happened."""

    def __init__(self, file: Path, send: Send) -> None:
        self._file = file
        self._send = send
        self._opened: sqlite3.Connection | None = None
        self._news = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, happened: Happened) -> None:
        """Keep an entry, and have it sent. From the hub's event loop alone; takes a millisecond."""
        key = happened.key or uuid.uuid4().hex
        entry = {
            name: getattr(happened, name) for name in ("action", "by", "whom", "object", "words", "address")
        }
        entry |= {"means": happened.means, "key": key, "at": time.time()}
        if self._opened is None:
            self._opened = self._open()
        self._opened.execute(
            "INSERT OR IGNORE INTO waiting (key, entry) VALUES (?, ?)", (key, json.dumps(entry))
        )
        self._news.set()

    def start(self) -> None:
        """Send what waits, from now on and on a thread of its own; what an earlier hub left as well."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver, name="journal", daemon=True)
            self._thread.start()

    def _deliver(self) -> None:
        quiet = False
        with closing(self._open()) as db:
            while True:
                self._news.clear()
                try:
                    while self.send_some(db):
                        quiet = False
                except (OSError, sqlite3.Error) as error:
                    if not quiet:
                        log.warning("the audit log is out of reach, entries wait on this disk: %s", error)
                    quiet = True
                    time.sleep(AGAIN_SECONDS)
                    continue
                self._news.wait()

    def send_some(self, db: sqlite3.Connection) -> bool:
        """Send the oldest entries; whether there were any.

        Raises:
            OSError: they have not arrived, or the answer was lost.
        """
        rows = db.execute("SELECT number, entry FROM waiting ORDER BY number LIMIT ?", (BATCH,)).fetchall()
        if not rows:
            return False
        try:
            self._send([json.loads(entry) for _number, entry in rows])
        except URLError as error:  # an OSError whose words say little
            raise OSError(str(getattr(error, "reason", error))) from None
        db.execute("DELETE FROM waiting WHERE number <= ?", (rows[-1][0],))
        return True

    def waiting(self) -> int:
        """How many entries the api has not got."""
        with closing(self._open()) as db:
            return int(db.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(_SCHEMA)
        return db
