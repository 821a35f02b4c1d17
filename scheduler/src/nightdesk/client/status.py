"""The statuses that a run can have, and the priorities."""

FINAL = ("succeeded", "failed", "cancelled", "timed_out", "lost")
STATUSES = ("queued", "starting", "running", *FINAL)
PRIORITIES = ("low", "normal", "high", "urgent")
