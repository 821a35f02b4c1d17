"""What is tried of each kind once its server answers: the login, and a right to read."""

from __future__ import annotations

import re

from nightdesk.connecting.probing import LOGIN, RIGHT, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from nightdesk.connecting.opening import Given

    Tries = Iterator[tuple[str, Callable[[], str]]]

# Of PostgreSQL, whether or not somebody could see them: what is in the database, and what this login may read.
_TABLES = """
select count(*), count(*) filter (where has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage'))
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_toast%' and n.nspname not like 'pg\\_temp%'
"""


def _database(engine: Any, look: Callable[[Any], str]) -> Tries:
    user = engine.url.username

    def log_in() -> str:
        with engine.connect():
            return f"'{user}' is let in" if user else "the database lets us in"

    def read() -> str:
        with engine.connect() as connection:
            return look(connection)

    yield LOGIN, log_in
    yield RIGHT, read


def try_postgresql(given: Given, engine: Any) -> Tries:
    """Log in, and see whether there is a table that it may read."""

    def look(connection: Any) -> str:
        from sqlalchemy import text

        there, readable = connection.execute(text(_TABLES)).one()
        if there and not readable:
            tables = "not read the only table" if there == 1 else f"read none of the {there} tables"
            raise Failed(
                RIGHT,
                f"'{given.settings['user']}' may {tables} of '{given.settings['database']}'",
                "Give it the right: GRANT USAGE ON SCHEMA …; GRANT SELECT ON ALL TABLES IN SCHEMA … TO …",
            )
        return f"it may read {_tables(readable)}" if there else "there is no table yet"

    return _database(engine, look)


def try_mysql(_given: Given, engine: Any) -> Tries:
    """Log in, and see whether there is a table that it may read."""

    def look(connection: Any) -> str:
        query = "select count(*) from information_schema.tables where table_schema = database()"
        return f"it sees {_tables(connection.exec_driver_sql(query).scalar_one())}"

    return _database(engine, look)


def try_sqlite(_given: Given, engine: Any) -> Tries:
    """Open the file and read its list of tables."""

    def read() -> str:
        with engine.connect() as connection:
            query = "select count(*) from sqlite_master where type in ('table', 'view')"
            return f"the file has {_tables(connection.exec_driver_sql(query).scalar_one())}"

    yield RIGHT, read


def try_sqlalchemy(_given: Given, engine: Any) -> Tries:
    """Log in; what there is to read differs too much."""

    def look(connection: Any) -> str:
        from sqlalchemy import inspect

        return f"it sees {_tables(len(inspect(connection).get_table_names()))}"

    return _database(engine, look)


def try_s3(given: Given, _files: Any) -> Tries:
    """List the bucket, or what begins with the prefix."""
    from nightdesk.connecting.files import s3_client, s3_root

    def read() -> str:
        from pyarrow.fs import FileSelector

        found = s3_client(given).get_file_info(FileSelector(s3_root(given), allow_not_found=False))
        return f"it may list '{s3_root(given)}': {_entries(len(found))}"

    yield LOGIN, lambda: _s3_login(given)
    yield RIGHT, read


def _s3_login(given: Given) -> str:
    from pyarrow.fs import FileSelector

    from nightdesk.connecting.files import s3_client

    try:
        s3_client(given).get_file_info(FileSelector(str(given.settings["bucket"]), allow_not_found=False))
    except OSError as error:
        said = str(error)
        if re.search("INVALID|SIGNATURE", said) or not re.search("DENIED|NO_SUCH_BUCKET|not exist", said):
            raise
    return f"the key '{given.settings['access_key']}' is known"


def try_sftp(given: Given, files: Any) -> Tries:
    """It is logged in by now; list the folder."""

    def read() -> str:
        try:
            found = files.ls("", detail=False)
        except FileNotFoundError:
            raise Failed(
                RIGHT, f"there is no folder '{given.settings.get('path') or '/'}' on the server"
            ) from None
        return f"it may list '{given.settings.get('path') or '/'}': {_entries(len(found))}"

    yield LOGIN, lambda: f"'{given.settings['user']}' is let in, and the server has the key on record"
    yield RIGHT, read


def try_http(_given: Given, client: Any) -> Tries:
    """Ask for the address itself."""
    seen: list[int] = []

    def ask() -> str:
        status = client.get("").status_code
        seen.append(status)
        if status == 401:
            raise Failed(
                LOGIN,
                "the API does not accept the token (status 401)",
                "Is it whole, of this API, and not over its time?",
            )
        return f"the API answers with status {status}"

    def read() -> str:
        status = seen[0]
        if status == 403:
            raise Failed(RIGHT, "the token is known, but may not read this address (status 403)")
        if status >= 500:
            raise Failed(RIGHT, f"the API itself is in trouble (status {status})")
        if status == 404:
            return "nothing is at the address itself, as of many APIs: whether the token is good shows later"
        return "it may read there"

    yield LOGIN, ask
    yield RIGHT, read


def try_git(_given: Given, repository: Any) -> Tries:
    """Ask for its branches, as git does."""
    found: list[str] = []

    def ask() -> str:
        found.extend(repository.branches())
        return "the repository lets us in"

    yield LOGIN, ask
    yield RIGHT, lambda: f"it may be read: {_branches(len(found))}"


def try_folder(_given: Given, folder: Any) -> Tries:
    """Look into it."""
    yield RIGHT, lambda: f"{folder} has {_entries(sum(1 for _ in folder.iterdir()))}"


def try_fsspec(given: Given, files: Any) -> Tries:
    """List the root, of what has one."""

    def read() -> str:
        if str(given.settings["protocol"]) in ("http", "https"):
            return "it is opened; what is read is named by its whole address"
        try:
            found = files.ls("/", detail=False)
        except (FileNotFoundError, ValueError):
            found = files.ls("", detail=False)
        return f"it may list the root: {_entries(len(found))}"

    yield RIGHT, read


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _branches(count: int) -> str:
    return "1 branch" if count == 1 else f"{count} branches"


def _tables(count: int) -> str:
    return "1 table" if count == 1 else f"{count} tables"
