"""Starting the single-user server as the hub does, against a hub of a few lines in this process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from .checks import Failed, last_lines

COMMAND = "jupyterhub-singleuser"
_PREFIX = "/user/preflight/"
_READY_SECONDS = 90.0
_END_SECONDS = 5.0


class _Hub(BaseHTTPRequestHandler):
    """What the server asks of its hub while it starts: the version, and to be told that somebody is active."""

    version = ""

    def do_GET(self) -> None:
        self._answer({"version": self.version})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer({})

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, content: dict[str, str]) -> None:
        body = json.dumps(content).encode("ascii")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-JupyterHub-Version", self.version)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def installed(hub_version: str) -> str:
    """The version of the single-user server.

    Raises:
        Failed: there is none, or it is not of the hub's generation.
    """
    wanted = f"jupyterhub=={hub_version}" if hub_version else "jupyterhub"
    path = shutil.which(COMMAND)
    if path is None:
        raise Failed(
            f"the image has no {COMMAND}: install the package {wanted} in it, and jupyterlab beside it "
            "(images that stand on nightdesk/base have both)"
        )
    asked = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    version = (asked.stdout.strip().splitlines() or [""])[-1]
    if asked.returncode != 0 or not version[:1].isdigit():
        raise Failed(
            f"{COMMAND} --version fails; the package {wanted} is broken:{last_lines(asked.stderr or asked.stdout)}"
        )
    if hub_version and version.split(".")[0] != hub_version.split(".")[0]:
        raise Failed(f"the image has jupyterhub {version}, but the hub is {hub_version}: install {wanted}")
    return version


def started(hub_version: str, folder: str) -> str:
    """Start the server, wait until it answers, and end it; in words, how long that took.

    Raises:
        Failed: it ended, or did not answer in time.
    """
    handler = type("Hub", (_Hub,), {"version": hub_version})
    hub = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    port = _free_port()
    log_path = os.path.join(folder, "server.log")
    with open(log_path, "wb") as log:
        began = time.monotonic()
        server = subprocess.Popen(
            [COMMAND],
            cwd=folder,
            env={**os.environ, **_environment(hub.server_address[1], port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(server, f"http://127.0.0.1:{port}{_PREFIX}api", began, log_path)
            return f"answers after {time.monotonic() - began:.1f} s"
        finally:
            server.terminate()
            try:
                server.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            hub.shutdown()
            hub.server_close()


def _environment(hub_port: int, port: int) -> dict[str, str]:
    """What the hub gives a session."""
    return {
        "JUPYTERHUB_API_TOKEN": "preflight",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-preflight",
        "JUPYTERHUB_USER": "preflight",
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_PREFIX": _PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}{_PREFIX}",
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub_port}/hub/api",
        "JUPYTERHUB_ACTIVITY_URL": f"http://127.0.0.1:{hub_port}/hub/api/users/preflight/activity",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{_PREFIX}oauth_callback",
        "JUPYTERHUB_OAUTH_SCOPES": '["access:servers!server=preflight/"]',
    }


def _wait(server: subprocess.Popen[bytes], url: str, began: float, log_path: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is in this very container
    while True:
        code = server.poll()
        if code is not None:
            raise Failed(f"{COMMAND} ends while it starts (exit code {code}):{_said(log_path)}")
        try:
            with opener.open(url, timeout=5) as answer:
                answer.read()
            return
        except urllib.error.HTTPError as problem:
            if problem.code < 500:
                return
        except OSError:
            pass
        if time.monotonic() - began > _READY_SECONDS:
            raise Failed(f"{COMMAND} does not answer within {_READY_SECONDS:.0f} s:{_said(log_path)}")
        time.sleep(0.05)


def _said(log_path: str) -> str:
    with open(log_path, encoding="utf-8", errors="replace") as log:
        return last_lines(log.read())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
