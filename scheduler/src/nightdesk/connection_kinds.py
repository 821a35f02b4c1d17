"""The kinds of connections: their fields in words, for whoever fills them in. Command line, pages and tests read it.

Standard library only. What a field may hold is decided by the api; here stands what a person is told.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """One thing to fill in. ``read_by``: how it is typed: text, number, lines (several), json."""

    name: str
    words: str
    example: str = ""
    needed: bool = False
    default: str = ""
    read_by: str = "text"

    @property
    def label(self) -> str:
        """The field's name as a person writes it."""
        return _LABELS.get(self.name, self.name.replace("_", " "))

    @property
    def option(self) -> str:
        """The option of the command line that fills it in; `--url` is the platform's."""
        return "--address" if self.name == "url" else f"--{self.name.replace('_', '-')}"


class Kind(NamedTuple):
    """One kind. The first of its ``secrets`` is the one that is meant where none is named."""

    name: str
    title: str
    gives: str
    """What `nightdesk.connect` returns, in words."""
    settings: tuple[Field, ...]
    secrets: tuple[Field, ...] = ()
    readers: tuple[Field, ...] = ()
    """The login of who may only read: settings and secrets that are not needed."""
    reads: str = ""
    """What becomes of somebody who may only read: how a sentence goes on that begins with them."""
    read_only: bool = False
    """Whether a new one is for reading alone where nothing else is said."""
    sql: bool = False

    @property
    def plain(self) -> tuple[Field, ...]:
        """All settings: they are shown to admins, and are no secrets."""
        return self.settings + tuple(field for field in self.readers if field.name not in _READER_SECRETS)

    @property
    def hidden(self) -> tuple[Field, ...]:
        """All secrets: they are never shown again."""
        return self.secrets + tuple(field for field in self.readers if field.name in _READER_SECRETS)

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.plain + self.hidden if field.name == name), None)


_READER_SECRETS = {
    "reader_password",
    "reader_secret_key",
    "reader_token",
    "reader_private_key",
    "reader_passphrase",
}
_LABELS = {
    "sslmode": "TLS",
    "url": "address",
    "api": "its host's API",
    "api_url": "address of that API",
    "host_key": "host key",
    "access_key": "access key",
    "reader_user": "reader's user",
    "reader_password": "reader's password",
    "reader_access_key": "reader's access key",
    "reader_secret_key": "reader's secret key",
    "reader_token": "reader's token",
    "reader_private_key": "reader's private key",
    "reader_passphrase": "reader's passphrase",
}

_COURTESY = "a courtesy, which code can switch off; a reader's login makes it hold"
_REFUSES = f"gets the reader's login, or an object that refuses to write: {_COURTESY}"


def _server(port: str, example: str) -> tuple[Field, ...]:
    return (
        Field("host", "name or address of the server, as runs reach it", example, needed=True),
        Field("port", "its port", default=port, read_by="number"),
    )


_DATABASE = Field("database", "the database on it", "warehouse", needed=True)
_USER = Field("user", "who signs in there", "nightdesk", needed=True)
_PASSWORD = Field("password", "that user's password", needed=True)
_READER = (
    Field("reader_user", "who signs in there for people who may only read", "nightdesk_reader"),
    Field("reader_password", "the reader's password"),
)

_ALL = (
    Kind(
        "postgresql",
        "PostgreSQL",
        "a SQLAlchemy engine",
        (
            *_server("5432", "db.example.org"),
            _DATABASE,
            _USER,
            Field("sslmode", "how TLS is used: disable, prefer, require, verify-ca, verify-full", "require"),
        ),
        (_PASSWORD,),
        _READER,
        f"gets the reader's login, or transactions that begin read-only: {_COURTESY}",
        sql=True,
    ),
    Kind(
        "mysql",
        "MySQL or MariaDB",
        "a SQLAlchemy engine",
        (*_server("3306", "db.example.org"), _DATABASE, _USER),
        (_PASSWORD,),
        _READER,
        f"gets the reader's login, or a session that begins read-only: {_COURTESY}",
        sql=True,
    ),
    Kind(
        "sqlite",
        "SQLite file",
        "a SQLAlchemy engine on the file",
        (Field("path", "the file on the server's machine", "/srv/data/sales.db", needed=True),),
        reads="gets the file mounted read-only, which holds",
        read_only=True,
        sql=True,
    ),
    Kind(
        "s3",
        "S3 or compatible",
        "an fsspec file system that begins in the bucket",
        (
            Field("endpoint", "where it answers; empty: AWS", "https://s3.example.org"),
            Field("region", "its region", "eu-central-1"),
            Field("bucket", "the bucket", "measurements", needed=True),
            Field("prefix", "only what is below this in the bucket", "2026/"),
            Field("access_key", "who signs in there", "AKIAEXAMPLE", needed=True),
        ),
        (Field("secret_key", "the secret that belongs to the access key", needed=True),),
        (
            Field("reader_access_key", "who signs in there for people who may only read"),
            Field("reader_secret_key", "the reader's secret key"),
        ),
        _REFUSES,
    ),
    Kind(
        "sftp",
        "SFTP",
        "an fsspec file system that begins in the folder",
        (
            *_server("22", "files.example.org"),
            _USER,
            Field("path", "the folder there that it begins in", default="/"),
            Field(
                "host_key",
                "the server's public key: what ssh-keyscan -t ed25519 HOST prints after the name",
                "ssh-ed25519 AAAA…",
                needed=True,
                read_by="lines",
            ),
        ),
        (
            Field("password", "that user's password; empty where a private key signs in"),
            Field("private_key", "the private key, in place of a password", read_by="lines"),
            Field("passphrase", "of the private key, where it has one"),
        ),
        (
            *_READER,
            Field("reader_private_key", "the reader's private key", read_by="lines"),
            Field("reader_passphrase", "of the reader's private key, where it has one"),
        ),
        _REFUSES,
    ),
    Kind(
        "http",
        "HTTP API with a token",
        "an httpx client with address and token",
        (
            Field("url", "where the API begins", "https://api.example.org/v2", needed=True),
            Field("header", "the header that the token goes into", default="Authorization"),
            Field("scheme", "the word before the token; - is none", default="Bearer"),
        ),
        (Field("token", "what the other side knows the platform by", needed=True),),
        (Field("reader_token", "the token for people who may only read"),),
        _REFUSES,
    ),
    Kind(
        "git",
        "Git repository",
        "an object that clones it",
        (
            Field(
                "url", "its address, without a login", "https://git.example.org/team/reports.git", needed=True
            ),
            Field("user", "who signs in there; with a token, mostly any name", default="git"),
            Field(
                "api",
                "which API its host speaks, to be told how runs of its commits went: github, gitea or gitlab",
                "github",
            ),
            Field(
                "api_url",
                "where that API begins; empty: where such a host has it",
                "https://git.example.org/api/v1",
            ),
        ),
        (Field("password", "a token, or that user's password; empty where anybody may read it"),),
        (
            Field("reader_user", "who signs in there for people who may only read"),
            Field("reader_password", "the reader's token or password"),
        ),
        "gets the reader's login; without one, nothing keeps code that has the token from pushing",
    ),
    Kind(
        "folder",
        "Folder of the machine",
        "a path to it",
        (Field("path", "the folder on the server's machine", "/srv/data/images", needed=True),),
        reads="gets it mounted read-only, which holds",
        read_only=True,
    ),
    Kind(
        "sqlalchemy",
        "Anything SQLAlchemy speaks to",
        "a SQLAlchemy engine",
        (
            Field(
                "url",
                "SQLAlchemy's URL, without the password",
                "mssql+pymssql://nightdesk@db.example.org/sales",
                needed=True,
            ),
        ),
        (Field("password", "the password that belongs into it"),),
        _READER,
        "gets the reader's login; without one PostgreSQL and MySQL are asked to refuse changes, others are not",
        sql=True,
    ),
    Kind(
        "fsspec",
        "Anything fsspec speaks to",
        "an fsspec file system",
        (
            Field("protocol", "fsspec's name for it", "webdav", needed=True),
            Field(
                "options",
                "its options that are no secret, as a JSON object",
                '{"base_url": "https://dav.example.org"}',
                read_by="json",
            ),
        ),
        (Field("options", "its options that are secret, as a JSON object", read_by="json"),),
        reads="gets an object that refuses to write: a courtesy, which code can switch off",
    ),
)

KINDS = {kind.name: kind for kind in _ALL}


def lines_of(kind: str, name: str) -> dict[str, str]:
    """How a connection is used: one line to copy for each language that has one."""
    about = KINDS.get(kind)
    if about is None:
        return {}
    if about.sql:
        lines = {
            "Python": f'pd.read_sql("select 1", nightdesk.connect("{name}"))',
            "SQL cell": f"%sql {name} select 1",
        }
        if kind != "sqlalchemy":  # of which only Python has the drivers
            lines["R"] = f'DBI::dbGetQuery(nightdesk::connect("{name}"), "select 1")'
        return lines
    if kind == "folder":
        return {
            "Python": f'sorted(nightdesk.connect("{name}").iterdir())',
            "R": f'list.files(nightdesk::connect("{name}"))',
        }
    if kind == "git":
        return {"Python": f'nightdesk.connect("{name}").clone("{name}")'}
    if kind == "http":
        return {"Python": f'nightdesk.connect("{name}").get("").json()'}
    return {"Python": f'nightdesk.connect("{name}").ls("")'}
