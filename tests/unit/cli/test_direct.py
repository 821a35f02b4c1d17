"""A large output is fetched from the bucket that holds it, where that is in reach from here."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .line_double import Server

Run = Callable[..., Any]
CONTENT = os.urandom(3 * 2**20)
SIGNED = "/lake/runs/model.bin?X-Amz-Signature=abc%2Fd&x=1"


def whole(content: bytes = CONTENT, status: str = "200 OK") -> bytes:
    # The double of a server splits at this, to send in pieces.
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
    )


class Bucket(Server):
    def _serve(self, connections: tuple[list[bytes], ...]) -> None:
        for answers in connections:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line:
                self.requests.append(line.recv(65536))
                line.sendall(answers[0])


@pytest.fixture
def bucket() -> Iterator[Callable[..., Bucket]]:
    opened: list[Bucket] = []

    def start(*answers: bytes) -> Bucket:
        opened.append(Bucket(*([answer] for answer in answers)))
        return opened[-1]

    yield start
    for server in opened:
        server.close()


@pytest.fixture
def sent_to(signed_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A platform whose large outputs are at this address."""
    monkeypatch.chdir(tmp_path)

    def to(origin: str) -> Any:
        signed_in.add_run(status="succeeded")
        for name in ("model.bin", "other.bin"):
            signed_in.put_output(name, CONTENT)
        signed_in.direct = origin + SIGNED
        return signed_in

    return to


def asked(platform: Any) -> list[str | None]:
    return [headers.get("x-nightdesk-direct") for _, path, headers in platform.requests if ".bin" in path]


def test_it_comes_from_there_and_the_login_does_not_go_there(
    bucket: Callable[..., Bucket], sent_to: Callable[[str], Any], nightdesk: Run
) -> None:
    holds = bucket(whole(), whole())
    platform = sent_to(f"http://127.0.0.1:{holds.port}")
    result = nightdesk("download", "run1")
    assert result.code == 0, result.err
    assert Path("run1/model.bin").read_bytes() == Path("run1/other.bin").read_bytes() == CONTENT
    assert asked(platform) == ["yes", "yes"]
    assert len(holds.requests) == 2
    for request in holds.requests:
        assert request.startswith(f"GET {SIGNED} HTTP/1.1\r\nHost: 127.0.0.1:{holds.port}\r\n".encode())
        assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"<Error>denied</Error>", "403 Forbidden"),
        whole(b"<html>sign in to this network</html>"),
        b"220 mail.example.org\r\n\r\n",
    ],
)
def test_where_the_bucket_does_not_give_it_the_platform_does(
    bucket: Callable[..., Bucket], sent_to: Callable[[str], Any], nightdesk: Run, answer: bytes
) -> None:
    holds = bucket(answer, answer)
    platform = sent_to(f"http://127.0.0.1:{holds.port}")
    assert nightdesk("download", "run1").code == 0
    assert Path("run1/model.bin").read_bytes() == Path("run1/other.bin").read_bytes() == CONTENT
    assert asked(platform) == ["yes", None, None], "asked no second time"
    assert len(holds.requests) == 1


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{closed}", "http://no-such-host.invalid", "ftp://x", "nonsense"]
)
def test_out_of_reach_it_comes_through_the_platform(
    sent_to: Callable[[str], Any], nightdesk: Run, origin: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    sent_to(origin.format(closed=closed))
    assert nightdesk("download", "run1").code == 0
    assert Path("run1/model.bin").read_bytes() == CONTENT


def test_what_broke_goes_on_from_there(
    bucket: Callable[..., Bucket], sent_to: Callable[[str], Any], nightdesk: Run
) -> None:
    cut = whole()[: -2 * 2**20]
    size = len(cut) - cut.index(b"\r\n\r\n") - 4
    rest = whole(CONTENT[size:], "206 Partial Content")
    holds = bucket(cut, rest, whole())
    sent_to(f"http://127.0.0.1:{holds.port}")
    assert nightdesk("download", "run1").code == 0
    assert Path("run1/model.bin").read_bytes() == CONTENT
    assert f"Range: bytes={size}-\r\n".encode() in holds.requests[1]
    assert b"If-Range" not in holds.requests[1], "that is the platform's word for this file, not the bucket's"


def test_what_is_large_is_on_the_disk_before_it_has_its_name(
    sent_to: Callable[[str], Any], nightdesk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = sent_to("http://127.0.0.1:1")
    platform.put_output("small.txt", b"small")
    settled: list[tuple[int, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda file: settled.append((os.fstat(file).st_size, Path("run1/model.bin").exists()))
    )
    assert nightdesk("download", "run1").code == 0
    assert settled == [(len(CONTENT), False), (len(CONTENT), True)]


def test_nothing_is_left_open(
    bucket: Callable[..., Bucket], sent_to: Callable[[str], Any], nightdesk: Run
) -> None:
    holds = bucket(whole(), whole())
    sent_to(f"http://127.0.0.1:{holds.port}")
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert nightdesk("download", "run1").code == 0
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # the command's own line to the double
