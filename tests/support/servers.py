"""Real servers for the tests of data connections: PostgreSQL, MariaDB, SFTP, S3 and an HTTP API.

They answer at this machine's own address on the engine's default bridge: there the tests reach them, and sessions and runs
of the tests' platform do (see `network.allow` in platform.py). Each has somebody who writes, somebody who only reads and
somebody with no right to the data.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .object_store import ObjectStore, free_ports, object_store
from .platform import bridge_address, docker
from .waiting import until

FOLDER = Path(__file__).parents[1] / "servers"
IMAGE = "nightdesk-test/servers"
READY_SECONDS = 60
PEOPLE = ("ada", "reader", "stranger")

# Of the examples, which leave much there.
PRODUCTION = "production"

POSTGRESQL = """
create role ada login password '{ada}'; create role reader login password '{reader}';
create role stranger login password '{stranger}';
create database sales owner ada; create database {production} owner ada;
create database closed; revoke connect on database closed from public;
\\connect sales
set role ada;
create table public.gifts (id integer primary key, amount numeric not null);
insert into public.gifts values (1, 10), (2, 20), (3, 30);
grant select on public.gifts to reader;
"""
MYSQL = """
create database sales; create database closed;
create table sales.gifts (id integer primary key, amount decimal not null);
insert into sales.gifts values (1, 10), (2, 20), (3, 30);
create user ada identified by '{ada}'; grant all on sales.* to ada;
create user reader identified by '{reader}'; grant select on sales.* to reader;
create user stranger identified by '{stranger}';
"""


@dataclass
class Servers:
    """All of them, running."""

    host: str
    ports: dict[str, int]
    store: ObjectStore
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    host_key: str = ""
    private_key: str = field(default="", repr=False)
    """What `ada` may log in to SFTP with instead of her password."""

    def answer(
        self, kind: str, who: str = "ada", *, read_only: bool = False, **settings: Any
    ) -> dict[str, Any]:
        """What the platform would answer to who uses a connection of this kind; `settings` are put over its own."""
        made: dict[str, Any] = getattr(self, f"_{kind}")(who)
        made["settings"] |= settings
        return {"name": kind, "kind": kind, "read_only": read_only, "place": None, **made}

    def _postgresql(self, who: str) -> dict[str, Any]:
        where = {"host": self.host, "port": self.ports["postgresql"], "database": "sales"}
        return {"settings": {**where, "user": who}, "secrets": {"password": self.passwords[who]}}

    def _mysql(self, who: str) -> dict[str, Any]:
        where = {"host": self.host, "port": self.ports["mysql"], "database": "sales"}
        return {"settings": {**where, "user": who}, "secrets": {"password": self.passwords[who]}}

    def _sqlalchemy(self, who: str) -> dict[str, Any]:
        url = f"postgresql+psycopg://{who}@{self.host}:{self.ports['postgresql']}/sales"
        return {"settings": {"url": url}, "secrets": {"password": self.passwords[who]}}

    def _sftp(self, who: str) -> dict[str, Any]:
        where = {
            "host": self.host,
            "port": self.ports["sftp"],
            "path": "/srv/files",
            "host_key": self.host_key,
        }
        return {"settings": {**where, "user": who}, "secrets": {"password": self.passwords[who]}}

    def _s3(self, who: str) -> dict[str, Any]:
        store = self.store
        key, secret = {
            "ada": (store.access_key, store.secret_key),
            "reader": (store.reader_access_key, store.reader_secret_key),
            "stranger": ("no-such-key", "no-such-secret"),
        }[who]
        where = {"endpoint": store.endpoint, "region": store.region, "bucket": store.bucket}
        return {"settings": {**where, "access_key": key}, "secrets": {"secret_key": secret}}

    def _http(self, who: str) -> dict[str, Any]:
        where = {
            "url": f"http://{self.host}:{self.ports['http']}/v1",
            "header": "Authorization",
            "scheme": "Bearer",
        }
        return {"settings": where, "secrets": {"token": self.tokens[who]}}

    def _fsspec(self, who: str) -> dict[str, Any]:
        """fsspec's own SFTP, to have a server behind it."""
        options = {
            "host": self.host,
            "port": self.ports["sftp"],
            "username": who,
            "look_for_keys": False,
            "allow_agent": False,
        }
        options["host_key_policy"] = "auto_add"
        return {
            "settings": {"protocol": "sftp", "options": options},
            "secrets": {"options": {"password": self.passwords[who]}},
        }


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """All of them; gone afterwards."""
    host = bridge_address()
    passwords = {who: f"pw-{who}-{secrets.token_urlsafe(12)}" for who in PEOPLE}
    tokens = {who: f"tk-{who}-{secrets.token_urlsafe(24)}" for who in PEOPLE}
    ports = dict(zip(("postgresql", "mysql", "sftp"), free_ports(host, 3), strict=True))
    name = f"nightdesk-test-servers-{secrets.token_hex(3)}"
    private_key, host_key = _lay_out(folder, passwords)
    docker("build", "--quiet", "--tag", IMAGE, str(FOLDER), seconds=600)
    with ExitStack() as stack:
        stack.callback(
            subprocess.run, ["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True
        )
        variables = {"HOST": host, **{f"{kind.upper()}_PORT": port for kind, port in ports.items()}}
        options = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
        mounts = [
            "--volume",
            f"{folder}:/servers:ro",
            "--tmpfs",
            "/tmp:mode=1777",
            "--tmpfs",
            "/var/lib/postgresql:mode=755",
        ]
        docker("run", "--detach", "--init", "--name", name, "--network", "host", *options, *mounts, IMAGE)
        ports["http"] = stack.enter_context(_api(host, tokens))
        (folder / "objects").mkdir()
        store = stack.enter_context(object_store(folder / "objects", host))
        until(lambda: _ready(name), "the servers", READY_SECONDS)
        yield Servers(host, ports, store, passwords, tokens, host_key, private_key)


def _lay_out(folder: Path, passwords: dict[str, str]) -> tuple[str, str]:
    """The files that the container begins with; the key of somebody who logs in, and the server's own."""
    folder.chmod(0o755)
    (folder / "people").write_text("".join(f"{who}:{password}\n" for who, password in passwords.items()))
    (folder / "postgresql.sql").write_text(POSTGRESQL.format(production=PRODUCTION, **passwords))
    (folder / "mysql.sql").write_text(MYSQL.format(**passwords))
    theirs, ours = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    (folder / "authorized_keys").write_text(f"{public_text(theirs)}\n")
    (folder / "host_key").write_text(private_text(ours))
    return private_text(theirs), public_text(ours)


def private_text(key: Ed25519PrivateKey) -> str:
    """In OpenSSH's own format."""
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode()


def public_text(key: Ed25519PrivateKey) -> str:
    """As in a line of known_hosts."""
    kinds = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(*kinds).decode()


def _ready(name: str) -> bool:
    done = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=False)
    running = docker("inspect", "--format", "{{.State.Running}}", name).strip()
    assert running == "true", (done.stdout + done.stderr)[-3000:]
    return "all servers are ready" in done.stdout


@contextmanager
def _api(host: str, tokens: dict[str, str]) -> Iterator[int]:
    """An HTTP API that knows its callers by a token; its port."""
    who_has = {token: who for who, token in tokens.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = self.headers.get("Authorization") or f"Bearer {self.headers.get('X-Key')}"
            who = who_has.get(given.removeprefix("Bearer "))
            status = (
                401
                if who is None
                else 403
                if who == "stranger" or (who == "reader" and self.command != "GET")
                else 200
            )
            to = self.path.partition("?to=")[2]
            status = 302 if status == 200 and to else status
            body = f'{{"you": "{who}", "path": "{self.path}"}}'.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if to:
                self.send_header("Location", to)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
