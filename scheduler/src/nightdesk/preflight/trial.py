"""The trial of an image, from inside a container of it."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import zipfile
from functools import partial
from typing import Any

from . import contents, server
from .checks import Checks, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kernels import Bench

_OLDEST = (3, 9)
_USER = 1000
_ROOM = "/nightdesk"


def main() -> int:
    """Make all checks; 0 where the image passes them."""
    with zipfile.ZipFile(sys.argv[0]) as archive:
        kit: dict[str, Any] = json.loads(archive.read("kit.json"))
        smoke = archive.read("smoke.ipynb") if kit["smoke"] else None
        folder = tempfile.mkdtemp(prefix="preflight-", dir=_ROOM if os.access(_ROOM, os.W_OK) else None)
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith("runner/")])
    sys.path.insert(0, folder)
    checks = Checks()
    report: dict[str, Any] = {"packages": [], "kernels": [], "contract": None, "lock": ""}
    checks.run("python", _python)
    checks.run("user", _user)
    if checks.run("single-user server", lambda: server.installed(kit["hub_version"])):
        checks.run("server starts", lambda: server.started(kit["hub_version"], folder))
    _kernels(checks, kit["kernels"], smoke, folder, report)
    report["client"] = importlib.util.find_spec("nightdesk") is not None
    report["packages"] = contents.packages()
    report["lock"] = contents.lock()
    return checks.report(report)


def _python() -> str:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        raise Failed(f"the image's python3 is {found}: the platform needs 3.9 or newer")
    return found


def _user() -> str:
    if os.getuid() != _USER:
        raise Failed(f"the image's processes run as uid {os.getuid()}: they have to run as uid {_USER}")
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        raise Failed(f"the home {home} cannot be written by uid {_USER}: make it theirs in the Dockerfile")
    return f"uid {_USER}, home {home}"


def _kernels(
    checks: Checks,
    wanted: list[dict[str, str]] | None,
    smoke: bytes | None,
    folder: str,
    report: dict[str, Any],
) -> None:
    """Start every kernel. The smoke notebook is its own kernel's start."""
    from . import kernels

    there = {kernel["name"]: kernel for kernel in kernels.there()}
    listed = wanted if wanted is not None else list(there.values())
    if not listed:
        checks.tell(
            "kernels", False, "the image has no kernel: install the package ipykernel, or another one"
        )
        return
    report["kernels"] = [{**there.get(kernel["name"], {}), **kernel} for kernel in listed]
    bench = kernels.Bench(os.path.join(folder, "runs"), os.path.join(folder, "runner"))
    started = set()
    if smoke is not None:
        started.add(_smoke(checks, bench, smoke, str(listed[0]["name"])))
    for kernel in listed:
        name = str(kernel["name"])
        if name not in started:
            checks.run(f"kernel {name}", partial(bench.run, kernels.one_cell(name), "kernel.ipynb", name))
    report["contract"] = bench.contract


def _smoke(checks: Checks, bench: Bench, smoke: bytes, first: str) -> str:
    """The kernel that the smoke notebook started; empty where it did not succeed."""
    from . import kernels

    kernel = kernels.kernel_of(smoke) or first
    passed = checks.run("smoke notebook", partial(bench.run, smoke, "smoke.ipynb", kernel))
    return kernel if passed else ""
