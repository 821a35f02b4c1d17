"""Runs through the public REST interface, as one person sees them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import requests

from .notebooks import notebook
from .platform import Platform, docker
from .waiting import until

FINAL = {"succeeded", "failed", "cancelled", "timed_out", "lost"}
TIMEOUT = 60

# Leaves a line for each time it was started, then waits for a file that only the test makes.
BEGIN = """
import os, pathlib, time
run, attempt = os.environ["NIGHTDESK_RUN_ID"], os.environ["NIGHTDESK_ATTEMPT"]
with (pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"]) / "ledger.txt").open("a") as ledger:
    ledger.write(f"{run} {attempt}\\n")
print("holding", flush=True)
"""
HOLD = """
team = pathlib.Path("/shared/team") if pathlib.Path("/shared/team").is_dir() else pathlib.Path("/shared")
gate, ticks = team / f".gate-{run}", 0
while not gate.exists():
    time.sleep(0.1)
    ticks += 1
    if ticks % 10 == 0:
        print(f"tick {ticks // 10}", flush=True)
"""
END = 'print("let go", flush=True)'


class Refused(Exception):
    """The platform said no: `status` is HTTP's, the text is its words and its hint."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        self.status = status
        self.message = str(error.get("message"))
        self.hint = str(error.get("hint") or "")
        super().__init__(f"{status}: {self.message} {self.hint}")


class Runs:
    """One person's runs."""

    def __init__(self, platform: Platform, token: str) -> None:
        self.platform = platform
        self._token = token

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        """One request below /api/v1, whatever the answer."""
        with requests.Session() as web:
            web.trust_env = False  # this machine itself, never through a proxy
            headers = {"Authorization": f"Bearer {self._token}"}
            address = f"{self.platform.url}/api/v1{path}"
            return web.request(method, address, headers=headers, timeout=TIMEOUT, **how)

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """The JSON of a good answer. Raises Refused."""
        answer = self.call(method, path, **how)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json()["error"])
        return answer.json()

    def submit(
        self, source: bytes, file: str = "test.ipynb", *, size: str | None = "tiny", **request: Any
    ) -> Any:
        """Hand a file over; the run. Raises Refused."""
        wanted = {"file": file, "size": size, **request}
        return self.ask(
            "POST", "/runs", files={"request": (None, json.dumps(wanted)), "source": (file, source)}
        )

    def show(self, run: str) -> Any:
        """The run as it is now."""
        return self.ask("GET", f"/runs/{run}")

    def end(self, run: str, seconds: float = 60) -> Any:
        """The run when it is over."""
        return until(
            lambda: shown if (shown := self.show(run))["status"] in FINAL else None,
            f"the end of run {run}",
            seconds,
        )

    def reach(self, run: str, status: str, seconds: float = 30) -> Any:
        """The run when it has this status."""
        return until(
            lambda: shown if (shown := self.show(run))["status"] == status else None,
            f"run {run} {status}",
            seconds,
        )

    def log(self, run: str) -> str:
        """What it has printed."""
        answer = self.call("GET", f"/runs/{run}/log")
        assert answer.status_code == 200, answer.text
        return answer.text

    def output(self, run: str, name: str) -> bytes:
        """One of its files."""
        answer = self.call("GET", f"/runs/{run}/outputs/{name}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def cancel(self, run: str) -> Any:
        """Ask it to end."""
        return self.ask("POST", f"/runs/{run}/cancel")

    def hold(self, **request: Any) -> Held:
        """A run that goes on until the test lets it go."""
        return Held(self, self.submit(notebook(BEGIN, HOLD, END), "held.ipynb", **request)["id"])


@dataclass
class Held:
    """A run in the middle of its work. Cancelled at the end of a `with` block unless it is over."""

    runs: Runs
    id: str

    def __enter__(self) -> Held:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs.show(self.id)["status"] not in FINAL:
            self.runs.cancel(self.id)

    def holding(self, seconds: float = 30) -> Held:
        """Wait until it is in the middle."""
        until(lambda: "holding" in self.runs.log(self.id), f"run {self.id} in the middle", seconds)
        return self

    def ticks(self) -> int:
        """How often it has said that it lives."""
        return self.runs.log(self.id).count("tick ")

    def container(self) -> dict[str, Any]:
        """Its container, as the engine has it."""
        names = self.runs.platform.containers("run", f"label=org.nightdesk.run={self.id}", everything=True)
        assert len(names) == 1, f"run {self.id} has the containers {names}"
        return self.runs.platform.inspect(names[0])

    def identity(self) -> tuple[str, str]:
        """What stays the same as long as the code was started once: container and time of its start."""
        found = self.container()
        return str(found["Id"]), str(found["State"]["StartedAt"])

    def open_gate(self) -> None:
        """Let it come to its end."""
        docker("exec", self.runs.platform.service("worker"), "touch", f"/shared/.gate-{self.id}")

    def succeed(self, seconds: float = 60) -> Any:
        """Let it go; the run, which has succeeded and was started once."""
        self.open_gate()
        run = self.runs.end(self.id, seconds)
        assert run["status"] == "succeeded", run
        assert self.runs.output(self.id, "ledger.txt").decode() == f"{self.id} 1\n"
        assert "let go" in self.runs.log(self.id)
        return run
