"""A hub in a process of its own, and people in front of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from .proxy_double import ProxyDouble

HERE = Path(__file__).parent
SETUP = {"Authorization": "token token-of-setup"}
ADMIN_PASSWORD = "password-of-the-admin"
PASSWORD = "a long walk home"
SECRETS = (ADMIN_PASSWORD, PASSWORD, "token-of-proxy", "token-of-service", "token-of-setup")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for a condition; its value once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds: {what}")


class Hub:
    """A hub that can be stopped and started again with the same data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.proxy = ProxyDouble()
        self.url = f"http://127.0.0.1:{free_port()}"
        self._session_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **other: str) -> None:
        """Start it, with other variables where given, and wait until it answers."""
        environ = {
            **os.environ,
            "DATA": str(self.data),
            "HUB_URL": self.url,
            "PROXY_URL": self.proxy.url,
            "SESSION_PORT": str(self._session_port),
            "NIGHTDESK_PROJECT": "desk",
            "NIGHTDESK_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "CONFIGPROXY_AUTH_TOKEN": "token-of-proxy",
            "NIGHTDESK_SERVICE_TOKEN": "token-of-service",
            "NIGHTDESK_SETUP_TOKEN": "token-of-setup",
            **other,
        }
        command = [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "hub_with_doubles.py")]
        with (self.data / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=self.data)
        until("the hub answers", self._answers, 90)  # a busy machine

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            # The route to the hub is the last thing that its start makes.
            return requests.get(self.url + "/hub/health", timeout=2).ok and "/" in self.proxy.routes
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        """Stop it as the engine stops a container."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._process = None

    def close(self) -> None:
        """Stop it for good."""
        if self._process is not None:
            self.stop()
        self.proxy.close()

    def log(self) -> str:
        """All that it said."""
        return (self.data / "hub.log").read_text("utf-8", "replace")

    def api(self, method: str, path: str, headers: dict[str, str] = SETUP, **more: Any) -> requests.Response:
        """The hub's REST API, as the setup service unless said otherwise."""
        return requests.request(method, f"{self.url}/hub/api{path}", headers=headers, timeout=20, **more)

    def token(self, user: str) -> dict[str, str]:
        """Headers that act as a user."""
        made = self.api("POST", f"/users/{user}/tokens", json={"note": "test"})
        return {"Authorization": f"token {made.json()['token']}"}

    def sign_in(self, name: str, password: str) -> Browser:
        """A browser with somebody signed in."""
        browser = Browser(self.url)
        browser.send("/hub/login", username=name, password=password)
        return browser

    def account(self, name: str) -> None:
        """An approved account, with PASSWORD."""
        made = self.api("POST", "/nightdesk/accounts", json={"name": name, "password": PASSWORD})
        assert made.status_code == 201, made.text


class Browser:
    """Cookies, forms, and the last page."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def get(self, path: str) -> requests.Response:
        """A page."""
        return self._session.get(self._url + path, timeout=20, allow_redirects=False)

    def send(self, path: str, on: str = "", **fields: str) -> requests.Response:
        """Send the form that is on a page."""
        token = re.search(r'name="_xsrf" value="([^"]*)"', self.get(on or path).text)
        assert token, f"no form on {on or path}"
        return self.post(path, {**fields, "_xsrf": token[1]})

    def post(self, path: str, fields: dict[str, str], **more: Any) -> requests.Response:
        """Send fields as they are."""
        return self._session.post(self._url + path, data=fields, timeout=20, allow_redirects=False, **more)

    def request(
        self, method: str, path: str, fields: Any, headers: dict[str, str], *, as_json: bool = False
    ) -> requests.Response:
        """Any request with the cookies, as another site may have a browser send it."""
        body: dict[str, Any] = {"json": fields} if as_json else {"data": fields}
        address = self._url + path
        return self._session.request(
            method, address, headers=headers, timeout=20, allow_redirects=False, **body
        )

    def start(self, path: str = "/hub/spawn", **fields: str) -> requests.Response:
        """Press Start on the start page."""
        page = self.get(path)
        action = re.search(r'id="spawn_form"\s+action="([^"]*)"', page.text)
        assert action, page.text
        return self.post(action[1].replace("&amp;", "&"), fields)


def words(page: requests.Response) -> str:
    """A page's text, without its tags."""
    text = re.sub(r"<script.*?</script>|<[^>]*>", " ", page.text, flags=re.DOTALL)
    return " ".join(text.replace("&#39;", "'").split())
