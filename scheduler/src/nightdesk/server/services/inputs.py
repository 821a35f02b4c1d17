"""What a run was handed over with: the file as it came, as it is run, and what came along.

Small ones stand in the database and are put there with the run, so that a submit waits for the disk once. Others lie
side by side in one folder of the store: making a folder for each run would have a submit wait for the disk twice more.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO

from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records

SOURCE, PREPARED, FILES = "source", "prepared", "files.tar.gz"
ALL = (SOURCE, PREPARED, FILES)
SMALL_BYTES = 256 * 1024  # of all inputs of a run together


def add_with_inputs(
    records: Records, store: FileStore, run: Run, inputs: Mapping[str, IO[bytes]]
) -> tuple[Run, bool]:
    """Put a run on record with its inputs by name; the run, and whether it is new.

    Where it is not, what was handed over is not kept.

    Raises:
        Unavailable: the database or the store is full or out of reach.
        Conflict: the run's version has just been removed.
    """
    small = _small(inputs)
    if small is not None:
        return records.add_run(run, small)
    store.put_all({input_key(run.id, name): content for name, content in inputs.items()})
    accepted, new = records.add_run(run)
    if not new:
        for name in inputs:
            store.remove(input_key(run.id, name))
    return accepted, new


def open_input(records: Records, store: FileStore, run_id: str, name: str) -> IO[bytes]:
    """One of a run's inputs.

    Raises:
        NotFound: it is not there.
    """
    small = records.run_input(run_id, name)
    if small is not None:
        return io.BytesIO(small)
    try:
        return store.open(input_key(run_id, name))
    except NotFound:
        return store.open(f"runs/{run_id}/input/{name}")  # of a run from before they lay side by side


def inputs_there(records: Records, store: FileStore, run_id: str) -> list[str]:
    """The names of a run's inputs that are there."""
    return records.run_inputs(run_id) or [
        name
        for name in ALL
        if store.exists(input_key(run_id, name)) or store.exists(f"runs/{run_id}/input/{name}")
    ]


def input_key(run_id: str, name: str) -> str:
    """Where one of a run's inputs stands in the store."""
    return f"inputs/{run_id}.{name}"


def _small(inputs: Mapping[str, IO[bytes]]) -> dict[str, bytes] | None:
    """All of them, where together they are small; None leaves them as they were."""
    found, room = {}, SMALL_BYTES
    for name, content in inputs.items():
        found[name] = content.read(room + 1)
        room -= len(found[name])
        if room < 0:
            for read in inputs.values():
                read.seek(0)
            return None
    return found
