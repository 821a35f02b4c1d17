"""A run's log: from the database while it is fresh, from the store afterwards."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import LogChunk, Records
from nightdesk.server.services.submit import output_key

_PIECE = 64 * 1024


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
