"""What the tests of the services share."""

from __future__ import annotations

import pytest
from nightdesk.server.services.watch import Watch


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervisors wait a fiftieth of the time before they try something again."""

    def pause(watch: Watch, seconds: float) -> None:
        watch.leaving.wait(seconds / 50)
        watch.check_leaving()

    monkeypatch.setattr(Watch, "pause", pause)
