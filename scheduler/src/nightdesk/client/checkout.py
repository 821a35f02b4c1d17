"""The git checkout that something is submitted from: read from its files, so that git need not be there.

Outside of one this costs a look for `.git` in each folder above.
"""
# Without pathlib, which would be a tenth of the time that `nightdesk submit` takes to start.
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH118, PTH119, PTH120, PTH123

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GIT_SECONDS = 2.0
_DEEPEST = 64


def checkout_of(path: str) -> dict[str, Any] | None:
    """Commit, branch, whether there are changes (None: not known), and the remote's address; None outside of a checkout."""
    folder = os.path.dirname(os.path.abspath(path))
    top = _top(folder)
    if top is None:
        return None
    try:
        git = _git_folder(top)
        shared = _shared(git)
        commit, branch = _head(git, shared)
        if commit is None:
            return None
        remote = _remote(shared)
    except (OSError, UnicodeDecodeError):
        return None
    return {"commit": commit, "branch": branch, "dirty": _is_dirty(folder, path), "remote": remote}


def _top(folder: str) -> str | None:
    for _ in range(_DEEPEST):
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return None


def _git_folder(top: str) -> str:
    """`.git` itself, or where it says: in a worktree or a submodule it is a file."""
    git = os.path.join(top, ".git")
    if os.path.isdir(git):
        return git
    return os.path.join(top, _read(git).removeprefix("gitdir:").strip())


def _shared(git: str) -> str:
    """Where branches and settings are: a worktree has those of its repository."""
    common = os.path.join(git, "commondir")
    return os.path.join(git, _read(common).strip()) if os.path.exists(common) else git


def _head(git: str, shared: str) -> tuple[str | None, str | None]:
    head = _read(os.path.join(git, "HEAD")).strip()
    if not head.startswith("ref:"):
        return head, None
    ref = head.removeprefix("ref:").strip()
    branch = ref.removeprefix("refs/heads/")
    loose = os.path.join(shared, ref)
    if os.path.isfile(loose):
        return _read(loose).strip(), branch
    packed = os.path.join(shared, "packed-refs")
    if os.path.isfile(packed):
        for line in _read(packed).splitlines():
            commit, _, name = line.partition(" ")
            if name == ref:
                return commit, branch
    return None, branch  # no commit yet


def _remote(shared: str) -> str | None:
    """The address of `origin`, or of the first remote there is; without a login."""
    found: dict[str, str] = {}
    section = ""
    for line in _read(os.path.join(shared, "config")).splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words.strip("[]")[6:].strip().strip('"') if words.startswith("[remote ") else ""
        elif section and words.partition("=")[0].strip() == "url":
            found.setdefault(section, words.partition("=")[2].strip())
    address = found.get("origin") or next(iter(found.values()), None)
    if address is None:
        return None
    scheme, mark, rest = address.partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
    return address


def _is_dirty(folder: str, path: str) -> bool | None:
    import subprocess

    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    for what in (["--untracked-files=no"], ["--", os.path.basename(path)]):  # the file itself may be new
        # Nothing that the checkout's settings name is started.
        command = ["git", "-c", "core.fsmonitor=false", "-C", folder, "status", "--porcelain", *what]
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_GIT_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        if done.stdout:
            return True
    return False


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read(1 << 20)
