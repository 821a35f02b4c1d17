"""The kernels that an image has, read from Jupyter's own folders without Jupyter's own code."""

from __future__ import annotations

import json
import os
import sys

from . import flood
from .outcome import BadJob

IPYKERNEL = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]

# A run has no debugger, and importing one is a quarter of an IPython kernel's start. ipykernel treats
# debugpy as optional, so hide it while ipykernel looks for it, and only then: the notebook may import it.
LAUNCH = f"""
import sys
outside = sys.path[:1] == [""]
if outside:
    del sys.path[0]
sys.modules["debugpy"] = None
try:
    import ipykernel.debugger
except ImportError:
    pass
finally:
    del sys.modules["debugpy"]
exec({flood.PROGRAM!r}, {{}})
if outside:
    sys.path.insert(0, "")
import runpy
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
"""


class KernelSpec:
    """How one kernel is started."""

    def __init__(self, name: str, folder: str, fields: dict[str, object]) -> None:
        self.name = name
        self._folder = folder
        argv, env = fields.get("argv"), fields.get("env", {})
        if not isinstance(argv, list) or not argv or not isinstance(env, dict):
            raise BadJob(
                f"the kernel {name!r} of this environment is broken: {folder}/kernel.json has no command"
            )
        self._argv = [str(word) for word in argv]
        self._env = {str(key): str(value) for key, value in env.items()}
        self.interrupted_by_message = fields.get("interrupt_mode") == "message"

    def command(self, connection_file: str) -> list[str]:
        argv = list(self._argv)
        major, minor = sys.version_info[:2]
        if argv[0] in ("python", f"python{major}", f"python{major}.{minor}"):
            argv[0] = sys.executable
        if argv[-4:] == IPYKERNEL:
            argv[-4:] = ["-c", LAUNCH, "-f", "{connection_file}"]
        values = {"connection_file": connection_file, "resource_dir": self._folder, "prefix": sys.prefix}
        return [_fill(word, values) for word in argv]

    def environment(self) -> dict[str, str]:
        env = dict(os.environ)
        for key, value in self._env.items():
            env[key] = os.path.expandvars(value)
        env["JPY_PARENT_PID"] = str(os.getpid())  # a kernel ends when its parent is gone
        return env


def find(name: str) -> KernelSpec:
    """The kernel called `name`, whatever its case. Raises BadJob listing what there is."""
    specs = _folders()
    folder = specs.get(name.lower())
    if folder is None:
        there_are = ", ".join(sorted(specs)) or "none"
        raise BadJob(f"this environment has no kernel {name!r}; it has: {there_are}")
    if not folder:
        return KernelSpec(name, "", {"argv": ["python", *IPYKERNEL]})
    try:
        with open(os.path.join(folder, "kernel.json"), encoding="utf-8") as file:
            fields = json.load(file)
    except (OSError, ValueError) as problem:
        raise BadJob(f"the kernel {name!r} of this environment cannot be read: {problem}") from problem
    return KernelSpec(name, folder, fields)


def _folders() -> dict[str, str]:
    """Kernel name → folder; an empty folder stands for an ipykernel that was installed without a spec."""
    found: dict[str, str] = {}
    for base in _search_path():
        kernels = os.path.join(base, "kernels")
        try:
            names = os.listdir(kernels)
        except OSError:
            continue
        for name in names:
            if os.path.isfile(os.path.join(kernels, name, "kernel.json")):
                found.setdefault(name.lower(), os.path.join(kernels, name))
    if "python3" not in found and any(
        os.path.isfile(os.path.join(p, "ipykernel_launcher.py")) for p in sys.path
    ):
        found["python3"] = ""
    return found


def _search_path() -> list[str]:
    home = os.environ.get("JUPYTER_DATA_DIR") or os.path.join(
        os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "jupyter"
    )
    return [
        *os.environ.get("JUPYTER_PATH", "").split(os.pathsep),
        os.path.join(sys.prefix, "share", "jupyter"),
        home,
        "/usr/local/share/jupyter",
        "/usr/share/jupyter",
    ]


def _fill(word: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        word = word.replace("{" + key + "}", value)
    return word
