"""What a run's container finds when it starts; the other side is docs/runner.md."""

from __future__ import annotations

from nightdesk.server.domain.run import Run
from nightdesk.server.services.submit import input_key
from nightdesk.server.services.watch import Parts


def lay_out(parts: Parts, run: Run) -> None:
    """Lay out the attempt's folder: the runner, its job, the file and what is taken along."""
    key = input_key(run)
    limits = parts.settings.runs
    job = {
        "contract": 1,
        "run": run.id,
        "attempt": run.attempt,
        "owner": run.owner,
        "name": run.name,
        "kind": run.kind,
        "file": run.file,
        "kernel": run.kernel,
        "interpreter": ["Rscript"] if run.file.lower().endswith(".r") else ["python3"],
        "parameters": run.parameters,
        "cell_timeout_seconds": run.cell_timeout_seconds,
        "limits": {
            "cell_stream_bytes": limits.cell_log_bytes,
            "run_stream_bytes": limits.run_log_bytes,
            "line_bytes": 100_000,
            "cell_display_bytes": limits.cell_display_bytes,
            # The runner holds them in the run's own memory.
            "run_display_bytes": min(limits.run_display_bytes, run.memory_bytes // 8),
        },
    }
    name = "prepared" if run.kind == "notebook" else "source"
    with parts.store.open(f"{key}/{name}") as source:
        if run.files_count:
            with parts.store.open(f"{key}/files.tar.gz") as files:
                parts.folders.prepare(run, job, source, files)
        else:
            parts.folders.prepare(run, job, source, None)
