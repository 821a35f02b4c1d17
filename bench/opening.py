"""A large notebook's page: how soon there is something of it, and how soon its first cells.

With the platform's own web application and store, without a platform. Each time it is a run of its own, whose page nobody
has asked for before.
"""

from __future__ import annotations

import base64
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightdesk.server.adapters.database import Database
from nightdesk.server.web.forker import forker

from tests.support.notebooks import notebook
from tests.unit.server.web.site import API, TOKENS, Site
from tests.unit.server.web.test_outputs import leaving
from tests.unit.server.workbench import ADA, Bench

from .figures import spread

MEGABYTES, CELLS, LOOKS = 30, 300, 9
_CELL = b'class="jp-Cell '


def large_notebook(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds until the first bytes, the first cell and the end of the page of a notebook of 30 MB."""
    path = folder / "opening.db"
    Database(f"sqlite:///{path}").migrate()
    forker.worker(2**30).end()  # it has imported all by now, as when somebody has looked at the page of a run
    bench = Bench(path, {})
    site = Site(bench)
    try:
        source = _source()
        say(
            f"opening the page of a notebook of {len(source) / 1e6:.0f} MB {LOOKS} times, a new one each time"
        )
        seen = [_opened(site, source) for _ in range(LOOKS)]
    finally:
        site.stop()
        bench.close()
    moments = ("first_bytes", "first_cell", "whole")
    return {
        "megabytes": round(len(source) / 1e6),
        "cells": CELLS,
        "cold": dict(zip(moments, seen[0], strict=True)),
        **{moment: spread([each[place] for each in seen]) for place, moment in enumerate(moments)},
    }


def _source() -> bytes:
    """Tables, pictures and printed text, as long notebooks have them."""
    chance = random.Random(7)  # noqa: S311 - the same each time
    each = MEGABYTES * 10**6 // CELLS
    cells = []
    for number in range(CELLS):
        kind = number % 3
        if kind == 0:
            lines = [f"step {line}: loss {chance.random():.6f}\n" for line in range(each // 28)]
            output = {"output_type": "stream", "name": "stdout", "text": lines}
        elif kind == 1:
            picture = base64.b64encode(chance.randbytes(each * 3 // 4)).decode()
            output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
        else:
            row = "".join(f"<td>{chance.random():.4f}</td>" for _ in range(10))
            table = f"<table>{''.join(f'<tr>{row}</tr>' for _ in range(each // (len(row) + 9)))}</table>"
            output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": table}}
        cells.append({**_code(f"table[{number}].plot()  # {number}"), "outputs": [output]})
    return notebook(*cells)


def _code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": 1, "outputs": []}


def _opened(site: Site, source: bytes) -> tuple[float, float, float]:
    run = leaving(site, {}, executed=source)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", site.port), timeout=120) as asked:
        asked.sendall(
            f"GET {API}/runs/{run.id}/outputs/notebook.html HTTP/1.1\r\nHost: nightdesk\r\nConnection: close\r\n"
            f"Authorization: token {TOKENS[ADA.name]}\r\n\r\n".encode()
        )
        came, last, first, cell = b"", b"", 0.0, 0.0
        while piece := asked.recv(2**18):
            now = time.perf_counter() - began
            first = first or now
            if not cell:
                came += piece
                cell = now if _CELL in came else 0.0
            last = (last + piece)[-1000:]
    assert b"</html>" in last, "a page that is whole"
    return first, cell, time.perf_counter() - began
