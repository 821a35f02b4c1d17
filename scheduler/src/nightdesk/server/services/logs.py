"""A run's log: from the database while it is fresh, from the store afterwards."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from nightdesk.server.domain.errors import NotFound, Unavailable
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import LogChunk, Records
from nightdesk.server.services.submit import output_key

_PIECE = 64 * 1024
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_TAIL = 8 * 1024  # characters
_TAIL_LINE = 400
_BACK = (5 * _TAIL, 40 * _TAIL)  # a piece that begins before the tail may reach into it


def log_chunks(records: Records, store: FileStore, run: Run, start: int = 0) -> Iterator[LogChunk]:
    """Pieces from the character ``start`` on, as far as the log goes now."""
    while chunks := records.log(run, start):
        yield from chunks
        last = chunks[-1]
        start = last.start + max(len(last.text), 1)
    if run.final:  # the pieces are gone by now, or log.txt says at its end what was left out
        yield from _stored(store, run, start)


def log_text(records: Records, store: FileStore, run: Run) -> Iterator[str]:
    """The log as text."""
    for chunk in log_chunks(records, store, run):
        yield chunk.text


def log_tail(records: Records, store: FileStore, run: Run, lines: int) -> str:
    """The last lines of the log, however long it is, without colours and as a terminal would leave them."""
    _, end = records.log_end(run)
    text = _fresh(records, run, end) if end else _stored_end(store, run)
    shown = [_last_state(line) for line in text[-_TAIL:].rstrip("\n").split("\n")[-lines:]]
    return _COLOUR.sub("", "\n".join(line[:_TAIL_LINE] for line in shown))


def _last_state(line: str) -> str:
    """What is left to see of a progress bar that was drawn over and over."""
    return line.rstrip("\r").rpartition("\r")[2]


def _fresh(records: Records, run: Run, end: int) -> str:
    """Somewhat more than the tail; from further back where a piece is that long."""
    text = ""
    for back in (*_BACK, end):
        start = max(end - back, 0)
        while chunks := records.log(run, start):
            text += "".join(chunk.text for chunk in chunks)
            start = chunks[-1].start + max(len(chunks[-1].text), 1)
        if text:
            break
    return text


def _stored_end(store: FileStore, run: Run) -> str:
    try:
        file = store.open(output_key(run, "log.txt"))
    except (NotFound, Unavailable):  # of a page the rest is worth showing
        return ""
    with file:
        length = file.seek(0, io.SEEK_END)
        file.seek(max(length - _TAIL, 0))
        return file.read(_TAIL).decode("utf-8", "replace")


def _stored(store: FileStore, run: Run, start: int) -> Iterator[LogChunk]:
    try:
        file = store.open(output_key(run, "log.txt"))
    except NotFound:
        return
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    at = 0
    with file:
        while piece := file.read(_PIECE):
            text = decoder.decode(piece)
            if at + len(text) > start:
                skip = max(start - at, 0)
                yield LogChunk(0, at + skip, "stdout", None, text[skip:])
            at += len(text)
