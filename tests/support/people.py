"""People of the test platform and their sessions."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from .platform import Platform, docker
from .runs import Runs
from .waiting import until

SESSION_SECONDS = 90
NIGHTDESK = Path(sys.prefix) / "bin/nightdesk"


@dataclass
class Person:
    """Somebody with an account; `token` is one that they made themselves."""

    platform: Platform
    name: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    runs: Runs = field(init=False)

    def __post_init__(self) -> None:
        self.runs = Runs(self.platform, self.token)

    def command(
        self, *arguments: str, cwd: Path | None = None, seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """`nightdesk …` on this machine, signed in as this person."""
        with self.running_command(*arguments, cwd=cwd) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def running_command(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """The same while it goes on."""
        return subprocess.Popen(
            [NIGHTDESK, *arguments],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self) -> dict[str, str]:
        """What the command line goes by: this platform and this person, whoever else is signed in here."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NIGHTDESK_", "JUPYTERHUB_"))
        }
        return {**kept, "NIGHTDESK_URL": self.platform.url, "NIGHTDESK_TOKEN": self.token, "NO_COLOR": "1"}

    def hub(self, method: str, path: str, body: Any = None) -> requests.Response:
        """The hub's API with this person's rights; `path` starts with /."""
        return call_hub(self.platform, self.token, method, path, body)

    def session(self, environment: str, size: str, **options: str) -> Session:
        """Their session in this environment and size, started if it does not run; `options` are version and channel.

        One that another test has left in something else is ended.
        """
        wanted = {"environment": environment, "size": size, **options}
        found = self.running_session()
        if found is not None:
            server = self.hub("GET", f"/users/{self.name}").json()["servers"][""]
            if wanted.items() <= server["user_options"].items() and self.use_session():
                return found
            self.end_session()
        return self.start_session(wanted)

    def start_session(self, options: dict[str, str]) -> Session:
        """A new session; what `options` do not say is as they had it last."""
        answer = self.hub("POST", f"/users/{self.name}/server", options)
        assert answer.status_code in {201, 202}, answer.text
        until(self.server_ready, f"{self.name}'s session", SESSION_SECONDS)
        started = self.running_session()
        assert started is not None, f"the hub says that {self.name}'s session runs, the engine knows of none"
        return started

    def server_ready(self) -> bool:
        """Does the hub say that the session runs?"""
        servers = self.hub("GET", f"/users/{self.name}").json().get("servers", {})
        return bool(servers.get("", {}).get("ready"))

    def lab_answers(self) -> bool:
        """Is their session in reach through the public address?"""
        return self._asked("status")

    def use_session(self) -> bool:
        """Use their session, which is idle from then on at the earliest; does it answer?"""
        return self._asked("kernels")

    def _asked(self, of_lab: str) -> bool:
        with requests.Session() as web:
            web.trust_env = False
            try:
                answer = web.get(
                    f"{self.platform.address}/user/{self.name}/api/{of_lab}",
                    headers={"Authorization": f"token {self.token}"},
                    timeout=5,
                )
            except requests.RequestException:
                return False
            return answer.status_code == 200

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Their session is in use, so that it does not end itself while a command of the engine's runs in it."""
        done = threading.Event()
        assert self.use_session(), f"{self.name}'s session does not answer"

        def use() -> None:
            while not done.wait(5):
                self.use_session()

        with ThreadPoolExecutor(1) as pool:
            using = pool.submit(use)
            try:
                yield
            finally:
                done.set()
            using.result()

    def running_session(self) -> Session | None:
        """Their session when the hub and the engine both have it."""
        names = self.platform.containers("session", f"label=org.nightdesk.user={self.name}")
        return Session(self, names[0]) if names and self.server_ready() else None

    def end_session(self) -> None:
        """Stop their session and wait until it is gone."""
        answer = self.hub("DELETE", f"/users/{self.name}/server")
        assert answer.status_code in {202, 204}, answer.text
        until(
            lambda: not self.platform.containers("session", f"label=org.nightdesk.user={self.name}"),
            f"the end of {self.name}'s session",
        )


@dataclass(frozen=True)
class Session:
    """A running session's container."""

    owner: Person
    container: str

    def do(self, *command: str, stdin: bytes | None = None, seconds: float = 120) -> str:
        """A command as the session's user; what it printed. Fails the test when the command fails."""
        with self.owner.at_work():
            return docker("exec", "-i", self.container, *command, stdin=stdin, seconds=seconds)

    def put(self, path: str, content: bytes) -> None:
        """A file in the home folder."""
        self.do("sh", "-c", 'cat >"$HOME/$1"', "sh", path, stdin=content)

    def variable(self, name: str) -> str:
        """A variable of the session's environment."""
        return self.do("printenv", name).strip()


def call_hub(platform: Platform, token: str, method: str, path: str, body: Any = None) -> requests.Response:
    """The hub's API through the public address."""
    with requests.Session() as web:
        web.trust_env = False
        return web.request(
            method,
            f"{platform.address}/hub/api{path}",
            data=None if body is None else json.dumps(body),
            headers={"Authorization": f"token {token}"},
            timeout=60,
        )


def join(platform: Platform, name: str) -> Person:
    """A new person with an approved account and a token.

    On a platform that is kept between test runs the account may be there: it is made anew.
    """
    password = secrets.token_urlsafe(12)
    account = {"name": name, "password": password, "approved": True}
    made = call_hub(platform, platform.setup_token, "POST", "/nightdesk/accounts", account)
    if made.status_code == 409:
        leave(platform, name)
        made = call_hub(platform, platform.setup_token, "POST", "/nightdesk/accounts", account)
    assert made.status_code == 201, made.text
    token = call_hub(platform, platform.setup_token, "POST", f"/users/{name}/tokens", {"note": "tests"})
    assert token.status_code == 201, token.text
    return Person(platform, name, password, str(token.json()["token"]))


def leave(platform: Platform, name: str) -> None:
    """Remove an account; nothing happens when there is none."""
    answer = call_hub(platform, platform.setup_token, "DELETE", f"/nightdesk/accounts/{name}")
    assert answer.status_code in {200, 202, 204, 404}, answer.text


def admin_of(platform: Platform) -> Person:
    """The admin that `make up` made."""
    return Person(platform, "admin", platform.settings["NIGHTDESK_ADMIN_PASSWORD"], platform.admin_token)
