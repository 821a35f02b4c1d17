"""A program whose output is read as it comes, and that ends when it is told to."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Event
from typing import IO

from nightdesk.server.ports.builder import Interrupted, Say

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 3.0


def run_aloud(
    command: Sequence[str],
    environment: Mapping[str, str],
    say: Say,
    stop: Event,
    timeout: float,
) -> int | None:
    """Run a program, and say what it prints; its exit code, None where it took longer than ``timeout`` seconds.

    Raises:
        Interrupted: ``stop`` was set; the program and what it started are gone.
    """
    deadline = time.monotonic() + timeout
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not stop.is_set():
                if time.monotonic() > deadline:
                    return None
                if selector.select(_LOOK_SECONDS) and not _said(process.stdout, say):
                    return process.wait()
        raise Interrupted
    finally:
        _end(process)
        process.stdout.close()


def _said(output: IO[bytes], say: Say) -> bool:
    piece = os.read(output.fileno(), 65536)
    if piece:
        say(piece.decode("utf-8", "replace").replace("\r", "\n"))
    return bool(piece)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
