"""How full the disks are."""

from __future__ import annotations

from dataclasses import dataclass

NEARLY_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk: what of the platform is on it, its bytes, and how many of them anybody may still write."""

    holds: tuple[str, ...]
    bytes: int
    free_bytes: int

    @property
    def used(self) -> float:
        """How much of it is taken, from 0 to 1."""
        return 1 - self.free_bytes / self.bytes if self.bytes else 0.0

    @property
    def nearly_full(self) -> bool:
        """It is time to say so."""
        return self.used >= NEARLY_FULL
