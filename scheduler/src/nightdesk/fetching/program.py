"""The program: `main(wanted, …)` does one errand and leaves its answer."""

from __future__ import annotations

import json

from nightdesk.fetching.refusing import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def main(wanted: dict[str, Any], folders: tuple[Path, Path], home: Path, into: Path, ca: str | None) -> None:
    """Do what is wanted; `said.json` in `into` says how it went.

    `folders` are one for what is large, and one in memory: what is secret goes there and nowhere else.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        said = _done(wanted, folders, home, into, ca)
    except Refused as refused:
        said = refused.as_json()
    except (OSError, ValueError, RecursionError) as error:
        said = Refused("unavailable", f"it broke off: {type(error).__name__}: {error}"[:300]).as_json()
    (into / "said.json").write_text(json.dumps(said), "utf-8")


def _done(
    wanted: dict[str, Any], folders: tuple[Path, Path], home: Path, into: Path, ca: str | None
) -> dict[str, Any]:
    if wanted["kind"] == "git":
        from nightdesk.fetching.git import fetch

        return fetch(wanted, folders, into, ca)
    if wanted["kind"] == "home":
        from nightdesk.fetching.home import fetch as fetch_home

        return fetch_home(wanted, home, into)
    from nightdesk.fetching.telling import tell

    return tell(wanted, ca)
