"""The web application over real HTTP on loopback, with people of its own and no Redis."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI
from itsdangerous import URLSafeTimedSerializer
from nightdesk.server.bootstrap import Environment, WebPlatform
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.doubles.groups import MemoryGroups
from nightdesk.server.doubles.people import MemoryPeople
from nightdesk.server.doubles.roster import MemoryRoster
from nightdesk.server.doubles.sealing import MemorySealing
from nightdesk.server.services.announcements import Board
from nightdesk.server.services.connections import Vault
from nightdesk.server.services.directory import Directory
from nightdesk.server.services.run_owner import RunOwners
from nightdesk.server.services.waiting import WaitingRoom
from nightdesk.server.web.app import create_app
from nightdesk.server.web.paths import API, BASE

from ..workbench import ADA, BOB, ROOT, Bench, code, notebook

SERVICE_TOKEN = "the-service-s-own-token"
COOKIE_SECRET = "00" * 32
RUN_KEY = "11" * 32
TOKENS = {"ada": "token-ada", "bob": "token-bob", "root": "token-root"}
NOTEBOOK = notebook(code("year = 1", "parameters"), code("print(year)"))


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
        self.body = response.read()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:300]!r}>"


def free_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A platform's web process on a thread."""

    def __init__(self, bench: Bench, hub_api_url: str = "http://127.0.0.1:1/hub/api") -> None:
        self.bench = bench
        self.people = MemoryPeople({TOKENS[person.name]: person for person in (ADA, BOB, ROOT)})
        self.groups = MemoryGroups(self.people, ("analysts", "provided"), provider="sign-in")
        policies = bench.parts.policies
        self.roster = MemoryRoster()
        environment = Environment(
            project="test",
            config=Path("nightdesk.yaml"),
            redis_url=f"redis://127.0.0.1:{free_port()}/0",
            service_token=SERVICE_TOKEN,
            cookie_secret=COOKIE_SECRET,
            hub_api_url=hub_api_url,
            scratch=Path("/scratch"),
            run_key=RUN_KEY,
        )
        self.platform = WebPlatform(
            settings=bench.settings,
            environment=environment,
            records=bench.records,
            store=bench.store,
            unfinished=bench.folders,
            bell=bench.bell,
            people=self.people,
            policies=policies,
            waiting=WaitingRoom(bench.records, policies),
            directory=Directory(
                bench.records, self.groups, self.people, bench.bell, policies, tuple(bench.settings.sizes)
            ),
            roster=self.roster,
            board=Board(bench.records),
            vault=Vault(bench.records, MemorySealing(), bench.settings.connections.host_paths),
            owners=RunOwners(bench.records, self.people, policies, RUN_KEY),
            handing_over=MemorySealing(),
            addresses=MemorySealing(),
        )
        self.app: FastAPI = create_app(self.platform)
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=0, log_level="critical", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="site", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the web application did not start"
            time.sleep(0.005)
        self.port = int(self._server.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(10)

    def open(
        self,
        method: str,
        path: str,
        person: Person | str | None = None,
        *,
        headers: dict[str, str] | None = None,
        cookie: bool = False,
        form: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send a request; ``person`` is shown by token, or by ``cookie``; a text is a token as it is."""
        sent = dict(headers or {})
        if person is not None:
            token = TOKENS[person.name] if isinstance(person, Person) else person
            if cookie:
                sent["Cookie"] = f"nightdesk-session={session_cookie(token)}"
            else:
                sent["Authorization"] = f"Bearer {token}"
        if form is not None:
            body = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body=body, headers=sent)
        return connection, connection.getresponse()

    def ask(self, method: str, path: str, person: Person | str | None = None, **how: Any) -> Answer:
        """A request and its whole answer."""
        connection, response = self.open(method, path, person, **how)
        try:
            return Answer(response)
        finally:
            response.close()
            connection.close()

    def get(self, path: str, person: Person | str | None = None, **how: Any) -> Answer:
        """A GET below the API's address."""
        return self.ask("GET", f"{API}{path}", person, **how)

    def post(self, path: str, person: Person | str | None = None, **how: Any) -> Answer:
        """A POST below the API's address."""
        return self.ask("POST", f"{API}{path}", person, **how)

    def submit(
        self,
        person: Person | str | None = ADA,
        source: bytes = NOTEBOOK,
        files: bytes | None = None,
        **wanted: Any,
    ) -> Answer:
        """Hand over a notebook."""
        request = json.dumps({"file": "analysis.ipynb", **wanted})
        return self.submit_raw(person, request, source, files)

    def submit_raw(
        self, person: Person | str | None, request: str, source: bytes = NOTEBOOK, files: bytes | None = None
    ) -> Answer:
        """Hand over a notebook with this as the part `request`."""
        body, kind = multipart(request=request.encode(), source=source, files=files)
        return self.post("/runs", person, body=body, headers={"Content-Type": kind})

    def events(self, run: Run, person: Person = ADA, **how: Any) -> Iterator[tuple[str | None, str, Any]]:
        """The live events of a run as id, name and data; closes with the iterator."""
        connection, response = self.open("GET", f"{API}/runs/{run.id}/events", person, **how)
        try:
            assert response.status == 200
            assert response.getheader("content-type", "").startswith("text/event-stream")
            yield from parse(response)
        finally:
            response.close()
            connection.close()

    def finished(self, owner: Person = ADA, **wanted: Any) -> Run:
        """A run that is over, with its outputs."""
        run = self.bench.submit(person=owner, **wanted)
        self.bench.supervisor().supervise(run.id)
        ended = self.bench.run(run)
        assert ended.status is Status.SUCCEEDED
        return ended


def parse(lines: Any) -> Iterator[tuple[str | None, str, Any]]:
    """Server-sent events; a comment comes as the event ``:``."""
    identity: str | None = None
    name = ""
    for line in lines:
        text = line.decode().rstrip("\n")
        if text.startswith(":"):
            yield None, ":", text
        elif text.startswith("id: "):
            identity = text.removeprefix("id: ")
        elif text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: "):
            yield identity, name, json.loads(text.removeprefix("data: "))
            identity = None


@cache
def session_cookie(token: str, secret: str = COOKIE_SECRET) -> str:
    """The cookie of a person who signed in: one browser keeps it from page to page."""
    made = URLSafeTimedSerializer(secret, salt="nightdesk").dumps(token)
    return made if isinstance(made, str) else made.decode()


def multipart(**parts: bytes | None) -> tuple[bytes, str]:
    """A form with files: everything but ``request`` is sent as a file."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, content in parts.items():
        if content is not None:
            file = "" if name == "request" else f'; filename="{name}"'
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
            body += content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


__all__ = ["API", "BASE", "NOTEBOOK", "SERVICE_TOKEN", "Answer", "Site", "multipart", "session_cookie"]
