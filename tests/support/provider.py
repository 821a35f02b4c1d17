"""An OpenID Connect server for the tests: Canaille, in a process and a virtual environment of its own.

Its people, groups and clients are kept in its database and changed with its own commands, as whoever
runs it would.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "tests/provider/requirements.txt"
KEEP = ROOT / "tests/provider/keep.py"
CLIENT_ID = "nightdesk"
SCOPES = ("openid", "profile", "email", "groups")


@dataclass
class OpenIdProvider:
    """A running one."""

    folder: Path
    client_secret: str
    redirect_uri: str
    port: int = 0
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def issuer(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    # --- people and groups ------------------------------------------------------------------------

    def members(self, name: str, members: list[str]) -> None:
        """Other members of a group than before."""
        self._keep(groups={name: members})

    def _keep(self, client: Any = None, people: Any = None, groups: Any = None) -> None:
        wanted = json.dumps({"client": client, "people": people or {}, "groups": groups or {}})
        done = subprocess.run(
            [Path(_command()).parent / "python", KEEP],
            input=wanted,
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    # --- running ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and wait until it describes itself."""
        with (self.folder / "provider.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_command(), "run", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def stop(self) -> None:
        """Take it away; what it knows stays."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)
            self._process = None

    def log(self) -> str:
        """All that it said."""
        return (self.folder / "provider.log").read_text("utf-8", "replace")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).ok
        except requests.ConnectionError:
            return False

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CANAILLE")}
        return {**kept, "CANAILLE_CONFIG": str(self.folder / "canaille.toml")}

    def _set_up(self, called: dict[str, str], groups: dict[str, list[str]]) -> None:
        key = ", ".join(f"{name} = {json.dumps(value)}" for name, value in _key().items())
        (self.folder / "canaille.toml").write_text(
            f"""
SECRET_KEY = "{secrets.token_hex(16)}"
SERVER_NAME = "127.0.0.1:{self.port}"
PREFERRED_URL_SCHEME = "http"
CACHE_TYPE = "NullCache"

[CANAILLE]
DATABASE = "sql"
ENABLE_PASSWORD_COMPROMISSION_CHECK = false

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{self.folder}/canaille.sqlite"
PASSWORD_SCHEMES = "pbkdf2_sha512"

[CANAILLE_OIDC]
TRUSTED_DOMAINS = ["127.0.0.1"]
ACTIVE_JWKS = [{{{key}}}]
""",
            "utf-8",
        )
        self.passwords |= {name: secrets.token_urlsafe(12) for name in called}
        self._keep(
            people={name: {"called": called[name], "password": self.passwords[name]} for name in called},
            groups=groups,
            client={
                "client_id": CLIENT_ID,
                "client_secret": self.client_secret,
                "client_name": "Nightdesk",
                "client_uri": self.redirect_uri.partition("/hub")[0],
                "redirect_uris": [self.redirect_uri],
                "token_endpoint_auth_method": "client_secret_post",
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "scope": list(SCOPES),
            },
        )


def _key() -> dict[str, str]:
    """What it signs with."""
    made: dict[str, str] = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    return {name: value for name, value in made.items() if name != "key_ops"} | {"kid": secrets.token_hex(8)}


@contextmanager
def open_id_provider(
    folder: Path, redirect_uri: str, called: dict[str, str], groups: dict[str, list[str]]
) -> Iterator[OpenIdProvider]:
    """A provider that knows the platform at this address; gone afterwards.

    It has people by name with what they call themselves, and groups with their members.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    provider = OpenIdProvider(folder, secrets.token_urlsafe(24), redirect_uri, port)
    provider._set_up(called, groups)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


def _command() -> str:
    """Canaille's command; installed where it is not there yet, from the lock, with hashes."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    home = Path(os.environ.get("NIGHTDESK_STATE") or ROOT / ".nightdesk") / f"provider-{digest}"
    command = home / "bin/canaille"
    if not (home / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, timeout=120)
        subprocess.run(
            [
                home / "bin/pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                LOCK,
            ],
            check=True,
            timeout=600,
        )
        (home / "complete").touch()
    return str(command)
