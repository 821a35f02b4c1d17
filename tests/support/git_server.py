"""A real git server over HTTP: git's own `http-backend` behind a small server that asks who somebody is.

Repositories whose name begins with `private` are for whoever knows a password; all others anybody may read. Beside them it
takes what hosts of repositories take, statuses of commits, and keeps them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

USER = "deploy"
_GIT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def git(folder: Path, *arguments: str) -> str:
    """What git says there."""
    environment = {**os.environ, **_GIT}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout.strip()


@dataclass
class GitServer:
    """One server; `url(name)` is where a repository is."""

    address: str
    folder: Path
    password: str = field(repr=False)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and what was shown of a login, of each request."""
    statuses: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    """Path, headers and document of each status that was told."""

    def url(self, name: str) -> str:
        """The address of a repository."""
        return f"{self.address}/{name}.git"

    def commit(
        self, name: str, files: Mapping[str, bytes | str | None], branch: str = "main", tag: str = ""
    ) -> str:
        """A commit on a branch of a repository, which is made where there is none. None takes a file away."""
        bare, work = self.folder / f"{name}.git", self.folder.parent / "work" / name
        if not bare.exists():
            git(self.folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(bare))
            work.mkdir(parents=True)
            git(work, "init", "--quiet", "--initial-branch", "main")
            git(work, "remote", "add", "origin", str(bare))
        if git(work, "symbolic-ref", "--short", "HEAD") != branch:
            git(work, "checkout", "--quiet", "-B", branch)
        for path, content in files.items():
            place = work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            if isinstance(content, str):
                place.symlink_to(content)
            elif content is not None:
                place.write_bytes(content)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--allow-empty", "--message", "A change")
        git(work, "push", "--quiet", "--force", "origin", branch)
        if tag:
            git(work, "tag", "--annotate", "--message", tag, tag)
            git(work, "push", "--quiet", "origin", tag)
        return git(work, "rev-parse", "HEAD")


@contextmanager
def git_server(folder: Path, host: str = "127.0.0.1") -> Iterator[GitServer]:
    """A server for repositories in a folder; gone afterwards."""
    root = folder / "repositories"
    root.mkdir()
    server = GitServer("", root, secrets.token_urlsafe(16))
    listening = ThreadingHTTPServer((host, 0), _handler(server))
    server.address = f"http://{host}:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    right = base64.b64encode(f"{USER}:{server.password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def _answer(self) -> None:
            shown = self.headers.get("Authorization", "")
            server.asked.append((self.command, self.path, shown))
            body = self._body()
            if not self.path.split("?")[0].partition(".git")[1]:
                server.statuses.append((self.path, dict(self.headers.items()), json.loads(body or b"null")))
                self._say(201 if server.password in shown + str(dict(self.headers)) else 401, b"{}")
            elif self.path.startswith("/private") and shown != f"Basic {right}":
                self._say(401, b"who are you?", ("WWW-Authenticate", 'Basic realm="git"'))
            else:
                self._backend(body)

        do_GET = do_POST = _answer

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            return found

        def _backend(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(server.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
            }
            done = subprocess.run(
                ["git", "http-backend"],
                env=environment,
                input=body,
                capture_output=True,
                check=False,
                timeout=60,
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            lines = [line.split(": ", 1) for line in head.decode().splitlines() if ": " in line]
            headers = [(line[0], line[1]) for line in lines if line[0] != "Status"]
            status = next((int(line[1].split()[0]) for line in lines if line[0] == "Status"), 200)
            self._say(status, content, *headers)

        def _say(self, status: int, content: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
