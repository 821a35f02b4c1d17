"""Where code comes from: the git checkout that a run was submitted from, as the client says."""

from __future__ import annotations

import re
from typing import Any

from nightdesk.server.domain.errors import Invalid

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOGIN = re.compile(r"^([a-z+]+://)[^/@]*@")
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST = 1000


def git_of(said: dict[str, Any] | None) -> dict[str, Any] | None:
    """Commit, branch, whether there were changes, and the remote, without a login in it.

    Raises:
        Invalid: it is none of that.
    """
    if said is None:
        return None
    commit, branch, remote = said.get("commit"), said.get("branch"), said.get("remote")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise Invalid("git.commit is 40 or 64 hexadecimal digits")
    for name, value in (("branch", branch), ("remote", remote)):
        if value is not None and (
            not isinstance(value, str) or len(value) > _LONGEST or _UNREADABLE.search(value)
        ):
            raise Invalid(f"git.{name} is one line of at most {_LONGEST} characters")
    return {
        "commit": commit,
        "branch": branch,
        "dirty": said.get("dirty"),
        "remote": None if remote is None else _LOGIN.sub(r"\1", remote),
    }
