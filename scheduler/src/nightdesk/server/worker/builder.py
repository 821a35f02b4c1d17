"""The thread that takes builds, one at a time, and looks after the one that goes on."""

from __future__ import annotations

import threading

from nightdesk.server.services.build_watch import BuildParts, BuildWatch
from nightdesk.server.services.building import see_through
from nightdesk.server.services.images import look_after
from nightdesk.server.services.lookout import Lookout
from nightdesk.server.worker.keeper import Ticking

_LEAVE_SECONDS = 5.0


class Builder(Ticking):
    """Looks each second. The build itself is in a thread of its own: this one has to see wishes to end it."""

    def __init__(self, parts: BuildParts, worker: str) -> None:
        super().__init__("builder")
        self._parts = parts
        self._worker = worker
        self._lookout = Lookout()
        self._watch: BuildWatch | None = None
        self._building: threading.Thread | None = None

    def stop(self) -> None:
        """End the build that goes on; another worker begins it anew."""
        super().stop()
        if self._watch is not None and self._building is not None:
            self._watch.leave()
            self._building.join(_LEAVE_SECONDS)

    def _tick(self, _tick: int) -> None:
        if self._watch is not None and self._building is not None and self._building.is_alive():
            self._watch.look()
            return
        self._watch = None
        alive = self._lookout.alive(self._parts.records.workers())
        build = self._parts.records.claim_build(self._worker, alive)
        if build is not None:
            watch = self._watch = BuildWatch(self._parts, build)
            self._building = threading.Thread(
                target=see_through, args=(self._parts, watch), name=f"build-{build.id}", daemon=True
            )
            self._building.start()
        else:
            look_after(self._parts)
