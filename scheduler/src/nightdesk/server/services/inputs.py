"""What a run was handed over with: the file as it came, as it is run, and what came along.

Small ones stand in the database and are put there with the run, so that a submit waits for the disk once. Others lie
side by side in one folder of the store: making a folder for each run would have a submit wait for the disk twice more.
What runs of a sweep get stands there once, under the sweep's id.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO

from nightdesk.server.domain.errors import NotFound
from nightdesk.server.domain.run import Run
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sweeps import SharedInput
from nightdesk.server.services.notebook import with_values

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
    small = small_enough(inputs)
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
    shared = records.shared_input(run_id, name)
    if shared is not None:
        return _of_sweep(store, shared, name)
    try:
        return store.open(input_key(run_id, name))
    except NotFound:
        return store.open(f"runs/{run_id}/input/{name}")  # of a run from before they lay side by side


def inputs_there(records: Records, store: FileStore, run_id: str) -> list[str]:
    """The names of a run's inputs that are there."""
    return (
        records.run_inputs(run_id)
        or records.shared_inputs(run_id)
        or [
            name
            for name in ALL
            if store.exists(input_key(run_id, name)) or store.exists(f"runs/{run_id}/input/{name}")
        ]
    )


def input_key(run_id: str, name: str) -> str:
    """Where one of a run's inputs stands in the store."""
    return f"inputs/{run_id}.{name}"


def _of_sweep(store: FileStore, shared: SharedInput, name: str) -> IO[bytes]:
    """What a run gets that is kept once for its whole sweep; of a notebook its own parameters are put in."""
    content: IO[bytes]
    content = (
        store.open(input_key(shared.sweep_id, name)) if shared.content is None else io.BytesIO(shared.content)
    )
    if name != PREPARED:
        return content
    with content:
        return io.BytesIO(with_values(content.read(), shared.kernel, shared.language, shared.parameters))


def small_enough(inputs: Mapping[str, IO[bytes]]) -> dict[str, bytes] | None:
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
