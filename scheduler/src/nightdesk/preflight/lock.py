"""``python lock.py REQUIREMENTS BASE_LOCK >LOCK``: which packages a list of requirements means, with their hashes.

Runs inside an image, in a step of its Dockerfile, with the image's own pip: what is locked is what that pip
would install, for that Python and that machine, and the index and the certificates are those of the build.
A file whose packages all have hashes is locked already and is printed as it is.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from typing import Any

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def main() -> int:
    """Print the lock; 1 where no packages fit together."""
    requirements, base_lock = sys.argv[1:3]
    with open(requirements, encoding="utf-8") as file:
        text = file.read()
    if is_locked(text):
        print("the packages are locked already", file=sys.stderr)
        sys.stdout.write(text)
        return 0
    with open(base_lock, encoding="utf-8") as file:
        pins = _PINNED.findall(file.read())
    with tempfile.TemporaryDirectory() as folder:
        constraints = os.path.join(folder, "constraints.txt")
        with open(constraints, "w", encoding="utf-8") as file:
            file.writelines(f"{name}=={version}\n" for name, version in pins)
        report = os.path.join(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--only-binary", ":all:", "--report", report, "-c", constraints, "-r", requirements]
        if subprocess.run(command, check=False).returncode != 0:
            print(
                "lock: no packages fit these requirements and what the platform itself needs.",
                file=sys.stderr,
            )
            return 1
        with open(report, encoding="utf-8") as file:
            sys.stdout.write(lock_of(json.load(file)))
    return 0


def is_locked(text: str) -> bool:
    """Whether each package in a requirements file has a hash."""
    lines = text.replace("\\\n", " ").splitlines()
    wanted = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "-"))]
    return bool(wanted) and all("--hash=" in line for line in wanted)


def lock_of(report: dict[str, Any]) -> str:
    """The lock, from pip's report of what it would install."""
    found = []
    for item in report["install"]:
        meta, archive = item["metadata"], item["download_info"].get("archive_info", {})
        digest = (archive.get("hashes") or {}).get("sha256") or archive.get("hash", "").partition("sha256=")[
            2
        ]
        if not digest:
            raise SystemExit(f"lock: the index gives no hash for {meta['name']} {meta['version']}")
        found.append(
            (meta["name"].lower(), f"{meta['name']}=={meta['version']} \\\n    --hash=sha256:{digest}\n")
        )
    return "".join(text for _, text in sorted(found))


if __name__ == "__main__":
    sys.exit(main())
