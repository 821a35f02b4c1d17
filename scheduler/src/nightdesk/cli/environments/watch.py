"""Following a build to its end."""

from __future__ import annotations

import codecs

from nightdesk.cli.logtext import LogLines
from nightdesk.cli.summary import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from nightdesk.client.catalogue_answers import Build
    from nightdesk.client.platform import Client

FINAL = ("succeeded", "failed", "cancelled")
_LOST_AFTER = 5.0  # seconds; shorter breaks are not worth a word
_WORDS = {
    "queued": "waiting for its turn: one build goes on at a time",
    "building": "building",
    "testing": "trying it: the single-user server, each kernel, the smoke notebook",
}


class BuildDisplay:
    """The log goes to `stream`, how the build is to stderr; without a stream only the latter."""

    def __init__(self, stream: TextIO | None) -> None:
        from nightdesk.cli.terminal import colours

        self._stream = stream
        self._lines = LogLines(coloured=stream is not None and colours(stream))
        self._status = ""
        self._told_lost = False

    def build(self, build: Build) -> None:
        """The build as it is now."""
        self._connected()
        if build["status"] != self._status and build["status"] in _WORDS:
            say(_WORDS[build["status"]])
        self._status = build["status"]

    def log(self, text: str) -> None:
        """The build has printed something."""
        self._connected()
        self._print(self._lines.feed("log", text))

    def waiting(self, lost_for: float) -> None:
        """Nothing has come for a while; for `lost_for` seconds there has been no connection."""
        if lost_for > _LOST_AFTER and not self._told_lost:
            self._told_lost = True
            say("connection lost, trying again… (the build is not affected)")

    def close(self) -> None:
        """Nothing more will come."""
        self._print(self._lines.rest())

    def _print(self, text: str) -> None:
        if self._stream is not None and text:
            self._stream.write(text)
            self._stream.flush()

    def _connected(self) -> None:
        if self._told_lost:
            self._told_lost = False
            say("connected again")


def watch_build(client: Client, build: Build, stream: TextIO | None) -> Build | None:
    """Show a build's log on `stream` until it ends; the build as it ended, None where Ctrl-C was pressed."""
    display = BuildDisplay(stream)
    last = build
    try:
        for event in client.builds.events(build["id"], waiting=display.waiting, patient=True):
            if event.kind == "log":
                display.log(event.data["text"])
            elif event.kind in ("build", "end"):
                last = event.data
                display.build(last)
    except KeyboardInterrupt:
        say(f"\nno longer following; the build goes on. Its page: {build['url']}")
        say(f"  follow it again: nightdesk env log {build['id']} -f")
        say(f"  end it:          nightdesk env cancel {build['id']}")
        return None
    finally:
        display.close()
    return last


def print_log(pieces: Iterator[bytes], stream: TextIO) -> None:
    """Print the whole log, made fit for a terminal."""
    from nightdesk.cli.terminal import colours

    lines = LogLines(coloured=colours(stream))
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in pieces:
        stream.write(lines.feed("log", decoder.decode(piece)))
    stream.write(lines.feed("log", decoder.decode(b"", final=True)) + lines.rest())


def show_ending(build: Build) -> None:
    """How a build ended, and what can be done now."""
    from nightdesk.cli.environments.looking import label
    from nightdesk.cli.table import show_facts
    from nightdesk.cli.terminal import mark, plain

    name = plain(label(build))
    good = build["status"] == "succeeded"
    print(f"{mark(good)} {name} {'is built and passed its trial' if good else build['status']}")
    promoted = build["channel"] if good else None
    show_facts(
        [
            ("why", plain(build["reason"] or "") if not good else ""),
            ("digest", build["digest"] or ""),
            ("channel", f"{promoted} points at it" if promoted else ""),
            ("promote", f"nightdesk env promote {name}" if good and not promoted and _offered(build) else ""),
            ("use it", f"nightdesk submit FILE --env {name}" if good else ""),
            ("log", f"nightdesk env log {build['id']}"),
            ("page", build["url"]),
        ]
    )


def _offered(build: Build) -> bool:
    return build["kind"] != "again"  # those are deprecated from the start
