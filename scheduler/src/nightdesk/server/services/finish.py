"""The end of a run: its outputs go to the store, whole, before its status says that it is over."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any, cast

from nightdesk.server.domain.environment import Package
from nightdesk.server.domain.errors import TooLarge
from nightdesk.server.domain.names import on_one_line
from nightdesk.server.domain.outcome import Ending, Exit, human_bytes
from nightdesk.server.domain.run import Output, Run
from nightdesk.server.ports.files import FileStore, RunFolders
from nightdesk.server.ports.records import Records
from nightdesk.server.services.events import Progress
from nightdesk.server.services.submit import output_key

_LARGEST_NOTEBOOK = 2**30  # bytes; what may be shown and printed in one is a tenth of it
OWN_NAMES = {"notebook.ipynb", "notebook.html", "log.txt", "manifest.json"}


def collect(
    records: Records, store: FileStore, folders: RunFolders, run: Run
) -> tuple[list[Output], list[str]]:
    """Store what the attempt left; the outputs, and what was left out and why.

    Doing it again, after a worker died half-way, replaces each object by the same one.

    Raises:
        Unavailable: the store is full or out of reach; nothing is lost, try again.
    """
    kept: list[Output] = []
    left_out: list[str] = []
    total = 0
    notebook = folders.notebook(run) if run.kind == "notebook" else None
    if notebook is not None:  # first, so that it is kept however much the code left
        with notebook:
            stored = _put(store, run, "notebook.ipynb", notebook, _LARGEST_NOTEBOOK)
        if stored is None:  # code can write there as well
            left_out.append(f"notebook.ipynb: no notebook is larger than {human_bytes(_LARGEST_NOTEBOOK)}")
        else:
            kept.append(stored)
    for name, file in folders.results(run):
        with file:
            if name.split("/", 1)[0] in OWN_NAMES:  # a folder of that name would stand in the way as well
                left_out.append(f"{on_one_line(name)}: this name is the platform's own")
                continue
            stored = _put(store, run, name, file, run.output_bytes - total)
        if stored is None:
            limit = human_bytes(run.output_bytes)
            left_out.append(f"{on_one_line(name)}: over the limit of {limit} for all outputs together")
            continue
        total += stored.size
        kept.append(stored)
    left_out += folders.skipped(run)
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as log:
        start = 0
        while chunks := records.log(run, start):
            for chunk in chunks:
                log.write(chunk.text.encode("utf-8", "replace"))
            start = chunks[-1].start + max(len(chunks[-1].text), 1)
        for line in left_out:
            log.write(f"[nightdesk] left out: {line}\n".encode("utf-8", "replace"))
        log.seek(0)
        logged = store.put(output_key(run, "log.txt"), log)
    kept.append(Output("log.txt", logged.size, logged.sha256))
    return kept, left_out


def _put(store: FileStore, run: Run, name: str, file: IO[bytes], most: int) -> Output | None:
    """The file in the store; None where it is larger than ``most`` bytes."""
    if file.seek(0, io.SEEK_END) > most:  # not read first: a file of zeros takes no room to be made
        return None
    file.seek(0)
    try:
        stored = store.put(output_key(run, name), cast("IO[bytes]", _Limited(file, most)))
    except TooLarge:  # it has grown meanwhile
        return None
    return Output(name, stored.size, stored.sha256)


def manifest(
    run: Run,
    ending: Ending,
    ended: Exit | None,
    progress: Progress,
    packages: list[Package],
    at: float,
) -> dict[str, Any]:
    """Where a result comes from: enough to make it again."""
    return {
        "run": run.id,
        "attempt": run.attempt,
        "name": run.name,
        "owner": run.owner,
        "submitted_by": run.submitted_by,
        "environment": {"name": run.environment, "version": run.version, "digest": run.digest},
        "kernel": run.kernel,
        "size": {"name": run.size, "cpus": run.cpus, "memory_bytes": run.memory_bytes},
        "parameters": run.parameters,
        "schedule": run.schedule_id,
        "scheduled_at": iso(run.scheduled_at),
        "pipeline": run.pipeline_id,
        "step": run.step,
        "steps": run.steps,
        "input": {"file": run.file, "sha256": run.input_sha256, "files_taken_along": run.files_count},
        "inputs": [asdict(source) for source in run.sources],
        "git": run.git,
        "created_at": iso(run.created_at),
        "started_at": iso(run.started_at),
        "finished_at": iso(at),
        "status": ending.status,
        "reason": ending.reason,
        "error": None if ending.error is None else asdict(ending.error),
        "exit": None if ended is None else {"code": ended.code, "out_of_memory": ended.out_of_memory},
        "peak_memory_bytes": peak_memory(progress),
        "cpu_seconds": cpu_seconds(progress),
        "metrics": progress.metrics,
        "packages": {each.name: each.version for each in packages if each.kind == "python"},
        "r_packages": {each.name: each.version for each in packages if each.kind == "r"},
    }


def store_manifest(store: FileStore, run: Run, document: dict[str, Any], outputs: list[Output]) -> Output:
    """The last of the outputs: it lists the others."""
    document = {**document, "outputs": [asdict(output) for output in outputs]}
    body = json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "replace")
    stored = store.put(output_key(run, "manifest.json"), io.BytesIO(body))
    return Output("manifest.json", stored.size, stored.sha256)


def peak_memory(progress: Progress) -> int | None:
    """Bytes at the highest, as the runner read it in the container, or else as it was seen from outside."""
    peak = (progress.finished or {}).get("peak_memory_bytes")
    if isinstance(peak, int) and not isinstance(peak, bool) and 0 <= peak < 2**62:
        return peak
    return None if progress.sampled is None else progress.sampled.memory_bytes


def cpu_seconds(progress: Progress) -> float | None:
    """Seconds of all cores together, from the same sources."""
    seconds = (progress.finished or {}).get("cpu_seconds")
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < 2**40:
        return round(seconds, 2)
    return None if progress.sampled is None else round(progress.sampled.cpu_seconds, 2)


def iso(seconds: float | None) -> str | None:
    """``2026-11-22T16:30:00.123Z``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Limited:
    """A file that refuses to give more than so many bytes."""

    def __init__(self, file: Any, limit: int) -> None:
        self._file = file
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge("over the limit for outputs")
        return piece
