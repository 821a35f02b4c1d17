"""What holds for all tests that need no platform."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes, to be made or to be tried, says something about the machine.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
