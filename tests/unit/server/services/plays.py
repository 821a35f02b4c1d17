"""What code in a container does while somebody waits for it."""

from __future__ import annotations

from nightdesk.server.domain.outcome import Exit
from nightdesk.server.doubles.engine import Stage

from ..workbench import two_cells


def polite(stage: Stage) -> Exit:
    """Ends on SIGTERM as the runner does."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="working\n")
    stage.wait_for_sigterm()
    stage.event("finished", outcome="terminated", reason="terminated")
    return Exit(143)


def deaf(stage: Stage) -> Exit:
    """Ignores SIGTERM."""
    stage.event("started", cells=2)
    stage.event("cell_started", cell=1)
    stage.event("stream", cell=1, name="stdout", text="working\n")
    stage.wait_for("never")
    return Exit(0)


def patient(stage: Stage) -> Exit:
    """Goes on when the test says so."""
    stage.event("started", cells=2)
    stage.event("stream", cell=1, name="stdout", text="waiting\n")
    stage.wait_for("go")
    return two_cells(stage)


PATIENT_LOG = "waiting\nthis is cell 1\nthis is cell 2\n"
