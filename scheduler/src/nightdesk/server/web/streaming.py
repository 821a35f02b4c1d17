"""A file of the store as an answer: in large pieces, from any place on, with little memory however large it is.

What is large the proxy sends: it says that it can, and is told the address of the bytes instead of given them (as
X-Sendfile and X-Accel-Redirect of other servers do). Its side of it: services/proxy/bodies.mjs. Who says that they can
fetch it from a bucket by themselves, as the command does, is sent there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import IO

from anyio import to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from nightdesk.server.ports.files import FileStore

_BODY = "X-Nightdesk-Body"  # asked with `apart`, answered with an address and `#FIRST-END`
_DIRECT = "X-Nightdesk-Direct"  # asked with `yes`, answered with 307 where a bucket has the bytes
_APART_BYTES = 2**20  # what is smaller costs less to send than to send elsewhere
_PIECE = 2**20  # a smaller one costs more to hand from thread to thread than to read
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def file_response(
    request: Request, store: FileStore, key: str, size: int, headers: dict[str, str], kind: str
) -> Response:
    """All of it, or the part that was asked for (RFC 9110, 14): then 206, or 416 where there is no such part.

    Args:
        request: may hold ``Range``, and ``If-Range`` with the ETag that an earlier part came with.
        store: has the file.
        key: its name there.
        size: of the whole file in bytes.
        headers: of the answer, its ETag among them.
        kind: the media type.

    Raises:
        NotFound: there is no such file.
        Unavailable: the store does not answer.
    """
    headers = {**headers, "Accept-Ranges": "bytes"}
    part = wanted_part(request.headers.get("range"), request.headers.get("if-range"), headers["ETag"], size)
    start, end = part or (0, size)
    bucket = store.address(key) if _fetches_itself(request, end - start, headers["ETag"]) else None
    if bucket is not None and not bucket.startswith("file:"):
        return RedirectResponse(bucket, headers={"Cache-Control": "no-store"})
    if part is not None:
        if start >= end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 200 if part is None else 206
    address = store.address(key) if _sent_by_proxy(request, end - start) else None
    if address is not None:
        return Response(
            status_code=status, media_type=kind, headers={**headers, _BODY: f"{address}#{start}-{end}"}
        )
    file = store.open(key)
    if start:
        file.seek(start)
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(_pieces(file, end - start), status_code=status, media_type=kind, headers=headers)


def _sent_by_proxy(request: Request, size: int) -> bool:
    """Whether the proxy sends so many bytes; at the gate there is none, and the word of a run's code is no proxy's."""
    return size >= _APART_BYTES and request.headers.get(_BODY) == "apart" and not request.app.state.gate


def _fetches_itself(request: Request, size: int, etag: str) -> bool:
    """Whether they fetch so many bytes from a bucket, of which they have the beginning if they ask for a part."""
    asks = size >= _APART_BYTES and request.headers.get(_DIRECT) == "yes" and not request.app.state.gate
    return asks and request.headers.get("if-range") in {None, etag}


def wanted_part(wanted: str | None, only_if: str | None, etag: str, size: int) -> tuple[int, int] | None:
    """From which byte to before which; None for all of it, an empty part for one that is not there.

    Several parts at once are answered with all of it, as a server may.
    """
    found = _RANGE.fullmatch((wanted or "").replace(" ", ""))
    if found is None or found[0] == "bytes=-" or (only_if is not None and only_if != etag):
        return None
    first, last = found[1], found[2]
    if not first:
        return max(size - int(last), 0), size
    start = int(first)
    if last and int(last) < start:
        return None
    return start, min(int(last) + 1, size) if last else size


async def _pieces(file: IO[bytes], left: int) -> AsyncIterator[bytes]:
    """So many bytes of it, read no faster than they are taken."""
    try:
        while left > 0 and (piece := await to_thread.run_sync(file.read, min(_PIECE, left))):
            left -= len(piece)
            yield piece
    finally:
        file.close()
