"""What a run measures of itself, metrics and the times of its cells, put on record once in a while: a training logs many."""

from __future__ import annotations

from nightdesk.server.ports.records import Records
from nightdesk.server.services.events import Progress
from nightdesk.server.services.watch import Watch

MEASURES_SECONDS = 1.0  # between two times that they are put on record


def owes(progress: Progress) -> bool:
    """There is something that is not on record yet."""
    return bool(progress.points) or progress.timed


def record_measures(records: Records, watch: Watch, progress: Progress, at_end: bool) -> bool:
    """What waits, if it is time; whether there was any. At the end the times of cells go with the outputs."""
    if not (progress.points if at_end else owes(progress)):
        return False
    if not (at_end or watch.measures_again(MEASURES_SECONDS)):
        return False
    if progress.points:
        records.add_metrics(watch.run, progress.points)
        progress.measured, progress.points = progress.points[-1].number, []
    if progress.timed and not at_end:
        records.set_cells(watch.run, progress.times)
        progress.timed = False
    return True
