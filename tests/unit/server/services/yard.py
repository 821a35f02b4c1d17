"""What a worker builds with: a real database, and an engine, repositories and a bell in memory."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import yaml
from nightdesk.server.adapters.database import Database
from nightdesk.server.adapters.folder_store import store_at
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.build import Build, BuildKind, new_build_id
from nightdesk.server.doubles.builder import MemoryRepositories, MemoryWorkshop
from nightdesk.server.doubles.doorbell import MemoryBell
from nightdesk.server.services.build_watch import BuildParts, BuildWatch
from nightdesk.server.services.building import see_through
from nightdesk.server.services.recipes import unpack
from nightdesk.server.services.request_build import build_key, recipe_key

WORKER = "w-1"
ADDRESS = "https://git.example.org/recipes.git"
SPEC = {"name": "stats", "version": "2026.1", "kernels": [{"name": "python3", "language": "python"}]}
OWN = {"Dockerfile": "ARG BASE\nFROM ${BASE}\n", "environment.yaml": yaml.safe_dump(SPEC)}


class Yard:
    """What a worker builds with, and what tests ask of it."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.database = Database(f"sqlite:///{shutil.copy(database, folder / 'desk.db')}")
        self.workshop = MemoryWorkshop()
        (folder / "sources/images/base").mkdir(parents=True)
        (folder / "scratch").mkdir()
        self.repositories = {ADDRESS: {"r/" + name: text for name, text in OWN.items()}}
        self.parts = BuildParts(
            records=RecordsSql(self.database),
            store=store_at(f"file://{folder}/store"),
            bell=MemoryBell(),
            workshop=self.workshop,
            repositories=MemoryRepositories(self.repositories),
            sources=folder / "sources",
            scratch=folder / "scratch",
        )
        self.records = self.parts.records

    def ask(self, kind: str, files: dict[str, str] | None = None, **fields: Any) -> BuildWatch:
        """A build that this worker has just taken."""
        build = Build(
            id=new_build_id(),
            kind=BuildKind(kind),
            requested_by="root",
            created_at=self.records.now(),
            files=files is not None,
            **fields,
        )
        if files is not None:
            self.parts.store.put(build_key(build), io.BytesIO(archive(files)))
        self.records.add_build(build)
        claimed = self.records.claim_build(WORKER, [WORKER])
        assert claimed is not None
        return BuildWatch(self.parts, claimed)

    def build(self, kind: str, files: dict[str, str] | None = None, **fields: Any) -> Build:
        """Build to the end; as it is on record then."""
        watch = self.ask(kind, files, **fields)
        see_through(self.parts, watch)
        return self.now(watch)

    def now(self, watch: BuildWatch) -> Build:
        """The build on record."""
        known = self.records.build(watch.build.id)
        assert known is not None
        return known

    def log(self, build: Build) -> str:
        """All that it printed."""
        return "".join(line.text for line in self.records.build_log(build.id))

    def recipe(self, name: str, version: str, into: Path) -> dict[str, str]:
        """What is kept of a version."""
        into.mkdir()
        with self.parts.store.open(recipe_key(name, version)) as kept:
            unpack(kept, into)
        return {
            path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()
        }


def archive(files: dict[str, str]) -> bytes:
    """A gzip tar of these."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()
