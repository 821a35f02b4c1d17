"""Putting the program into one file for a container's standard input."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from nightdesk import runner

_MAIN = "import sys\nfrom preflight.trial import main\nsys.exit(main())\n"
_NOT_SENT = {"pack.py", "__main__.py", "lock.py"}
# A folder of its own for the program: what an image has under another name cannot be in the way.
COMMAND = ("-c", "cat >/tmp/preflight.zip && exec python3 -I /tmp/preflight.zip")


def packed(spec: dict[str, Any], smoke: bytes | None, hub_version: str) -> bytes:
    """The zip.

    Args:
        spec: of the environment; without ``kernels`` the image is asked which there are.
        smoke: the notebook to run; None where there is none.
        hub_version: of JupyterHub on this platform, empty where that is not known.
    """
    kit = {"kernels": spec.get("kernels"), "smoke": smoke is not None, "hub_version": hub_version}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", _MAIN)
        archive.writestr("kit.json", json.dumps(kit))
        for path in sorted(Path(__file__).parent.glob("*.py")):
            if path.name not in _NOT_SENT:
                archive.writestr(f"preflight/{path.name}", path.read_bytes())
        for path in sorted(runner.SOURCE.glob("*.py")):
            archive.writestr(f"runner/{path.name}", path.read_bytes())
        if smoke is not None:
            archive.writestr("smoke.ipynb", smoke)
    return content.getvalue()
