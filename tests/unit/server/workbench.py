"""A platform's parts on one bench: a real database on a file, the other ports in memory."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from nightdesk.config import Settings
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.adapters.schema import changes, inputs, runs
from nightdesk.server.domain.environment import Kernel, Origin, Package, Version
from nightdesk.server.domain.outcome import Exit
from nightdesk.server.domain.person import Person
from nightdesk.server.domain.run import Run, Status
from nightdesk.server.domain.submission import Submission
from nightdesk.server.doubles.doorbell import MemoryBell
from nightdesk.server.doubles.engine import MemoryEngine, Play, Stage
from nightdesk.server.doubles.folders import MemoryFolders
from nightdesk.server.ports.records import RunFilter
from nightdesk.server.services.policies import PolicyBook
from nightdesk.server.services.retention import usual_limits
from nightdesk.server.services.submit import Files, output_key, submit
from nightdesk.server.services.supervise import Supervisor
from nightdesk.server.services.watch import Parts
from sqlalchemy import delete, select, update

PYTHON = Kernel("python3", "Python 3", "python")
R = Kernel("ir", "R", "R")
VERSION = Version(
    environment="python-data",
    version="2026.11.1",
    digest="sha256:" + "1" * 64,
    image="nightdesk/python-data:2026.11.1",
    title="Data science in Python",
    description="What most people need.",
    kernels=(PYTHON, R),
    created_at=1_790_000_000.0,
    channels=("stable",),
    packages=(Package("numpy", "2.3.1"), Package("pandas", "3.0.0")),
    origin=Origin("folder images/python-data/2026.11.1", "setup", lock="numpy==2.3.1\npandas==3.0.0\n"),
)
ADA, BOB, ROOT = Person("ada"), Person("bob"), Person("root", admin=True)


def code(source: str | list[str], *tags: str) -> dict[str, Any]:
    """A code cell as JupyterLab writes it."""
    return {
        "cell_type": "code",
        "id": uuid.uuid4().hex[:8],
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any], kernel: str | None = "python3", **changes_of: Any) -> bytes:
    """A notebook file. ``changes_of`` replaces what stands at the top."""
    metadata: dict[str, Any] = {"language_info": {"name": "python"}}
    if kernel is not None:
        metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    return json.dumps({**document, **changes_of}, indent=1).encode()


def archive(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz") -> Files:
    """Files taken along: names with their content, or entries of any kind."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                tar.addfile(entry, io.BytesIO(member[1]))
    packed = buffer.tell()
    buffer.seek(0)
    return Files(buffer, packed)


def two_cells(stage: Stage) -> Exit:
    """What a notebook of two cells does when all is well."""
    stage.event("started", contract=1, cells=2, kernel="python3")
    for cell in (1, 2):
        stage.event("cell_started", cell=cell, index=cell)
        stage.event("stream", cell=cell, name="stdout", text=f"this is cell {cell}\n")
        stage.event("cell_finished", cell=cell, index=cell, status="ok", seconds=0.1)
    stage.event("metric", name="auc", value=0.81, step=None)
    stage.event("finished", outcome="succeeded", reason="", error=None, cells_done=2, peak_memory_bytes=1000)
    return Exit(0)


class Bench:
    """``parts`` is what a supervisor gets; ``play`` is what the containers do."""

    def __init__(self, path: Path, runs_settings: dict[str, Any]) -> None:
        self.database = Database(f"sqlite:///{path}")
        self.records = RecordsSql(self.database)
        self.records.add_version(VERSION)
        self.store_url = f"memory://{uuid.uuid4().hex}"
        self.store = store_at(self.store_url)
        self.folders = MemoryFolders()
        self.play: Play = two_cells
        self.engine = MemoryEngine(lambda _run: self.act)
        self.bell = MemoryBell()
        self.settings = Settings.model_validate(
            {
                "runs": {"grace": 1, "retry_wait": "0.001s", **runs_settings},
                "connections": {"host_paths": ["/srv/data"]},
            }
        )
        policies = PolicyBook(self.records, self.settings.runs.limits, usual_limits(self.settings))
        self.parts = Parts(
            self.records, self.engine, self.store, self.folders, self.bell, self.settings, policies
        )

    def close(self) -> None:
        """Give back what it holds."""
        self.database.close()

    def act(self, stage: Stage) -> Exit | int:
        """A container's life: the play, with the notebook left as it stood."""
        folder = self.folders.folders[stage.run.id, stage.run.attempt]
        folder.out[f"table-{stage.run.attempt}.csv"] = f"attempt,{stage.run.attempt}\n".encode()
        folder.result["notebook.ipynb"] = f'{{"attempt": {stage.run.attempt}}}'.encode()
        return self.play(stage)

    def submit(self, *, person: Person = ADA, source: bytes | None = None, **wanted: Any) -> Run:
        """A run on record."""
        wanted.setdefault("file", "analysis.ipynb")
        source = notebook(code("1"), code("2")) if source is None else source
        run, _ = submit(self.records, self.store, self.settings, person, Submission(**wanted), (source, None))
        return run

    def supervisor(self, name: str = "worker-1", parts: Parts | None = None) -> Supervisor:
        """A worker's care for runs."""
        return Supervisor(parts or self.parts, name)

    def run(self, run: Run | str) -> Run:
        """The run as it is now."""
        found = self.records.run(run if isinstance(run, str) else run.id)
        assert found is not None
        return found

    def history(self, run: Run) -> list[str]:
        """The statuses on record, in order, each as often as it was written down."""
        query = select(changes.c.status).where(changes.c.run_id == run.id).order_by(changes.c.id)
        with self.database.reading() as connection:
            return list(connection.scalars(query))

    def endings(self, run: Run) -> list[str]:
        """The final statuses that were ever written down."""
        return [status for status in self.history(run) if Status(status).final]

    def set_runs(self, **values: Any) -> None:
        """Change every run behind everybody's back."""
        with self.database.writing() as connection:
            connection.execute(update(runs).values(**values))

    def forget_inputs(self, run: Run) -> None:
        """Remove what the run was handed over with, behind everybody's back."""
        with self.database.writing() as connection:
            connection.execute(delete(inputs).where(inputs.c.run_id == run.id))
        for key in self.stored():
            if key.startswith(f"inputs/{run.id}."):
                self.store.remove(key)

    def database_is_empty(self) -> bool:
        """Whether no run is on record."""
        return not self.records.runs(RunFilter())

    def stored(self) -> set[str]:
        """The keys of everything in the store, half-written objects too."""
        files, root = url_to_fs(self.store_url)
        return {path.removeprefix(root).lstrip("/") for path in files.find(root)}

    def log(self, run: Run) -> str:
        """What is on record of the attempt's log."""
        return "".join(chunk.text for chunk in self.records.log(run))

    def output(self, run: Run, name: str) -> bytes:
        """What the store has under this name for the run's attempt."""
        with self.store.open(output_key(run, name)) as file:
            return file.read()
