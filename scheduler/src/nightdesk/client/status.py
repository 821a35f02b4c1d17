"""The statuses that a run can have."""

FINAL = frozenset({"succeeded", "failed", "cancelled", "timed_out", "lost"})
