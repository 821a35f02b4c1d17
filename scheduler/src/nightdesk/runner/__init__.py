"""The program that executes one notebook or script inside a container of any image version.

The whole folder is copied beside a run's inputs and started as `python3 <root>/in/runner`, so it imports
nothing but the standard library and, for notebooks, the image's own pyzmq; it keeps to Python 3.9. Its
contract is in `docs/runner.md`. The `Any` of the annotations is imported for the type checker alone: the
imports here are a part of every run's start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    SOURCE: Path

CONTRACT = 1
"""The version of the contract (inputs, events, exit codes) that this program speaks."""


def __getattr__(name: str) -> Path:
    """`SOURCE`, the folder to copy into a run's `in/`; looked up late, because a run has no use for pathlib."""
    if name == "SOURCE":
        from pathlib import Path

        return Path(__file__).parent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
