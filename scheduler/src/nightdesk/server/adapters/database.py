"""Connecting to SQLite or PostgreSQL so that writers wait for each other, and migrating at start."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from nightdesk.server.domain.errors import DatabaseTooNew, Unavailable

_CLOCK = "select extract(epoch from clock_timestamp())"
_LOOK_SECONDS = 0.001
_BUSY_SECONDS = 60  # a writer waits this long for another before the person is asked to try again


class Database:
    """An engine with two kinds of transaction: ``reading`` and ``writing``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _engine(url, self.sqlite)
        # SQLite has a waiting writer look again after pauses that grow to a tenth of a second, and whoever
        # comes meanwhile goes first: of many threads some would wait for seconds. They queue up here, and
        # look each millisecond whether another process is done.
        self._turn = threading.Lock() if self.sqlite else None
        self._turn_file: int | None = None

    def close(self) -> None:
        """Give back the connections that nobody uses, and the file of turns; what is asked afterwards opens them anew."""
        self.engine.dispose()
        if self._turn is not None:
            with self._turn:
                if self._turn_file is not None:
                    os.close(self._turn_file)
                    self._turn_file = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view that never waits for a writer."""
        with translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writer at a time: commits at the end, rolls back on any exception."""
        with (
            self._in_turn(),
            translated(),
            self.engine.connect().execution_options(nightdesk_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Alone among this process's writers."""
        if self._turn is None:
            yield
            return
        deadline = time.monotonic() + _BUSY_SECONDS
        if not self._turn.acquire(timeout=_BUSY_SECONDS):
            raise _no_answer()
        try:
            turn = self._turn_of_processes()
            while not _is_ours(turn):
                if time.monotonic() > deadline:
                    raise _no_answer()
                time.sleep(_LOOK_SECONDS)
            try:
                yield
            finally:
                fcntl.flock(turn, fcntl.LOCK_UN)
        finally:
            self._turn.release()

    def _turn_of_processes(self) -> int:
        """A file that the writer of the moment has locked, whichever process it is in; the lock of a dead one is gone."""
        if self._turn_file is None:
            path = f"{make_url(self.url).database}.turn"
            self._turn_file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
        return self._turn_file

    def now(self, connection: Connection) -> float:
        """The database's clock; SQLite has the machine's."""
        return time.time() if self.sqlite else float(connection.exec_driver_sql(_CLOCK).scalar_one())

    def migrate(self) -> None:
        """Bring the tables to the newest migration; whoever comes second waits for the first.

        Raises:
            DatabaseTooNew: they are further than this version knows.
        """
        # Here: it takes as much memory as the rest of the database, and the api's processes never migrate.
        from alembic import command
        from alembic.config import Config
        from alembic.script.revision import ResolutionError
        from alembic.util import CommandError

        if self.sqlite:
            # SQLite makes its file 0644: made by the worker, the api could not write to it.
            path = Path(make_url(self.url).database or "")
            path.touch(mode=0o664)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["engine"] = self.engine
        with _migration_lock(self):
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                if not isinstance(error.__cause__, ResolutionError):
                    raise
                raise DatabaseTooNew(
                    "the database was changed by a later version of Nightdesk than this one",
                    "Start that version again, or go back to a copy of the database from before it.",
                ) from error


def _is_ours(turn: int) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _engine(url: str, sqlite: bool) -> Engine:
    if not sqlite:
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=30)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=10, max_overflow=30)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an accepted run survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later
        # would otherwise fail at the upgrade instead of waiting for its turn.
        writing = connection.get_execution_options().get("nightdesk_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(
            "the database is too busy", "Nothing was changed; try again in a moment."
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated or type(error).__name__ in {"OperationalError", "InterfaceError"}:
            raise _no_answer() from error
        raise


def _no_answer() -> Unavailable:
    return Unavailable("the database does not answer", "Nothing was changed; try again in a moment.")


@contextmanager
def _migration_lock(database: Database) -> Iterator[None]:
    if database.sqlite:
        path = make_url(database.url).database or "nightdesk.db"
        with Path(f"{path}.migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    else:
        with database.engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(778801)"))
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(778801)"))
