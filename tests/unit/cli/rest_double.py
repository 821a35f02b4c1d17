"""How the platform of the tests answers over HTTP, and breaks the line where a test wishes it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from .catalogue_double import builds, catalogue
from .connections_double import connections
from .forms import form
from .hub_double import hub

if TYPE_CHECKING:
    from .platform_double import Platform

BASE = "/services/nightdesk/api/v1"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.sockets: list[Any] = []

    def cut_all(self) -> None:
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(2)

    def handle_error(self, *_: Any) -> None:
        pass  # a client that hangs up is what many tests are about


class Handler(BaseHTTPRequestHandler):
    platform: Platform
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.platform.connections += 1
        self.server.sockets.append(self.connection)  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate((timestamp or time.time()) + self.platform.clock_skew, usegmt=True)

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _answer(self) -> None:
        platform = self.platform
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        platform.requests.append((self.command, self.path, headers))
        platform.bodies.append(body)
        if platform.answers:
            status, answer = platform.answers.pop(0)
            return self._send(status, answer)
        parts = urlsplit(self.path)
        if parts.path == BASE + "/health":
            return self._send(200, {"status": "ok", "version": "0.1.0"})
        token = headers.get("authorization", "").removeprefix("Bearer ")
        user = platform.users.get(token)
        if user is None:
            return self._refuse(401, "sign_in", "nobody is signed in")
        if parts.path.startswith("/hub/api/"):
            status, answer = hub(platform, self.command, parts.path, user, json.loads(body) if body else None)
            return self._send(status, answer)
        if not parts.path.startswith(BASE + "/"):
            return self._send(404, b"<html>not found</html>")
        path = [unquote(part) for part in parts.path.removeprefix(BASE + "/").split("/")]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._service(path, query, user, headers, body)

    def _service(
        self,
        path: list[str],
        query: dict[str, str],
        user: dict[str, Any],
        headers: dict[str, str],
        body: bytes,
    ) -> None:
        platform = self.platform
        match (self.command, *path):
            case ("GET", "user"):
                self._send(200, user)
            case ("GET", "environments") if platform.environments:
                self._send(200, {"environments": platform.environments})
            case (_, "environments", *rest):
                given = json.loads(body) if body else None
                self._send(*catalogue(platform.catalogue, self.command, rest, query, given))
            case ("GET", "builds", build_id, "events") if build_id in platform.catalogue.builds:
                build = platform.catalogue.builds[build_id]
                self._stream(build_id, int(headers.get("last-event-id") or 0), "build", build)
            case (_, "connections", *rest):
                given = json.loads(body) if body else None
                self._send(*connections(platform.ways, self.command, rest, query, user, given))
            case (_, "builds", *rest):
                if body:
                    platform.forms.append(form(headers, body))
                self._send(*builds(platform, self.command, rest, query))
            case ("GET", "owners", name):
                runs = platform.owners.get(name, {})
                self._send(200, {"name": name, "shown": name, "runs": runs, "output_bytes": 5120})
            case ("GET", "doctor"):
                if not user["admin"]:
                    return self._refuse(403, "not_allowed", "this is for admins")
                self._send(200, {"checks": platform.checks})
            case ("GET", "runs"):
                self._list(query, user)
            case ("POST", "runs"):
                self._submit(headers, body, user)
            case ("GET", "schedules"):
                self._send(200, {"schedules": platform.schedules, "next": None})
            case ("POST", "schedules"):
                platform.forms.append(form(headers, body))
                self._send(201, {"id": "schedule1"})
            case (_, "runs", run_id, *_) if run_id not in platform.runs:
                self._refuse(404, "not_found", f"there is no run {run_id!r}", "`nightdesk runs` lists them.")
            case ("GET", "runs", run_id):
                self._send(200, platform.runs[run_id])
            case ("POST", "runs", run_id, "retry"):
                again = f"{run_id}-again"
                old = platform.runs[run_id]
                platform.add_run(again, name=old["name"], notes=[f"exact: {json.loads(body)['exact']}"])
                self._send(201, platform.runs[again])
            case ("POST", "runs", run_id, "cancel"):
                platform.runs[run_id]["status"] = "cancelled"
                self._send(200, platform.runs[run_id])
            case ("GET", "runs", run_id, "history"):
                self._send(200, platform.histories.get(run_id, {"changes": [], "attempts": []}))
            case ("GET", "runs", run_id, "failure") if run_id in platform.failures:
                self._send(200, platform.failures[run_id])
            case ("GET", "runs", run_id, "failure"):
                self._refuse(409, "conflict", "nothing went wrong in it")
            case ("GET", "runs", run_id, *what) if "attempt" in query:
                self._of_attempt(query["attempt"], what)
            case ("GET", "runs", run_id, "log"):
                text = "".join(data["text"] for kind, data in platform.events[run_id] if kind == "log")
                self._send(200, text.encode())
            case ("GET", "runs", run_id, "events"):
                after = int(headers.get("last-event-id") or query.get("after") or 0)
                self._stream(run_id, after, "run", platform.runs[run_id])
            case ("GET", "runs", run_id, "usage"):
                self._send(200, platform.usage)
            case ("GET", "runs", run_id, "outputs.zip"):
                self._send(200, b"PK" + b"".join(platform.outputs[run_id].values()))
            case ("GET", "runs", run_id, "outputs"):
                self._send(200, {"outputs": platform.output_list(run_id)})
            case ("GET", "runs", run_id, "outputs", *name):
                content = platform.outputs[run_id]["/".join(name)]
                if platform.direct and headers.get("x-nightdesk-direct") == "yes" and len(content) > 2**20:
                    return self._send(307, b"", platform.direct)
                start, etag = (
                    headers.get("range", "bytes=0-")[6:-1],
                    f'"{hashlib.sha256(content).hexdigest()}"',
                )
                part = start != "0" and headers.get("if-range") == etag and not platform.whole_only
                sent = content[int(start) :] if part else content
                self._send(
                    206 if part else 200, sent[:-1] + b"?" if "/".join(name) in platform.corrupt else sent
                )
            case _:
                self._refuse(404, "not_found", "there is no such page")

    def _of_attempt(self, attempt: str, what: list[str]) -> None:
        kept = {name: content for (of, name), content in self.platform.earlier.items() if of == attempt}
        if what == ["outputs"]:
            listed = [
                {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in kept.items()
            ]
            return self._send(200, {"outputs": listed})
        name = "log.txt" if what == ["log"] else "/".join(what[1:])
        if name not in kept:
            return self._refuse(404, "not_found", f"the run has no attempt {attempt}")
        return self._send(200, kept[name])

    def _list(self, query: dict[str, str], user: dict[str, Any]) -> None:
        runs = [
            run
            for run in reversed(self.platform.runs.values())
            if (query.get("owner") == "all" or run["owner"] == user["name"])
            and query.get("status") in (None, run["status"])
            and query.get("name") in (None, run["name"])
        ]
        begin = int(query.get("before", "0"))
        end = begin + min(int(query["limit"]), 3)  # small pages, so that there are several
        self._send(200, {"runs": runs[begin:end], "next": str(end) if end < len(runs) else None})

    def _submit(self, headers: dict[str, str], body: bytes, user: dict[str, Any]) -> None:
        platform = self.platform
        sent = form(headers, body)
        platform.forms.append(sent)
        request = json.loads(sent["request"].content)
        key = request["key"]
        known = key in platform.keys
        if not known:
            platform.keys[key] = f"run{len(platform.keys) + 1}"
            platform.add_run(
                platform.keys[key],
                name=request.get("name") or request["file"],
                file=request["file"],
                owner=request.get("as", user["name"]),
                parameters=request.get("parameters", {}),
            )
        if platform.drops:
            platform.drops -= 1
            self._cut()
            return
        self._send(200 if known else 201, platform.runs[platform.keys[key]])

    def _stream(self, run_id: str, after: int, kind: str, first_data: dict[str, Any]) -> None:
        platform = self.platform
        budget = platform.cuts.pop(0) if platform.cuts else None
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        first = f"event: {kind}\ndata: {json.dumps(first_data)}\n\n".encode()
        budget = self._chunk(first, budget)
        index = after
        while budget is None or budget > 0:
            if not platform.wait_for(run_id, index, 0.2):
                budget = self._chunk(b"event: ping\ndata: {}\n\n", budget)
                continue
            kind, data = platform.events[run_id][index]
            index += 1
            budget = self._chunk(f"id: {index}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode(), budget)
            if kind == "end" and budget != 0:
                self.wfile.write(b"0\r\n\r\n")
                return
        self._cut()

    def _chunk(self, data: bytes, budget: int | None) -> int | None:
        """Send what is left of the budget of `data`; the budget after that."""
        sent = data if budget is None else data[:budget]
        self.wfile.write(b"%x\r\n" % len(data) + sent + (b"\r\n" if len(sent) == len(data) else b""))
        return None if budget is None else budget - len(sent)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def _refuse(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        self._send(status, {"error": {"code": code, "message": message, "hint": hint}})

    def _send(self, status: int, answer: Any, to: str = "https://elsewhere.example/") -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", to)
        self.end_headers()
        self.wfile.write(body)
