"""What is in the image: its packages, and the files that pin them."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata

# Where Dockerfiles of environments leave what their packages are pinned by.
FOLDER = "/opt/nightdesk/environment"
_LOCKS = ("requirements.txt",)
_SECONDS = 60
_R = (
    'p <- installed.packages(fields = "Version"); '
    'cat(paste(p[, "Package"], p[, "Version"], sep = "\\t"), sep = "\\n")'
)


def packages() -> list[dict[str, str]]:
    """Every package of Python, R and Debian, by kind and name."""
    found = {("python", name): version for name, version in _python()}
    found.update({("r", name): version for name, version in _listed("Rscript", "--vanilla", "-e", _R)})
    debian = _listed("dpkg-query", "--show", "--showformat", "${Package}\t${Version}\n")
    found.update({("debian", name): version for name, version in debian})
    return [
        {"name": name, "version": version, "kind": kind} for (kind, name), version in sorted(found.items())
    ]


def lock() -> str:
    """The text of the lock, as the image keeps it; empty where it keeps none."""
    try:
        names = sorted(name for name in os.listdir(FOLDER) if name in _LOCKS or name.endswith(".lock"))
    except OSError:
        return ""
    texts = []
    for name in names:
        with open(os.path.join(FOLDER, name), encoding="utf-8", errors="replace") as file:
            texts.append((name, file.read()))
    if len(texts) == 1:
        return texts[0][1]
    return "\n".join(f"# {name}\n{text}" for name, text in texts)


def _python() -> list[tuple[str, str]]:
    return [(str(each.metadata["Name"]), str(each.version)) for each in metadata.distributions()]


def _listed(*command: str) -> list[tuple[str, str]]:
    if shutil.which(command[0]) is None:
        return []
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    pairs = [line.split("\t") for line in done.stdout.splitlines()]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[1]]
