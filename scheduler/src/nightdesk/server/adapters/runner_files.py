"""The runner's files, laid out once beside all run folders and linked into each.

With them is their bytecode: a Python of this one's version, as images have it by default, need not
compile two thousand lines at each start; any other takes no notice of it.
"""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from py_compile import PycInvalidationMode

from nightdesk import runner

_FOLDER = ".runner"
_KEPT = 3  # versions of it: during an upgrade two are in use


class RunnerFiles:
    """The runner of this version of the platform, below the root of the run folders."""

    def __init__(self, root: Path) -> None:
        sources = {path.name: path.read_bytes() for path in sorted(runner.SOURCE.glob("*.py"))}
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + text for name, text in sources.items()))
        self._sources = sources
        self._model = root / _FOLDER / digest.hexdigest()[:32]

    def put_into(self, folder: Path) -> None:
        """Make ``folder`` the runner's; again and again gives the same."""
        shutil.rmtree(folder, ignore_errors=True)
        if not self._model.is_dir():
            self._make()
        shutil.copytree(self._model, folder, copy_function=_link)

    def _make(self) -> None:
        above = self._model.parent
        above.mkdir(parents=True, exist_ok=True)
        new = above / f"new-{secrets.token_hex(4)}"
        new.mkdir()
        for name, text in self._sources.items():
            (new / name).write_bytes(text)
        # Not by the time of a source: links in a volume may be copied, restored, looked at with another clock.
        compileall.compile_dir(new, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        for path in (new, *new.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        try:
            new.rename(self._model)
        except OSError:
            if not self._model.is_dir():
                raise
            shutil.rmtree(new, ignore_errors=True)  # another worker was quicker
        with contextlib.suppress(FileNotFoundError):  # another worker tidies up as well
            models = [path for path in above.iterdir() if not path.name.startswith("new-")]
            for old in sorted(models, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                shutil.rmtree(old, ignore_errors=True)  # what runs have of it are links of their own


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # not every file system has links
        shutil.copyfile(source, target)
