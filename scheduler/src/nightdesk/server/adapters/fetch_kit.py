"""Putting the program that fetches, and what it is to fetch, into one file for a container's standard input."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nightdesk

SECRETS, WORK, HOME, OUT = "/kit", "/tmp/work", "/their-home", "/tmp/work/out"  # noqa: S108 - in the container
_MAIN = f"""\
import json, sys, zipfile
from pathlib import Path
from nightdesk.fetching.program import main
kit = zipfile.ZipFile(sys.argv[0])
ca = None
if "ca" in kit.namelist():
    ca = "{SECRETS}/ca"
    with open(ca, "wb") as file:
        file.write(kit.read("ca"))
wanted = json.loads(kit.read("wanted.json"))
main(wanted, (Path("{WORK}"), Path("{SECRETS}")), Path("{HOME}"), Path("{OUT}"), ca)
"""
_SENT = ("__init__.py", "fetching/*.py")
COMMAND = ("-c", f"umask 077 && cat >{SECRETS}/fetch.zip && exec python3 -I {SECRETS}/fetch.zip")


def packed(wanted: Mapping[str, Any], ca: bytes) -> bytes:
    """The zip. It may hold a login: it goes into a container's memory and nowhere else."""
    root, content = Path(nightdesk.__file__).parent, io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", _MAIN)
        archive.writestr("wanted.json", json.dumps(dict(wanted)))
        if ca:
            archive.writestr("ca", ca)
        for pattern in _SENT:
            for path in sorted(root.glob(pattern)):
                archive.writestr(f"nightdesk/{path.relative_to(root)}", path.read_bytes())
    return content.getvalue()
