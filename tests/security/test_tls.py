"""TLS by one setting: a certificate of one's own on a whole platform, one from an ACME server, and what is refused."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..support.platform import ROOT, Platform, alone, docker
from ..support.waiting import until
from .authority import Authority
from .conftest import xsrf

pytestmark = pytest.mark.security(29)
Say = Callable[[object], None]
HOST = "desk.example.org"


def configured(tmp_path: Path, settings: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make up`'s own step that looks at the settings."""
    config = tmp_path / "nightdesk.yaml"
    config.write_text(settings, "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTDESK_")}
    variables = {
        **kept,
        "NIGHTDESK_CONFIG": str(config),
        "NIGHTDESK_ENV_FILE": str(tmp_path / "none"),
        **environment,
    }
    return subprocess.run(
        ["setup/configuration.sh"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7", "::"])  # noqa: S104
def test_plain_http_is_for_loopback(tmp_path: Path, address: str) -> None:
    refused = configured(tmp_path, "site: {}", NIGHTDESK_BIND=address)
    assert refused.returncode == 1
    assert "passwords would cross the network readably" in refused.stderr
    assert "site.behind_proxy: true" in refused.stderr
    said = "site: {public_url: 'https://desk.example.org', behind_proxy: true}"
    assert configured(tmp_path, said, NIGHTDESK_BIND=address).returncode == 0
    for own in ("127.0.0.1", "localhost", "127.9.9.9"):
        assert configured(tmp_path, "site: {}", NIGHTDESK_BIND=own).returncode == 0


def test_a_certificate_that_will_not_do_stops_the_start(tmp_path: Path) -> None:
    folder, authority = tmp_path / "tls", Authority(tmp_path / "authority")
    settings = f"site: {{public_url: 'https://{HOST}', tls: files}}"

    def start() -> subprocess.CompletedProcess[str]:
        return configured(tmp_path, settings, NIGHTDESK_BIND="0.0.0.0", NIGHTDESK_TLS_FILES=str(folder))  # noqa: S104

    assert f"there is no {folder}/fullchain.pem" in start().stderr
    authority.sign("elsewhere.example.org", folder)
    assert HOST in start().stderr
    authority.sign(HOST, folder, days=-1)
    assert "expired" in start().stderr
    authority.sign(HOST, folder)
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("tls: files", "needs public_url"),
        ("{tls: acme, public_url: 'http://desk.example.org'}", "needs public_url"),
        ("{tls: acme, public_url: 'https://desk.example.org:8443'}", "no port"),
        ("{tls: acme, public_url: 'https://192.0.2.1'}", "with a name in it"),
        ("{tls: files, public_url: 'https://a.b', behind_proxy: true}", "ends before this platform"),
        ("{tls: maybe, public_url: 'https://a.b'}", "site.tls"),
        ("{acme_server: 'http://a.b'}", "begins with https"),
        ("{acme_email: 'a@b {evil'}", "no address for mail"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, site: str, words: str) -> None:
    refused = configured(tmp_path, f"site:\n  {site}" if site.startswith("tls") else f"site: {site}")
    assert refused.returncode == 1
    assert words in refused.stderr


@dataclass
class Front:
    """A platform that ends TLS itself, and how its clients know it."""

    platform: Platform
    authority: Authority
    files: Path
    https: int
    http: int

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.https}"

    def curl(self, *arguments: str, path: str = "", check: bool = True) -> str:
        """curl as a client that trusts the authority and nothing else; what it printed."""
        known = ["--resolve", f"{HOST}:{self.https}:127.0.0.1", "--resolve", f"{HOST}:{self.http}:127.0.0.1"]
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--cacert",
            str(self.authority.root),
            "--noproxy",
            "*",
            "--max-time",
            "20",
            *known,
        ]
        target = [] if any(each.startswith("http") for each in arguments) else [self.url + path]
        done = subprocess.run([*command, *arguments, *target], capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def serial(self) -> str:
        """Of the certificate that is served."""
        context = ssl.create_default_context(cafile=str(self.authority.root))
        with (
            socket.create_connection(("127.0.0.1", self.https), 10) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as secure,
        ):
            found = secure.getpeercert()
        assert found is not None
        return str(found["serialNumber"])


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    authority, files = Authority(folder / "authority"), folder / "files"
    authority.sign(HOST, files)
    https, http = free_ports()
    lines = {
        "NIGHTDESK_HTTPS_PORT": str(https),
        "NIGHTDESK_HTTP_PORT": str(http),
        "NIGHTDESK_TLS_FILES": str(files),
    }
    site = {"tls": "files", "public_url": f"https://{HOST}:{https}"}
    with alone(site=site, env=lines, NIGHTDESK_ENVIRONMENTS="python-data:2026.12.1") as platform:
        yield Front(platform, authority, files, https, http)


@pytest.mark.thorough
@pytest.mark.platform
@pytest.mark.timeout(900)
def test_a_platform_with_a_certificate_of_its_own(front: Front, tried: Say) -> None:
    platform = front.platform
    head = front.curl("--head", path="/hub/login")
    assert re.match(r"HTTP/2 (200|405)", head), head
    page = front.curl("--include", path="/hub/login")
    assert re.search(r"(?im)^strict-transport-security: max-age=31536000", page), page
    assert not re.search(r"(?im)^server:", page)
    cookies = re.findall(r"(?im)^set-cookie: (.*)$", page)
    assert cookies
    assert all("secure" in each.lower() for each in cookies), cookies
    plain = front.curl("--include", f"http://{HOST}:{front.http}/hub/home?x=1")
    assert re.match(r"HTTP/1.1 308", plain), plain
    assert f"Location: {front.url}/hub/home?x=1" in plain
    for version in ("1.0", "1.1"):
        assert front.curl(f"--tlsv{version}", "--tls-max", version, path="/hub/login", check=False) == "", (
            version
        )
    bindings = platform.inspect(platform.service("proxy"))["HostConfig"]["PortBindings"]
    assert {each["HostIp"] for group in bindings.values() for each in group} == {"127.0.0.1"}
    tried("HSTS, Secure cookies, HTTP sent on, TLS 1.0 and 1.1 refused, the plain port on loopback")


@pytest.mark.thorough
@pytest.mark.platform
@pytest.mark.timeout(900)
def test_signing_in_over_tls_and_a_lie_about_where_one_comes_from(front: Front, tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")
    page = front.curl("--cookie-jar", jar, "--cookie", jar, path="/hub/login")
    password = front.platform.settings["NIGHTDESK_ADMIN_PASSWORD"]
    form = [
        "--data-urlencode",
        f"_xsrf={xsrf(page)}",
        "--data-urlencode",
        "username=admin",
        "--data-urlencode",
        f"password={password}",
    ]
    told = front.curl("--include", "--cookie-jar", jar, "--cookie", jar, *form, path="/hub/login")
    assert re.match(r"HTTP/2 302", told), told
    runs = front.curl(
        "--location", "--include", "--cookie-jar", jar, "--cookie", jar, path="/services/nightdesk/"
    )
    assert re.search(r"(?m)^HTTP/2 200", runs), runs[-2000:]
    kept = [each for each in re.findall(r"(?im)^set-cookie: (.*)$", runs) if "max-age=0" not in each.lower()]
    assert any(each.startswith("nightdesk-session=") for each in kept), kept
    assert [each for each in kept if "; secure" not in each.lower()] == []
    name, codes = f"nobody{secrets.token_hex(2)}", []
    for number in range(7):
        page = front.curl("--cookie-jar", jar + "2", "--cookie", jar + "2", path="/hub/login")
        form = [
            "--data-urlencode",
            f"_xsrf={xsrf(page)}",
            "--data-urlencode",
            f"username={name}",
            "--data-urlencode",
            "password=x",
        ]
        lie = [
            "--header",
            f"X-Forwarded-For: 203.0.113.{number}",
            "--header",
            f"X-Real-Ip: 203.0.113.{number}",
        ]
        codes.append(
            front.curl(
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "--cookie",
                jar + "2",
                *form,
                *lie,
                path="/hub/login",
            )
        )
    assert codes[-1] == "429", "locked for the address that is really theirs"


@pytest.mark.thorough
@pytest.mark.platform
@pytest.mark.timeout(900)
def test_a_websocket_over_tls(front: Front) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    sent = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    upgrade = [part for each in (*sent, "Origin: https://evil.example") for part in ("--header", each)]
    told = front.curl(
        "--http1.1", "--include", *upgrade, path="/user/admin/api/kernels/x/channels", check=False
    )
    assert re.match(r"HTTP/1.1 (302|403|404|424|503)", told), told


@pytest.mark.thorough
@pytest.mark.platform
@pytest.mark.timeout(900)
def test_renewed_files_are_served_without_a_restart(front: Front) -> None:
    before = front.serial()
    started = front.platform.inspect(front.platform.service("tls"))["State"]["StartedAt"]
    key = (front.files / "privkey.pem").read_bytes()
    (front.files / "privkey.pem").write_text("half of a renewal")
    until(
        lambda: "cannot be used yet" in logs(front.platform.service("tls")), "half a renewal is refused", 60
    )
    assert front.serial() == before
    (front.files / "privkey.pem").write_bytes(key)
    front.authority.sign(HOST, front.files)
    until(lambda: front.serial() != before, "the new certificate", 60)
    assert front.platform.inspect(front.platform.service("tls"))["State"]["StartedAt"] == started


def logs(container: str) -> str:
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


# Pebble's own root, which it makes at each start.
ROOTS = """
import ssl, urllib.request
unknown = ssl._create_unverified_context()
print(urllib.request.urlopen("https://pebble:15000/roots/0", context=unknown).read().decode())
"""
PEBBLE = """
ARG DEBIAN=debian:trixie-slim
FROM ${DEBIAN}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends pebble ca-certificates
"""


@pytest.mark.thorough
@pytest.mark.engine
@pytest.mark.timeout(600)
def test_a_certificate_from_an_acme_server(tmp_path: Path, tried: Say) -> None:
    """Pebble, the ACME server that Let's Encrypt tests clients with, asks our front for its proof and signs."""
    tmp_path.chmod(0o755)
    authority, name = Authority(tmp_path / "authority"), f"ndacme{secrets.token_hex(3)}"
    authority.sign("pebble", tmp_path / "pebble")
    listen = {
        "listenAddress": "0.0.0.0:14000",
        "managementListenAddress": "0.0.0.0:15000",
        "httpPort": 80,
        "tlsPort": 443,
    }
    files = {
        "certificate": "/pebble/fullchain.pem",
        "privateKey": "/pebble/privkey.pem",
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    (tmp_path / "pebble/config.json").write_text(json.dumps({"pebble": {**listen, **files}}))
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "acme-root.pem").write_bytes(authority.root.read_bytes())
    docker("build", "--tag", "nightdesk-test/pebble", "-", stdin=PEBBLE.encode(), seconds=300)
    docker("network", "create", name)
    try:
        there = ["--detach", "--network", name]
        serves = ["pebble", "-config", "/pebble/config.json"]
        pebble = [
            "--network-alias",
            "pebble",
            "--env",
            "PEBBLE_VA_NOSLEEP=1",
            "--volume",
            f"{tmp_path}/pebble:/pebble:ro",
        ]
        docker("run", "--name", f"{name}-pebble", *there, *pebble, "nightdesk-test/pebble", *serves)
        variables = {
            "NIGHTDESK_TLS": "acme",
            "NIGHTDESK_TLS_HOST": HOST,
            "NIGHTDESK_PUBLIC_URL": f"https://{HOST}",
            "NIGHTDESK_ACME_EMAIL": "you@example.org",
            "NIGHTDESK_ACME_SERVER": "https://pebble:14000/dir",
        }
        env = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
        mounts = ["--read-only", "--volume", f"{trusted}:/tls:ro", "--publish", "127.0.0.1::443"]
        for place in ("/run/caddy", "/data"):
            mounts += ["--tmpfs", f"{place}:size=16m,mode=700,uid=8443,gid=8443"]
        docker(
            "run",
            "--name",
            f"{name}-tls",
            *there,
            "--network-alias",
            HOST,
            "--cap-drop",
            "ALL",
            *mounts,
            *env,
            "nightdesk/tls:latest",
        )
        docker(
            "run", "--name", f"{name}-asker", *there, "--init", "nightdesk/scheduler:latest", "sleep", "600"
        )
        port = int(docker("port", f"{name}-tls", "443").strip().rpartition(":")[2])
        issued = tmp_path / "issued.pem"

        def got() -> bool:
            asked = ["docker", "exec", f"{name}-asker", "python", "-c", ROOTS]
            found = subprocess.run(asked, capture_output=True, text=True, check=False)
            if found.returncode:  # pebble has not begun to listen
                return False
            issued.write_text(found.stdout)
            context = ssl.create_default_context(cafile=str(issued))
            try:
                with (
                    socket.create_connection(("127.0.0.1", port), 5) as plain,
                    context.wrap_socket(plain, server_hostname=HOST) as secure,
                ):
                    return secure.version() in {"TLSv1.2", "TLSv1.3"}
            except OSError:
                return False

        try:
            until(got, "a certificate from the authority", 90)
        except AssertionError:
            print(logs(f"{name}-tls")[-3000:], logs(f"{name}-pebble")[-3000:])
            raise
        tried("pebble asked for the proof and signed; a client that trusts its root alone is served")
    finally:
        for container in (f"{name}-tls", f"{name}-pebble", f"{name}-asker"):
            subprocess.run(
                ["docker", "rm", "--force", "--volumes", container], check=False, capture_output=True
            )
        subprocess.run(["docker", "network", "rm", name], check=False, capture_output=True)
