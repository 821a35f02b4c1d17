"""What is large comes from the store past the api: the proxy sends it, and believes nobody but the api."""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests

from ..support.notebooks import notebook
from ..support.people import Person
from ..support.platform import Platform, docker
from ..support.waiting import until

pytestmark = pytest.mark.platform
MEGABYTES = 120
MAKE = f"""
import os, pathlib
with open(pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"]) / "large [1] ü%.bin", "wb") as file:
    for number in range({MEGABYTES}):
        file.write(bytes([number]) * 2**20)
"""
HELD = b"0123456789"
LARGE = 70 * 2**20  # a process of its own sends what has 64 MB and more
SECRET = b"of the store"
# Stands for the api, for a bucket and for the server of somebody's session, by what it is asked for.
ANSWERS = """
import http.server, re
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        held, at = b"0123456789", "session" if self.path.startswith("/user/") else "api"
        if self.headers["Host"].startswith("bucket"):
            at = "bucket"
        status, headers, body = 200, {"ETag": "e"}, b"from " + at.encode()
        told = self.headers.get("X-Nightdesk-Body") == "apart" or at == "session"
        name = self.path.partition("?")[0].rpartition("/")[2]
        if at == "bucket":
            first, last = re.fullmatch("bytes=([0-9]+)-([0-9]+)", self.headers["Range"]).groups()
            refused = "sign=good" not in self.path
            status, body = (403, b"refused") if refused else (206, held[int(first) : int(last) + 1])
        elif told and name in PLACES:
            status, headers["X-Nightdesk-Body"], body = 206, PLACES[name], b""
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", 8080), Answers).serve_forever()
"""
PLACES = {
    "file": "file:///store/a%20b#0-10",
    "part": "file:///store/a%20b#3-7",
    "object": "http://bucket:8080/o%25?sign=good#2-6",
    "refused": "http://bucket:8080/o%25?sign=old#0-10",
    "nobody": "http://nobody.invalid/o#0-10",
    "missing": "file:///store/none#0-10",
    "outside": "file:///etc/passwd#0-10",
    "climbing": "file:///store/%2e%2e/etc/passwd#0-10",
    "link": "file:///store/link#0-10",
    "large": f"file:///store/large#0-{LARGE}",
    "most": f"file:///store/large#1000001-{LARGE - 3}",
}


def large() -> bytes:
    """Of which no part is like another near it."""
    return (bytes(range(251)) * (LARGE // 251 + 1))[:LARGE]


def _told(name: str, program: str) -> bool:
    return docker("exec", name, "node", "-e", program).strip() == "201"


@pytest.fixture(scope="module")
def door(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A proxy by itself, with servers behind it that tell it what they like; its address."""
    folder = tmp_path_factory.mktemp("store")
    folder.chmod(0o755)
    (folder / "a b").write_bytes(HELD)
    (folder / "large").write_bytes(large())
    (folder / "link").symlink_to("/etc/passwd")
    name, token = f"{platform.project}-bodies-{secrets.token_hex(3)}", secrets.token_hex(16)
    images = {
        service: platform.inspect(platform.service(service))["Image"] for service in ("proxy", "worker")
    }
    docker("network", "create", "--label", f"org.nightdesk.project={platform.project}", name)
    try:
        aliases = [f"--network-alias={alias}" for alias in ("api", "bucket", "session")]
        program = f"PLACES = {PLACES!r}\n{ANSWERS}"
        docker(
            "run", "-d", "--name", f"{name}-behind", f"--network={name}", *aliases, images["worker"], "python", "-c", program
        )  # fmt: skip
        docker(
            "run", "-d", "--name", name, f"--network={name}", "--network-alias=proxy-api", "--read-only",
            "--env", f"CONFIGPROXY_AUTH_TOKEN={token}", "-p", "127.0.0.1::8000", "-v", f"{folder}:/store:ro", images["proxy"],
        )  # fmt: skip
        for path, target in {"/services/nightdesk": "api", "/user/bob": "session"}.items():
            program = (
                f"fetch('http://proxy-api:8001/api/routes{path}', {{method: 'POST', headers: {{Authorization: 'token {token}'}},"
                f" body: {json.dumps(json.dumps({'target': f'http://{target}:8080'}))}}})"
                ".then(r => console.log(r.status), () => console.log('not yet'))"
            )
            until(functools.partial(_told, name, program), "a route")
        yield f"http://{docker('port', name, '8000').split()[0]}"
    finally:
        docker("rm", "--force", "--volumes", name, f"{name}-behind")
        docker("network", "rm", name)


@pytest.mark.parametrize(
    ("name", "content"), [("file", HELD), ("part", HELD[3:7]), ("object", HELD[2:6]), ("none", b"from api")]
)
def test_it_sends_what_the_api_names(door: str, name: str, content: bytes) -> None:
    for _ in range(2):
        answer = requests.get(f"{door}/services/nightdesk/{name}", timeout=30)
        assert (answer.content, answer.headers["etag"]) == (content, "e")
        assert answer.headers["content-length"] == str(len(content))
        assert "x-nightdesk-body" not in answer.headers


@pytest.mark.parametrize("name", ["refused", "nobody", "missing", "outside", "climbing", "link"])
def test_what_it_cannot_reach_the_api_sends_itself(door: str, name: str) -> None:
    answer = requests.get(f"{door}/services/nightdesk/{name}", timeout=30)
    assert (answer.status_code, answer.content) == (200, b"from api")
    assert "x-nightdesk-body" not in answer.headers


@pytest.mark.security(16)
@pytest.mark.parametrize("name", ["file", "object"])
def test_nobody_elses_server_names_a_file(door: str, name: str) -> None:
    asked = {"X-Nightdesk-Body": "apart"}
    answer = requests.get(f"{door}/user/bob/{name}", headers=asked, timeout=30)
    assert answer.content == b""


def asked(line: http.client.HTTPConnection, target: str, **headers: str) -> tuple[int, bytes]:
    """The answer on this very line; its status and all of it."""
    before = line.sock
    line.request("GET", target, headers=headers)
    answer = line.getresponse()
    found = answer.status, answer.read()
    assert line.sock is not None, "the line is kept open"
    assert before in {None, line.sock}, "it had been closed meanwhile"
    return found


def opened(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)


def test_a_line_goes_on_after_what_a_process_of_its_own_sent(door: str) -> None:
    line, content = opened(door), large()
    for name, part in {"large": content, "most": content[1000001:-3]}.items():
        status, found = asked(line, f"/services/nightdesk/{name}")
        assert (status, len(found), found == part) == (206, len(part), True)
        start = time.monotonic()
        assert asked(line, "/services/nightdesk/file") == (206, HELD)
        assert time.monotonic() - start < 1, "the next request is read at once"
    line.close()


def senders(platform: Platform) -> int:
    """How many processes send for the proxy."""
    return docker("top", platform.service("proxy")).count("send.py")


def open_files(platform: Platform) -> int:
    """How many of the store's the proxy has open."""
    listed = docker(
        "exec", platform.service("proxy"), "sh", "-c", "ls -l /proc/[0-9]*/fd 2>/dev/null || true"
    )
    return listed.count(" /store/")


def test_a_download_goes_on_while_the_api_is_still(platform: Platform, ada: Person, tmp_path: Path) -> None:
    run = ada.runs.end(ada.runs.submit(notebook(MAKE), size="small")["id"])
    (made,) = [each for each in run["outputs"] if each["name"].startswith("large")]
    url = f"{platform.url}/api/v1/runs/{run['id']}/outputs/{quote(made['name'])}"
    digest = hashlib.sha256()
    with requests.get(
        url, headers={"Authorization": f"Bearer {ada.token}"}, stream=True, timeout=60
    ) as answer:
        pieces = answer.iter_content(2**20)
        digest.update(next(pieces))
        docker("pause", platform.service("api"))
        try:
            for piece in pieces:
                digest.update(piece)
        finally:
            docker("unpause", platform.service("api"))
    assert digest.hexdigest() == made["sha256"]
    with requests.get(
        url, headers={"Authorization": f"Bearer {ada.token}"}, stream=True, timeout=60
    ) as answer:
        next(answer.iter_content(2**20))
        assert senders(platform) == 1
        assert open_files(platform) == 2  # the sender's, and the proxy's that gave it
    until(lambda: senders(platform) == 0, "what sends to nobody any more ends")
    until(lambda: open_files(platform) == 0, "the file is closed of which nobody reads the rest")
    line, who = opened(platform.url), {"Authorization": f"Bearer {ada.token}"}
    first = 7 * 2**20 - 1
    status, part = asked(line, urlsplit(url).path, Range=f"bytes={first}-{first + LARGE - 1}", **who)
    wanted = b"\6" + b"".join(bytes([number]) * 2**20 for number in range(7, 77))[:-1]
    assert (status, len(part), part == wanted) == (206, LARGE, True)
    start = time.monotonic()
    assert asked(line, f"/services/nightdesk/api/v1/runs/{run['id']}", **who)[0] == 200
    assert time.monotonic() - start < 1, "the next request is read at once"
    line.close()
    done = ada.command("download", run["id"], str(tmp_path / "there"))
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256((tmp_path / "there" / made["name"]).read_bytes()).hexdigest() == made["sha256"]
