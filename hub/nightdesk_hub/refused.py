"""Saying no to a start, in words a person can act on."""

from __future__ import annotations

from jupyterhub.spawner import SpawnException


class StartRefused(SpawnException):  # type: ignore[misc]
    """A session does not start; `message` says why and what to do next, on every page and in the API.

    `reason` is a short word for the metrics; `status_code` is what the API answers.
    """

    def __init__(self, message: str, *, reason: str = "refused", status_code: int = 400) -> None:
        super().__init__(message, reason=reason, status_code=status_code)

    @property
    def jupyterhub_message(self) -> str:
        """What the hub's pages show."""
        return str(self.message)
