"""Images of python-data: ours from nothing and with one change, and one as anybody would make it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.platform import docker

ROOT = Path(__file__).parents[1]
SECRETS = Path(os.environ.get("NIGHTDESK_STATE", ROOT / ".nightdesk")) / "build-secrets"
VERSION, EARLIER_VERSION, CHANGED = "2026.12.1", "2026.10.1", "matplotlib"
ENVIRONMENT = ROOT / "images/python-data"
IMAGE = "nightdesk-bench"
BUILD_SECONDS = 900

# Nothing is done for its size or its start, and nothing against them: Debian's Python, the same locked packages, pip
# as it comes. With them is the one that pip brings along with jupyterlab and that our lock leaves out.
STOCK = """\
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates \\
    && rm -rf /var/lib/apt/lists/* && useradd --create-home --uid 1000 jovyan && python3 -m venv /opt/venv
COPY base.txt requirements.txt /tmp/
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip \\
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \\
    if [ -s /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \\
    /opt/venv/bin/pip install --no-deps -r /tmp/base.txt \\
    && /opt/venv/bin/pip install --no-deps -r /tmp/requirements.txt \\
    && /opt/venv/bin/pip install rfc3987-syntax
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
USER jovyan
WORKDIR /home/jovyan
CMD ["jupyterhub-singleuser"]
"""


@contextmanager
def stock_image(folder: Path) -> Iterator[str]:
    """The plain image's name; it is removed afterwards."""
    place = folder / "stock"
    place.mkdir()
    (place / "Dockerfile").write_text(STOCK)
    (place / "base.txt").write_bytes((ROOT / "images/base/requirements.txt").read_bytes())
    (place / "requirements.txt").write_bytes((ENVIRONMENT / VERSION / "requirements.txt").read_bytes())
    try:
        _build(place, "stock", SECRETS / "pip")
        yield f"{IMAGE}:stock"
    finally:
        docker("image", "rm", "--force", f"{IMAGE}:stock")


def megabytes(image: str) -> float:
    """What the image takes on disk."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def rebuilding(folder: Path, base: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of a build with nothing but the base there, and of one with another version of one package.

    Both are the packages and the platform's client on top, without the trial. The first has neither BuildKit's layers nor
    a package that was fetched before.
    """
    without_cache = folder / "pip"
    settings = (SECRETS / "pip").read_text("utf-8") or "[global]\n"
    without_cache.write_text(f"{settings}no-cache-dir = true\n", "utf-8")
    try:
        say("building python-data from its base")
        clean = _timed(_sources(folder, "clean", changed=False), "clean", base, base, without_cache)
        _look_through(folder, f"{IMAGE}:clean")
        say(f"building it with another {CHANGED}")
        changed = _timed(
            _sources(folder, "changed", changed=True), "changed", base, f"{IMAGE}:clean", SECRETS / "pip"
        )
    finally:
        for name in ("changed", "changed-packages", "clean", "clean-packages"):
            docker("image", "rm", "--force", f"{IMAGE}:{name}")
    return {"clean": clean, "changed": changed, "ratio": changed / clean}


def _look_through(folder: Path, image: str) -> None:
    """What the worker does once a build has ended, see DockerWorkshop.look_through; nobody waits for it."""
    place = folder / "look"
    place.mkdir()
    (place / "Dockerfile").write_text(f"FROM {image}\nUSER root\nRUN --mount=type=secret,id=pip true\n")
    docker("build", "--quiet", "--output=type=cacheonly", str(place), seconds=BUILD_SECONDS)


def _sources(folder: Path, name: str, *, changed: bool) -> Path:
    place = folder / name
    place.mkdir()
    for file in ("Dockerfile", "environment.yaml", "smoke.ipynb", "requirements.txt"):
        (place / file).write_bytes((ENVIRONMENT / VERSION / file).read_bytes())
    if changed:
        block = re.compile(rf"^{CHANGED}==(?:.*\\\n)*.*\n", re.MULTILINE)
        other = block.search((ENVIRONMENT / EARLIER_VERSION / "requirements.txt").read_text())
        assert other is not None, f"{EARLIER_VERSION} has no {CHANGED}"
        lock, count = block.subn(lambda _: other[0], (place / "requirements.txt").read_text())
        assert count == 1, f"{VERSION} has no {CHANGED}"
        (place / "requirements.txt").write_text(lock)
    return place


def _timed(place: Path, name: str, base: str, earlier: str, pip: Path) -> float:
    began = time.perf_counter()
    fresh = ["--no-cache"] if earlier == base else []
    _build(place, f"{name}-packages", pip, "--no-cache", BASE=base, EARLIER=earlier)
    contexts = [
        f"--build-context={key}={ROOT / path}"
        for key, path in {"scheduler": "scheduler", "base": "images/base"}.items()
    ]
    _build(ROOT / "images/client", name, pip, *fresh, *contexts, BASE=f"{IMAGE}:{name}-packages", TOOLS=base)
    return time.perf_counter() - began


def _build(place: Path, name: str, pip: Path, *options: str, **arguments: str) -> None:
    secrets = [f"--secret=id=pip,src={pip}"]
    if (SECRETS / "ca").exists():
        secrets.append(f"--secret=id=ca,src={SECRETS / 'ca'}")
    values = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    how = ["--quiet", "--provenance=false", f"--tag={IMAGE}:{name}"]
    docker("build", *how, *secrets, *options, *values, str(place), seconds=BUILD_SECONDS)
