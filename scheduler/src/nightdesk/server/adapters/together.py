"""Many small changes of a moment as one transaction: waiting for the disk is what each of them costs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from nightdesk.server.adapters.database import Database, translated

Made = TypeVar("Made")


class _Change:
    """One thread's, which waits for it."""

    def __init__(self, make: Callable[[Connection], Any]) -> None:
        self.make = make
        self.over = False
        self.made: Any = None
        self.error: BaseException | None = None


class Together:
    """While one transaction waits for the disk the next ones gather, and the first of their threads makes all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathered: list[_Change] = []
        self._gathering = threading.Lock()
        self._turn = threading.Lock()

    def make(self, change: Callable[[Connection], Made]) -> Made:
        """What ``change`` returns, once it is committed. One that fails takes nothing from the others.

        Raises:
            Unavailable: the database does not answer; nothing of it was changed.
            Exception: whatever ``change`` does.
        """
        mine = _Change(change)
        with self._gathering:
            self._gathered.append(mine)
        with self._turn:
            if not mine.over:
                with self._gathering:
                    all_of_them, self._gathered = self._gathered, []
                self._make(all_of_them)
        if mine.error is not None:
            raise mine.error
        made: Made = mine.made
        return made

    def _make(self, changes: list[_Change]) -> None:
        try:
            with self._database.writing() as connection:
                if len(changes) == 1:
                    changes[0].made = changes[0].make(connection)
                    return
                for each in changes:
                    try:
                        with translated(), connection.begin_nested():
                            each.made = each.make(connection)
                    except Exception as error:  # noqa: BLE001 - raised where it is waited for
                        each.error = error
        except BaseException as error:
            for each in changes:
                each.error = each.error or error
            raise
        finally:
            for each in changes:
                each.over = True
