"""Telling a repository's host how a run of one of its commits went, in the words of its API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from nightdesk.server.domain.outcome import human_seconds
from nightdesk.server.domain.run import Run, Status

_LONGEST = 140  # of the words, as GitHub has it
_STATES = {Status.SUCCEEDED: "success", Status.CANCELLED: "error", Status.LOST: "error"}
_OF_GITLAB = {Status.SUCCEEDED: "success", Status.CANCELLED: "canceled"}


@dataclass(frozen=True, slots=True)
class Told:
    """What is posted where."""

    url: str
    headers: dict[str, str]
    document: dict[str, Any]


def words_of(run: Run) -> str:
    """How it went, in a line."""
    took = ""
    if run.started_at is not None and run.finished_at is not None:
        took = f" after {human_seconds(max(run.finished_at - run.started_at, 0.0))}"
    said = f"{run.status.value.replace('_', ' ')}{took}"
    said += f": {run.reason}" if run.reason and run.status is not Status.SUCCEEDED else ""
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def commit_status(run: Run, page: str, settings: dict[str, str], token: str) -> Told:
    """What the host is told. ``settings`` are those of the connection: ``url``, ``api`` and ``api_url``."""
    commit = str((run.git or {})["commit"])
    parts = urlsplit(settings["url"])
    path = parts.path.strip("/").removesuffix(".git")
    base = settings.get("api_url") or _usual_base(
        settings["api"], f"{parts.scheme}://{parts.netloc}", parts.netloc
    )
    base = base.rstrip("/")
    context = f"nightdesk/{run.name}"[:255]
    if settings["api"] == "gitlab":
        document = {"state": _OF_GITLAB.get(run.status, "failed"), "name": context}
        url = f"{base}/projects/{quote(path, safe='')}/statuses/{commit}"
        headers = {"PRIVATE-TOKEN": token}
    else:
        document = {"state": _STATES.get(run.status, "failure"), "context": context}
        url = f"{base}/repos/{quote(path)}/statuses/{commit}"
        headers = {"Authorization": f"{'Bearer' if settings['api'] == 'github' else 'token'} {token}"}
    return Told(url, headers, {**document, "target_url": page, "description": words_of(run)})


def _usual_base(api: str, root: str, host: str) -> str:
    if api == "github":
        return "https://api.github.com" if host == "github.com" else f"{root}/api/v3"
    return f"{root}/api/v4" if api == "gitlab" else f"{root}/api/v1"
