"""The kinds of connections, each as a table of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ConnectionKind(StrEnum):
    """What is at the other end."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    S3 = "s3"
    SFTP = "sftp"
    HTTP = "http"
    GIT = "git"
    FOLDER = "folder"
    SQLALCHEMY = "sqlalchemy"
    FSSPEC = "fsspec"


class Type(StrEnum):
    """What a field's value is."""

    WORD = "word"  # one line without spaces at its ends
    PORT = "port"
    URL = "url"  # an address of http, without a login in it
    DATABASE_URL = "database url"  # of SQLAlchemy, without a password in it
    MACHINE_PATH = "path of the machine"  # absolute, without '.' and '..'
    PATH = "path"  # absolute, on the other side
    HOST_KEY = "host key"
    GIT_API = "api of a repository's host"  # github, gitea or gitlab
    TEXT = "text"  # a secret as it is, lines too
    OBJECT = "object"  # JSON


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a kind. ``instead`` are fields that make this one unnecessary; ``reader_of`` is the field in whose
    place the reader's login puts it.
    """

    name: str
    type: Type = Type.WORD
    secret: bool = False
    required: bool = False
    default: Any = None
    instead: tuple[str, ...] = ()
    reader_of: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class KindSpec:
    """A kind: its fields, a line of Python, and what keeps somebody without a reader's login to reading.

    ``mounted`` ones are places of the machine.
    """

    title: str
    fields: tuple[Field, ...]
    example: str
    held_by: str = "request"
    mounted: bool = False


def _server(port: int) -> tuple[Field, ...]:
    return (
        Field("host", required=True, words="The name or address of the server, such as db.example.org."),
        Field("port", Type.PORT, default=port),
        Field("database", required=True, words="Which database of the server."),
        Field("user", required=True, words="Whom the server knows."),
        Field("reader_user", reader_of="user"),
    )


def _secret(name: str, reader_of: str = "", **more: Any) -> Field:
    return Field(name, Type.TEXT, secret=True, reader_of=reader_of, **more)


_PASSWORDS = (
    _secret("password", required=True, words="The user's password."),
    _secret("reader_password", "password"),
)
_SQL = 'pd.read_sql("select 1", nightdesk.connect("{name}"))'
_FILES = 'nightdesk.connect("{name}").ls("")'

SPECS: dict[ConnectionKind, KindSpec] = {
    ConnectionKind.POSTGRESQL: KindSpec(
        "PostgreSQL", (*_server(5432), Field("sslmode"), *_PASSWORDS), _SQL, held_by="database"
    ),
    ConnectionKind.MYSQL: KindSpec(
        "MySQL or MariaDB", (*_server(3306), *_PASSWORDS), _SQL, held_by="database"
    ),
    ConnectionKind.SQLITE: KindSpec(
        "SQLite file",
        (
            Field(
                "path",
                Type.MACHINE_PATH,
                required=True,
                words="The file on the machine, such as /srv/data/sales.db.",
            ),
        ),
        _SQL,
        mounted=True,
    ),
    ConnectionKind.S3: KindSpec(
        "S3-compatible store",
        (
            Field("endpoint", Type.URL, default="", words="Left out: AWS."),
            Field("region", default=""),
            Field("bucket", required=True, words="Which bucket."),
            Field("prefix", default=""),
            Field("access_key", required=True, words="The id of the key."),
            Field("reader_access_key", reader_of="access_key"),
            _secret("secret_key", required=True, words="The secret of the key."),
            _secret("reader_secret_key", "secret_key"),
        ),
        _FILES,
    ),
    ConnectionKind.SFTP: KindSpec(
        "SFTP",
        (
            Field("host", required=True, words="The name or address of the server."),
            Field("port", Type.PORT, default=22),
            Field("user", required=True, words="Whom the server knows."),
            Field("path", Type.PATH, default="/"),
            Field(
                "host_key",
                Type.HOST_KEY,
                required=True,
                words="The server's own key, such as 'ssh-ed25519 AAAA…'; `ssh-keyscan -t ed25519 HOST` prints it.",
            ),
            Field("reader_user", reader_of="user"),
            _secret(
                "password",
                required=True,
                instead=("private_key",),
                words="One of the two is what it logs in with.",
            ),
            _secret("private_key"),
            _secret("passphrase"),
            _secret("reader_password", "password"),
            _secret("reader_private_key", "private_key"),
            _secret("reader_passphrase", "passphrase"),
        ),
        _FILES,
    ),
    ConnectionKind.HTTP: KindSpec(
        "HTTP API",
        (
            Field(
                "url",
                Type.URL,
                required=True,
                words="Where the API begins, such as https://api.example.org/v1.",
            ),
            Field("header", default="Authorization"),
            Field(
                "scheme",
                default="Bearer",
                words="What stands before the token in the header; '-' is nothing.",
            ),
            _secret("token", required=True, words="What the other side knows you by."),
            _secret("reader_token", "token"),
        ),
        'nightdesk.connect("{name}").get("").json()',
    ),
    ConnectionKind.GIT: KindSpec(
        "Git repository",
        (
            Field(
                "url",
                Type.URL,
                required=True,
                words="Its address without a login, such as https://git.example.org/team/reports.git.",
            ),
            Field("user", default="git"),
            Field(
                "api",
                Type.GIT_API,
                words="Which API its host speaks: github, gitea or gitlab. Left out: commits get no status.",
            ),
            Field("api_url", Type.URL, words="Where that API begins. Left out: where such a host has it."),
            Field("reader_user", reader_of="user"),
            _secret("password", words="A token, or the user's password; left out: anybody may read it."),
            _secret("reader_password", "password"),
        ),
        'nightdesk.connect("{name}").clone("{name}")',
    ),
    ConnectionKind.FOLDER: KindSpec(
        "Folder of the machine",
        (
            Field(
                "path",
                Type.MACHINE_PATH,
                required=True,
                words="The folder on the machine, such as /srv/data/maps.",
            ),
        ),
        'sorted(nightdesk.connect("{name}").iterdir())',
        mounted=True,
    ),
    ConnectionKind.SQLALCHEMY: KindSpec(
        "Another database (SQLAlchemy)",
        (
            Field(
                "url",
                Type.DATABASE_URL,
                required=True,
                words="An SQLAlchemy address without a password, such as oracle+oracledb://ada@db.example.org/sales.",
            ),
            Field("reader_user", reader_of="user"),
            _secret("password"),
            _secret("reader_password", "password"),
        ),
        _SQL,
    ),
    ConnectionKind.FSSPEC: KindSpec(
        "Other files (fsspec)",
        (
            Field("protocol", required=True, words="What fsspec calls it, such as gcs, abfs or webdav."),
            Field("options", Type.OBJECT),
            Field("options", Type.OBJECT, secret=True),
        ),
        _FILES,
    ),
}


def spec_of(kind: ConnectionKind) -> KindSpec:
    """The table of a kind."""
    return SPECS[kind]


def fields_of(kind: ConnectionKind) -> tuple[Field, ...]:
    """Its fields, settings first."""
    return SPECS[kind].fields


def example_of(kind: ConnectionKind, name: str) -> str:
    """A line of Python that uses a connection of this kind."""
    return SPECS[kind].example.replace("{name}", name)


def read_only_by_default(kind: ConnectionKind) -> bool:
    """Whether a new one is for reading, where nobody says: what is a place of the machine."""
    return SPECS[kind].mounted
