"""A few calls to a platform over HTTP, for the setup scripts. Only the standard library."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import env_file

TIMEOUT_SECONDS = 30.0


class Refused(Exception):
    """The platform answered with an error: `status` (HTTP; 0 when it did not answer) and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{words} (HTTP {status})" if status else words)
        self.status = status


@dataclass(frozen=True)
class Platform:
    """A platform at `address` (http://host:port) spoken to with `token`.

    The hub takes its services' tokens as `token …`; the api takes people's as `Bearer …`.
    The hub accepts both words.
    """

    address: str
    token: str

    def request(self, method: str, path: str, body: object = None, timeout: float = TIMEOUT_SECONDS) -> Any:
        """One call; the JSON of the answer, None when it is empty. Raises Refused."""
        with self._open(method, path, body, timeout) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    def events(self, path: str, timeout: float) -> Iterator[dict[str, Any]]:
        """The JSON of each server-sent event, until the stream ends. Raises Refused."""
        with self._open("GET", path, None, timeout) as answer:
            for line in answer:
                if line.startswith(b"data:"):
                    yield json.loads(line.removeprefix(b"data:"))

    def _open(self, method: str, path: str, body: object, timeout: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # an address of our own making
            self.address + path, data=data, method=method, headers={"Authorization": f"Bearer {self.token}"}
        )
        if data is not None:
            request.add_header("Content-Type", "application/json")
        # Never through a proxy that the machine is set up with: this is the machine itself.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            return direct.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _words(error.read())) from None
        except (OSError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", error)
            raise Refused(0, f"{self.address} does not answer: {reason}") from None


def _words(body: bytes) -> str:
    """The plain words of an error's body: the api's {"error": {"message"}}, the hub's {"message"}."""
    try:
        answer = json.loads(body)
        error = answer.get("error", answer)
        return str(error.get("message") or answer)
    except (ValueError, AttributeError):
        return body[:200].decode("utf-8", "replace").strip() or "no words"


def as_setup(address: str, settings: Path) -> Platform:
    """The platform, spoken to with the setup token of its settings file."""
    return Platform(address, env_file.read_values(settings.read_text("utf-8"))["NIGHTDESK_SETUP_TOKEN"])


def fail(words: str, *advice: str) -> int:
    """Say what went wrong and what to do; the exit code."""
    print(f"\nnightdesk: {words}", file=sys.stderr)
    for line in advice:
        print(f"  {line}", file=sys.stderr)
    return 1
