"""Looking for a secret in all that a platform keeps and says: volumes byte by byte, what the engine tells, logs."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .platform import Platform, docker

_PIECE = 1 << 20


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, in hexadecimal, and in base64 wherever it may begin there."""
    plain = secret.encode()
    forms = {plain, plain.hex().encode(), plain.hex().upper().encode(), json.dumps(secret)[1:-1].encode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        # Neighbours colour the first and the last characters: what is between them is the secret's alone.
        forms.add(encoded[4 if before else 0 : -4])
    return forms


class Leaks:
    """Which of some secrets stand in what is looked at."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms = {name: forms_of(secret) for name, secret in secrets.items()}
        self._longest = max(len(form) for forms in self._forms.values() for form in forms)

    def of(self, content: str | bytes) -> list[str]:
        """The names of those that stand in it."""
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        return [name for name, forms in self._forms.items() if any(form in raw for form in forms)]

    def of_pieces(self, pieces: Iterable[bytes]) -> list[str]:
        """The same of what is too long to be held; a secret may begin in one piece and end in the next."""
        found: set[str] = set()
        before = b""
        for piece in pieces:
            found.update(self.of(before + piece))
            before = piece[-self._longest :]
        return sorted(found)


def containers_of(platform: Platform) -> list[dict[str, Any]]:
    """Every container of the platform that is there just now."""
    found = {}
    for label in ("com.docker.compose.project", "org.nightdesk.project"):
        filters = ("--filter", f"label={label}={platform.project}")
        for each in docker("ps", "--all", "--quiet", "--no-trunc", *filters).split():
            found[each] = json.loads(told_of(each, "inspect", each) or "[]")
    return [container for each in found.values() for container in each]


def told_of(container: str, *command: str) -> str:
    """What the engine answers about a container, on both its outputs; nothing where it was removed meanwhile."""
    done = subprocess.run(["docker", *command], capture_output=True, check=False, timeout=120)
    if done.returncode and docker("ps", "--all", "--quiet", "--filter", f"id={container}"):
        raise AssertionError(f"docker {' '.join(command[:4])}: {done.stderr.decode(errors='replace')}")
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def volumes_of(platform: Platform) -> list[str]:
    """The platform's volumes, people's homes too."""
    names = docker("volume", "ls", "--quiet", "--filter", f"name={platform.project}").split()
    return [name for name in names if name.startswith((f"{platform.project}_", f"{platform.project}-"))]


def raw(platform: Platform, volume: str) -> Iterator[bytes]:
    """All bytes of a volume, in pieces: as a copy of it would hold them."""
    image = platform.inspect(platform.service("redis"))["Image"]
    options = (
        "--rm",
        "--network",
        "none",
        "--user",
        "0",
        "--volume",
        f"{volume}:/v:ro",
        "--entrypoint",
        "tar",
    )
    with subprocess.Popen(
        ["docker", "run", *options, image, "-c", "-f", "-", "-C", "/v", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(_PIECE):
            yield piece
