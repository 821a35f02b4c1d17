"""A file of the store as an answer: in large pieces, from any place on, with little memory however large it is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import IO

from anyio import to_thread
from fastapi import Request
from fastapi.responses import Response, StreamingResponse

_PIECE = 2**20  # a smaller one costs more to hand from thread to thread than to read
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def file_response(
    request: Request, file: IO[bytes], size: int, headers: dict[str, str], kind: str
) -> Response:
    """All of it, or the part that was asked for (RFC 9110, 14): then 206, or 416 where there is no such part.

    Args:
        request: may hold ``Range``, and ``If-Range`` with the ETag that an earlier part came with.
        file: as the store opened it; closed when the answer has gone.
        size: of the whole file in bytes.
        headers: of the answer, its ETag among them.
        kind: the media type.
    """
    headers = {**headers, "Accept-Ranges": "bytes"}
    part = wanted_part(request.headers.get("range"), request.headers.get("if-range"), headers["ETag"], size)
    if part is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(_pieces(file, size), media_type=kind, headers=headers)
    start, end = part
    if start >= end:
        file.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
    file.seek(start)
    return StreamingResponse(_pieces(file, end - start), status_code=206, media_type=kind, headers=headers)


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
