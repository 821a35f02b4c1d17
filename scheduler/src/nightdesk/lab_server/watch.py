"""One's own runs, live: the list now and then, and each run that goes on followed by its events; and one's schedules."""

from __future__ import annotations

import threading
import time

from nightdesk.client.errors import NightdeskError, Refused, Unreachable
from nightdesk.client.platform import Client
from nightdesk.client.status import FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIST_SECONDS = 5.0  # what was submitted elsewhere is seen within
SCHEDULES_SECONDS = 15.0  # the same of schedules, which change seldom
SHOWN = 30
MOST_SCHEDULES = 100
FOLLOWED = 12  # at a time; of others the list tells


class _Ended(Exception):
    """Nobody looks any more."""


class Watch:
    """Tells somebody of their runs until it is closed.

    `tell` is called from threads with what happened and its data: `runs` (the newest, as a list), `run` (one of them
    changed), `schedules` (one's own by name, when they changed), `away` and `back` (the platform does not answer; it
    does again), `refused` (it says no, and why).
    """

    def __init__(self, tell: Callable[[str, Any], None]) -> None:
        self._tell = tell
        self._closed = threading.Event()
        self._look_now = threading.Event()
        self._followed: set[str] = set()
        self._lock = threading.Lock()
        self._away = False
        self._schedules: Any = None
        self._asked_at = float("-inf")

    def start(self) -> None:
        """Begin, in threads of its own."""
        threading.Thread(target=self._list, name="nightdesk-runs", daemon=True).start()

    def close(self) -> None:
        """Let go; the threads end within a second or two."""
        self._closed.set()
        self._look_now.set()

    def _list(self) -> None:
        while not self._closed.is_set():
            self._look_now.clear()
            try:
                with Client() as client:
                    page = client.call("GET", "/runs", query={"owner": "me", "limit": SHOWN})
                    schedules = self._listed_schedules(client)
            except Unreachable:
                self._is_away(away=True)
            except Refused as error:
                if error.status < 500 and error.status != 429:
                    self._say("refused", {"message": error.message, "hint": error.hint})
                    return
                self._is_away(away=True)
            except NightdeskError as error:
                self._say("refused", {"message": error.message, "hint": error.hint})
                return
            else:
                self._is_away(away=False)
                self._say("runs", page["runs"])
                if schedules != self._schedules:
                    self._schedules = schedules
                    self._say("schedules", schedules)
                self._follow([run["id"] for run in page["runs"] if run["status"] not in FINAL])
            self._look_now.wait(1.0 if self._away else LIST_SECONDS)

    def _listed_schedules(self, client: Client) -> Any:
        """One's schedules, which are asked for less often than this is."""
        if time.monotonic() - self._asked_at < SCHEDULES_SECONDS:
            return self._schedules
        found = client.call("GET", "/schedules", query={"owner": "me", "limit": MOST_SCHEDULES})["schedules"]
        self._asked_at = time.monotonic()
        return found

    def _follow(self, live: list[str]) -> None:
        with self._lock:
            new = [each for each in live if each not in self._followed][: FOLLOWED - len(self._followed)]
            self._followed.update(new)
        for run_id in new:
            threading.Thread(
                target=self._follow_one, args=(run_id,), name=f"nightdesk-{run_id}", daemon=True
            ).start()

    def _follow_one(self, run_id: str) -> None:
        shown: Any = None
        try:
            with Client() as client:
                for event in client.events(run_id, waiting=self._waiting, patient=True):
                    if self._closed.is_set():
                        return
                    if event.kind in {"run", "end"} and event.data != shown:
                        shown = event.data
                        self._say("run", event.data)
        except (_Ended, NightdeskError):
            pass  # the list tells what is to be told
        finally:
            with self._lock:
                self._followed.discard(run_id)
            self._look_now.set()

    def _waiting(self, lost_for: float) -> None:
        if self._closed.is_set():
            raise _Ended
        if lost_for > 0 and not self._away:
            self._look_now.set()  # the list finds out

    def _is_away(self, *, away: bool) -> None:
        if away != self._away:
            self._away = away
            self._say("away" if away else "back", {"at": time.time()})

    def _say(self, kind: str, data: Any) -> None:
        if not self._closed.is_set():
            self._tell(kind, data)
