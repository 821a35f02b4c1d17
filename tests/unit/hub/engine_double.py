"""An engine in memory, with the methods of docker.APIClient that the hub calls.

A started container answers HTTP on the session's port of 127.0.0.1, as a single-user server does.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import docker
import requests
from docker.errors import APIError, ImageNotFound, NotFound


def _refusal(kind: type[APIError], status: int, words: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    return kind(words, response=response, explanation=words)


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"version": "2"}).encode()
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


class EngineDouble:
    """Everything is public, for tests to look at and to spoil."""

    def __init__(self, project: str, images: set[str], port: int = 0) -> None:
        self.images = images
        self.port = port
        self.calls: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.nets: dict[str, dict[str, Any]] = {}
        self.vols: dict[str, dict[str, Any]] = {}
        self.boxes: dict[str, dict[str, Any]] = {}
        self.client = docker.APIClient(version="1.44")
        self._servers: dict[str, ThreadingHTTPServer] = {}
        for service in ("hub", "proxy"):
            self.add_service(project, service)

    def add_service(self, project: str, service: str, number: int = 1) -> str:
        """A container of Compose's, as `up` makes one."""
        name = f"{project}-{service}-{number}"
        labels = {"com.docker.compose.project": project, "com.docker.compose.service": service}
        self.boxes[name] = {"Id": name, "Labels": labels, "Nets": {f"{project}_control"}, "Running": True}
        return name

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """See nightdesk_hub.engine.Engine."""
        self.calls.append(method)
        if method in self.fail:
            raise self.fail[method]
        return getattr(self, method)(*args, **kwargs)

    # --- networks ---------------------------------------------------------------------------------

    def networks(self, filters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        wanted = (filters or {}).get("label", [])
        return [net for net in self.nets.values() if _has(net["Labels"], wanted)]

    def inspect_network(self, name: str) -> dict[str, Any]:
        if name not in self.nets:
            raise _refusal(NotFound, 404, f"network {name} not found")
        inside = {key: {} for key, box in self.boxes.items() if name in box["Nets"]}
        return {**self.nets[name], "Containers": inside}

    def create_network(
        self, name: str, driver: str, labels: dict[str, str], ipam: Any, options: dict[str, str]
    ) -> None:
        subnet = ipam["Config"][0]["Subnet"]
        if name in self.nets:
            raise _refusal(APIError, 409, f"network with name {name} already exists")
        self.nets[name] = {
            "Name": name,
            "Driver": driver,
            "Options": options,
            "Labels": labels,
            "IPAM": {"Config": [{"Subnet": subnet}]},
        }

    def remove_network(self, name: str) -> None:
        del self.nets[name]

    def connect_container_to_network(self, box: str, net: str, aliases: list[str]) -> None:
        self.boxes[box]["Nets"].add(net)
        self.boxes[box].setdefault("Aliases", {})[net] = aliases

    def disconnect_container_from_network(self, box: str, net: str, force: bool) -> None:
        assert force
        self.boxes[box]["Nets"].discard(net)

    # --- volumes and images -----------------------------------------------------------------------

    def create_volume(self, name: str, labels: dict[str, str]) -> None:
        self.vols.setdefault(name, {"Name": name, "Labels": labels})

    def inspect_volume(self, name: str) -> dict[str, Any]:
        if name not in self.vols:
            raise _refusal(NotFound, 404, f"no such volume: {name}")
        return self.vols[name]

    def df(self) -> dict[str, Any]:
        return {"Volumes": [{"Name": name, "UsageData": {"Size": 4096}} for name in self.vols]}

    def remove_volume(self, name: str) -> None:
        self.inspect_volume(name)
        del self.vols[name]

    def volumes(self, filters: dict[str, Any]) -> dict[str, Any]:
        return {"Volumes": [vol for vol in self.vols.values() if _has(vol["Labels"], filters["label"])]}

    def inspect_image(self, image: str) -> dict[str, Any]:
        if image not in self.images:
            raise _refusal(ImageNotFound, 404, f"No such image: {image}")
        return {"Id": image, "Config": {"Cmd": []}}

    # --- containers -------------------------------------------------------------------------------

    def containers(self, filters: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {**box, "NetworkSettings": {"Networks": {net: {} for net in box["Nets"]}}}
            for box in self.boxes.values()
            if box["Running"] and _has(box["Labels"], filters["label"])
        ]

    def create_container(self, name: str, image: str, **config: Any) -> dict[str, str]:
        if name in self.boxes:
            raise _refusal(APIError, 409, f"the name {name} is already in use")
        nets = {config["host_config"]["NetworkMode"]}
        self.boxes[name] = {
            **config,
            "Id": name,
            "Image": image,
            "Labels": config["labels"],
            "Nets": nets,
            "Running": False,
        }
        return {"Id": name}

    def start(self, name: str) -> None:
        self.boxes[name]["Running"] = True
        if self.port:
            server = self._servers[name] = ThreadingHTTPServer(("127.0.0.1", self.port), _Answering)
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def inspect_container(self, name: str) -> dict[str, Any]:
        box = self._box(name)
        state = {
            "Running": box["Running"],
            "ExitCode": 0,
            "OOMKilled": False,
            "Error": "",
            **box.get("State", {}),
        }
        nets = {net: {"IPAddress": "127.0.0.1"} for net in box["Nets"]}
        return {"Id": name, "State": state, "NetworkSettings": {"Networks": nets}}

    def end(self, name: str, **state: Any) -> None:
        """The container ends by itself."""
        self.boxes[name].update(Running=False, State={"Running": False, **state})
        if name in self._servers:
            server = self._servers.pop(name)
            server.shutdown()
            server.server_close()

    def stop(self, name: str) -> None:
        self._box(name)
        self.end(name)

    def remove_container(self, name: str, v: bool, force: bool) -> None:
        assert v
        if self._box(name)["Running"]:
            assert force
            self.end(name)
        del self.boxes[name]

    def logs(self, name: str, tail: int) -> bytes:
        return f"the last of {tail} lines of {name}\n".encode()

    def stats(self, name: str, stream: bool, one_shot: bool) -> dict[str, Any]:
        """A container that has half a core busy, and 300 MB, of which 100 are files that it has read."""
        assert one_shot
        assert not stream
        self._box(name)
        return {
            "cpu_stats": {"cpu_usage": {"total_usage": int(time.monotonic() * 5e8)}},
            "memory_stats": {"usage": 300 * 2**20, "stats": {"inactive_file": 100 * 2**20}},
        }

    def _box(self, name: str) -> dict[str, Any]:
        if name not in self.boxes:
            raise _refusal(NotFound, 404, f"No such container: {name}")
        return self.boxes[name]


def _has(labels: dict[str, str], wanted: list[str]) -> bool:
    return all(
        labels.get(name) == value if mark else name in labels
        for name, mark, value in (label.partition("=") for label in wanted)
    )
