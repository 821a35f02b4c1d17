"""The one JSON document that --json promises."""

from __future__ import annotations

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def show_json(data: Any) -> None:
    """Print `data` as the whole of stdout. Plain ASCII, which no terminal obeys and every pipe can carry."""
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")
