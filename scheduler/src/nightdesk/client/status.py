"""The statuses that a run can have."""

FINAL = ("succeeded", "failed", "cancelled", "timed_out", "lost")
STATUSES = ("queued", "starting", "running", *FINAL)
