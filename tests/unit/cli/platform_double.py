"""A platform without containers: the REST interface over real HTTP, its runs written by the test."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from typing import Any

from .catalogue_double import Catalogue
from .connections_double import Connections
from .forms import Part
from .rest_double import Handler, Server

FINAL = {"succeeded", "failed", "cancelled", "timed_out", "lost"}


class Platform:
    """The state behind the interface. Tests change it and look at it while it serves."""

    def __init__(self) -> None:
        self.users = {"token-ada": {"name": "ada", "admin": False, "groups": ["research"]}}
        self.runs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        self.outputs: dict[str, dict[str, bytes]] = {}
        self.environments: list[dict[str, Any]] = []
        self.catalogue = Catalogue()
        self.ways = Connections()
        self.checks: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] | None = []
        self.owners: dict[str, dict[str, int]] = {}  # runs by status, by owner
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.forms: list[dict[str, Part]] = []
        self.schedules: list[dict[str, Any]] = []
        self.keys: dict[str, str] = {}
        self.answers: list[tuple[int, Any]] = []  # given instead of the next answers: status, body
        self.drops = 0  # so many submits are accepted and the line cut before the answer
        self.cuts: list[int] = []  # so many bytes of the next streams, then the line is cut
        self.usage: dict[str, Any] = {}
        self.histories: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, dict[str, Any]] = {}
        self.earlier: dict[tuple[str, str], bytes] = {}  # log and outputs of attempts: (attempt, name)
        self.clock_skew = 0.0
        self.direct = ""  # where what is large is, when it is not here
        self.whole_only = False  # outputs come from their beginning, whatever part was asked for
        self.corrupt: set[str] = set()  # outputs that arrive otherwise than promised
        self.connections = 0
        self._changed = threading.Condition()
        self._server: Server | None = None
        self.port = 0
        self.start()

    # Serving

    def start(self) -> None:
        platform = self

        class OfThis(Handler):
            pass

        OfThis.platform = platform
        self._server = Server(("127.0.0.1", self.port), OfThis)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_all()
            self._server = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/services/nightdesk"

    # What tests write

    def add_run(self, run_id: str = "run1", **fields: Any) -> dict[str, Any]:
        run = {
            "id": run_id,
            "name": "analysis.ipynb",
            "owner": "ada",
            "status": "queued",
            "reason": None,
            "error": None,
            "environment": {"name": "python-data", "version": "2026.11.1", "digest": "sha256:" + "a" * 64},
            "size": "small",
            "parameters": {},
            "attempt": 1,
            "progress": {"cell": 0, "cells": 3},
            "created_at": "2026-11-22T10:00:00Z",
            "started_at": None,
            "finished_at": None,
            "url": f"{self.url}/runs/{run_id}",
            "outputs": [],
            "kind": "notebook",
            "file": "analysis.ipynb",
            "kernel": "python3",
            "notes": [],
            "waiting": None,
            **fields,
        }
        with self._changed:
            self.runs[run_id] = run
            self.outputs.setdefault(run_id, {})
        return run

    def change(self, run_id: str = "run1", **fields: Any) -> None:
        with self._changed:
            self.runs[run_id].update(fields)
            self._publish(run_id, "run", dict(self.runs[run_id]))

    def log(self, text: str, run_id: str = "run1", stream: str = "stdout", cell: int | None = 1) -> None:
        with self._changed:
            self._publish(run_id, "log", {"stream": stream, "cell": cell, "text": text})

    def finish(self, status: str = "succeeded", run_id: str = "run1", **fields: Any) -> None:
        with self._changed:
            self.runs[run_id].update(
                {
                    "status": status,
                    "started_at": "2026-11-22T10:00:01Z",
                    "finished_at": "2026-11-22T10:01:05Z",
                    **fields,
                }
            )
            self._publish(run_id, "end", dict(self.runs[run_id]))

    def build_log(self, text: str, build_id: str = "b-1") -> None:
        with self._changed:
            self._publish(build_id, "log", {"text": text})

    def change_build(self, status: str, build_id: str = "b-1", **fields: Any) -> None:
        build = self.catalogue.builds[build_id]
        with self._changed:
            build.update(status=status, **fields)
            self._publish(build_id, "end" if status in FINAL else "build", dict(build))

    def put_output(self, name: str, content: bytes, run_id: str = "run1") -> None:
        self.outputs[run_id][name] = content
        self.runs[run_id]["outputs"] = self.output_list(run_id)

    def output_list(self, run_id: str) -> list[dict[str, Any]]:
        return [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in self.outputs[run_id].items()
        ]

    def _publish(self, run_id: str, kind: str, data: dict[str, Any]) -> None:
        self.events[run_id].append((kind, data))
        self._changed.notify_all()

    def wait_for(self, run_id: str, index: int, seconds: float) -> bool:
        """Whether there is an event number `index` within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.events[run_id]) > index, seconds)
