"""What a run was handed over with, in the store: the file as it came, as it is run, and what came along.

They lie side by side in one folder: making a folder for each run would have a submit wait for the disk twice more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from nightdesk.server.domain.errors import NotFound
from nightdesk.server.ports.files import FileStore

SOURCE, PREPARED, FILES = "source", "prepared", "files.tar.gz"
ALL = (SOURCE, PREPARED, FILES)


def input_key(run_id: str, name: str) -> str:
    """Where one of a run's inputs stands in the store."""
    return f"inputs/{run_id}.{name}"


def keep_inputs(store: FileStore, run_id: str, inputs: Mapping[str, IO[bytes]]) -> None:
    """Store a run's inputs by name; they are on the disk when this returns.

    Raises:
        Unavailable: the store is full or out of reach.
    """
    store.put_all({input_key(run_id, name): content for name, content in inputs.items()})


def open_input(store: FileStore, run_id: str, name: str) -> IO[bytes]:
    """One of a run's inputs.

    Raises:
        NotFound: it is not in the store.
    """
    try:
        return store.open(input_key(run_id, name))
    except NotFound:
        return store.open(f"runs/{run_id}/input/{name}")  # of a run from before they lay side by side


def inputs_there(store: FileStore, run_id: str) -> list[str]:
    """The names of a run's inputs that are in the store."""
    return [
        name
        for name in ALL
        if store.exists(input_key(run_id, name)) or store.exists(f"runs/{run_id}/input/{name}")
    ]


def forget_inputs(store: FileStore, run_id: str) -> None:
    """Remove a run's inputs; nothing where there are none."""
    for name in ALL:
        store.remove(input_key(run_id, name))
