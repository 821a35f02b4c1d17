"""The runner's files, laid out once beside all run folders and linked into each.

With them is their bytecode: a Python of this one's version, as images have it by default, need not
compile two thousand lines at each start; any other takes no notice of it.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from py_compile import PycInvalidationMode

from nightdesk import runner

_FOLDER = ".runner"


class RunnerFiles:
    """The runner of this version of the platform, below the root of the run folders."""

    def __init__(self, root: Path) -> None:
        self._above = root / _FOLDER
        self._sources = sorted(runner.SOURCE.glob("*.py"))

    def put_into(self, folder: Path) -> None:
        """Make ``folder`` the runner's; again and again gives the same."""
        shutil.rmtree(folder, ignore_errors=True)
        model = self._model()
        try:
            shutil.copytree(model, folder, copy_function=_link)
        except FileNotFoundError:  # another version of the platform has tidied up this moment
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self._model(), folder, copy_function=_link)

    def _model(self) -> Path:
        digest = hashlib.sha256()
        for source in self._sources:
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        model = self._above / digest.hexdigest()[:32]
        if not model.is_dir():
            self._make(model)
        return model

    def _make(self, model: Path) -> None:
        self._above.mkdir(parents=True, exist_ok=True)
        for old in self._above.iterdir():  # what runs have of it are links of their own
            shutil.rmtree(old, ignore_errors=True)
        new = self._above / f"new-{secrets.token_hex(4)}"
        new.mkdir()
        for source in self._sources:
            shutil.copyfile(source, new / source.name)
        # Not by time: a link's time may be looked at from a container with another clock.
        compileall.compile_dir(new, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        try:
            new.rename(model)
        except OSError:
            if not model.is_dir():
                raise
            shutil.rmtree(new, ignore_errors=True)  # another worker was quicker


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        if not os.path.exists(source):  # noqa: PTH110
            raise
        shutil.copyfile(source, target)
