"""Databases: SQLAlchemy engines with a small pool, and time limits for connecting."""

from __future__ import annotations

from nightdesk.connecting.hidden import Hidden
from nightdesk.connecting.problem import ConnectionProblem, driver, missing, not_mounted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.connecting.opening import Given

CONNECT_SECONDS = 10
# Notebooks use one connection, sometimes some side by side. A line is renewed before firewalls forget it, and tried before
# it is used: the server may have been started anew while the notebook was asleep.
_POOL = {"pool_size": 2, "max_overflow": 6, "pool_timeout": 30, "pool_recycle": 1800, "pool_pre_ping": True}
# What the server itself is asked for where somebody may only read.
_READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
# Packages by the dialects and drivers that SQLAlchemy names otherwise.
_PACKAGES = {
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "mssql": "pyodbc",
    "oracle": "oracledb",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "duckdb": "duckdb-engine",
    "trino": "trino",
    "clickhouse": "clickhouse-connect",
    "databricks": "databricks-sqlalchemy",
}


def open_postgresql(given: Given) -> Any:
    """An engine over psycopg."""
    driver("psycopg", "psycopg[binary]", "PostgreSQL")
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "nightdesk"}
    if given.settings.get("sslmode"):
        arguments["sslmode"] = given.settings["sslmode"]
    return _engine(given, _url(given, "postgresql+psycopg", 5432), connect_args=arguments, **_POOL)


def open_mysql(given: Given) -> Any:
    """An engine over PyMySQL, for MySQL and MariaDB."""
    driver("pymysql", "pymysql", "MySQL")
    arguments = {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4"}
    return _engine(given, _url(given, "mysql+pymysql", 3306), connect_args=arguments, **_POOL)


def open_sqlite(given: Given) -> Any:
    """An engine on the mounted file."""
    from pathlib import Path
    from urllib.parse import quote

    place = given.place or ""
    if not place or not Path(place).exists():
        raise not_mounted(given.name, place or "place for it")
    if given.read_only and _writes_beside(place):
        raise ConnectionProblem(
            f"the file of the connection '{given.name}' is in WAL mode: to read it SQLite has to write beside it",
            "Whoever looks after the file takes it out of that mode: PRAGMA journal_mode = DELETE.",
        )
    # Never made anew where it is missing: that would be an empty database in place of the right one.
    mode = "ro" if given.read_only else "rw"
    options = {"mode": mode, "uri": "true"}
    url = _sqlalchemy(given).URL.create("sqlite", database=f"file:{quote(place)}", query=options)
    return _engine(given, url, connect_args={"timeout": CONNECT_SECONDS})


def _writes_beside(place: str) -> bool:
    """Whether its journal is one that readers share as well, and there is no room for that where it is mounted."""
    import os
    from pathlib import Path

    try:
        with Path(place).open("rb") as file:
            header = file.read(20)
    except OSError:
        return False  # SQLite says why
    # https://www.sqlite.org/fileformat.html, 1.3.3: the version for reading is 2 in WAL mode.
    return header[19:20] == b"\x02" and not os.access(Path(place).parent, os.W_OK)


def open_sqlalchemy(given: Given) -> Any:
    """An engine on whatever the address says."""
    library = _sqlalchemy(given)
    try:
        url = library.make_url(given.settings["url"])
    except library.exc.ArgumentError:
        raise ConnectionProblem(
            f"the address of the connection '{given.name}' is none that SQLAlchemy knows",
            "An admin changes it; it looks like postgresql+psycopg://user@host/database.",
        ) from None
    if given.settings.get("user"):
        url = url.set(username=given.settings["user"])
    if given.secrets.get("password"):
        url = url.set(password=given.secrets["password"])
    pool = {} if url.get_backend_name() == "sqlite" else _POOL
    return _engine(given, url, **pool)


def _sqlalchemy(given: Given) -> Any:
    return driver("sqlalchemy", "sqlalchemy", given.kind)


def _url(given: Given, drivername: str, port: int) -> Any:
    settings = given.settings
    return _sqlalchemy(given).URL.create(
        drivername,
        username=settings["user"],
        password=given.secrets.get("password"),
        host=settings["host"],
        port=int(settings.get("port") or port),
        database=settings["database"],
    )


def _engine(given: Given, url: Any, **how: Any) -> Any:
    library = _sqlalchemy(given)
    try:
        engine = library.create_engine(url, **how)
        engine = library.create_engine(url, **_with_hidden(engine, url, how))
    except library.exc.NoSuchModuleError:
        name = url.get_backend_name()
        raise missing(_PACKAGES.get(name, f"sqlalchemy-{name}"), name) from None
    except ImportError as error:
        name = error.name or url.get_driver_name()
        raise missing(_PACKAGES.get(name, name), url.get_backend_name()) from None
    _connect_quietly(engine)
    if given.read_only:
        _keep_to_reading(engine)
    return engine


def _with_hidden(engine: Any, url: Any, how: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an engine, with the password as one that does not show where SQLAlchemy keeps it in plain text."""
    _, named = engine.dialect.create_connect_args(url)
    if not named.get("password"):
        return how
    return {**how, "connect_args": {**how.get("connect_args", {}), "password": Hidden(named["password"])}}


def _connect_quietly(engine: Any) -> None:
    """Of a driver that fails to connect keep the error, and not the variables it had, which hold the password."""
    from sqlalchemy import event

    def connect(dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        try:
            return dialect.connect(*arguments, **named)
        except dialect.loaded_dbapi.Error as error:
            error.__context__ = None
            raise error.with_traceback(None) from None

    event.listen(engine, "do_connect", connect)


def _keep_to_reading(engine: Any) -> None:
    """Ask the server to refuse changes in each connection. It is asked for by us, so that code may take it back: what
    holds is the login, or the mount.
    """
    from sqlalchemy import event

    statement = _READ_ONLY.get(engine.dialect.name)
    if statement is None:
        return

    def ask(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        connection.commit()  # or the pool's rollback takes it back

    event.listen(engine, "connect", ask)
