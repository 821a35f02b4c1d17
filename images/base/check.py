"""Ends the build of the base when it lacks what sessions and runs rely on."""

import importlib
import importlib.util
import json
import time
from pathlib import Path

IMPORTED = [
    "jupyter_server.serverapp",
    "jupyterlab.labapp",
    "jupyterhub.singleuser",
    "papermill",
    "ipykernel",
]


def require(condition: bool, otherwise: str) -> None:
    """End with `otherwise` unless `condition`."""
    if not condition:
        raise SystemExit(f"the base image is not fit for use: {otherwise}")


def main() -> None:
    """Check the start-up cost, the bytecode and the kernel."""
    require(
        importlib.util.find_spec("rfc3987_syntax") is None,
        "rfc3987-syntax is installed, which costs each start a second; lock again with images/lock.sh",
    )
    began = time.process_time()  # not what a busy machine makes of it
    importlib.import_module("jsonschema")
    require(time.process_time() - began < 1.5, "`import jsonschema` takes longer than it should")
    for name in IMPORTED:
        importlib.import_module(name)
        spec = importlib.util.find_spec(name)
        require(
            spec is not None and spec.cached is not None and Path(spec.cached).is_file(),
            f"{name} has no bytecode",
        )
    kernel = Path("/opt/nightdesk/share/jupyter/kernels/python3/kernel.json")
    require(kernel.is_file() and json.loads(kernel.read_text())["language"] == "python", "no python3 kernel")


main()
