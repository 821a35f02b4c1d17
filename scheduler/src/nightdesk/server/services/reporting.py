"""Telling a repository's host how a run of its commit went: by the connection that it was fetched with."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from nightdesk.config import Settings
from nightdesk.server.domain.audit import Note
from nightdesk.server.domain.commit_status import commit_status
from nightdesk.server.domain.errand import MOST_TRIES, Errand, wait_before
from nightdesk.server.domain.errors import (
    EngineError,
    Invalid,
    NightdeskError,
    NotAllowed,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)
from nightdesk.server.ports.fetching import Fetcher
from nightdesk.server.ports.files import FileStore
from nightdesk.server.ports.records import Records
from nightdesk.server.ports.sealing import Sealing

KINDS: dict[str, type[NightdeskError]] = {
    "invalid": Invalid,
    "not_allowed": NotAllowed,
    "not_found": NotFound,
    "too_large": TooLarge,
    "unavailable": Unavailable,
    "engine": EngineError,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrandParts:
    """What a worker does errands with."""

    records: Records
    store: FileStore
    settings: Settings
    sealing: Sealing
    fetcher: Fetcher


def error_of(answer: dict[str, Any]) -> NightdeskError:
    """And back again."""
    kind = KINDS.get(answer["kind"], Unavailable)
    return (Unavailable if kind is EngineError else kind)(answer["words"], answer["hint"])


def report(parts: ErrandParts, errand: Errand) -> None:
    """Tell it. What does not answer is asked again for an hour; whatever comes of it is in the audit log."""
    run = parts.records.run(errand.wanted["run"])
    if run is None:
        parts.records.drop_errand(errand.id)
        return
    try:
        if errand.answer is not None:
            raise error_of(errand.answer)
        token = parts.sealing.open(errand.id, errand.sealed)["password"]
        page = f"{parts.settings.public_url}/services/nightdesk/runs/{run.id}"
        told = commit_status(run, page, errand.wanted["to"], token)
        parts.fetcher.tell(told.url, told.headers, told.document)
        words = f"commit {str((run.git or {})['commit'])[:12]} has its status"
    except Refused as error:
        words = f"its commit got no status: {error.message}"
    except NightdeskError as error:
        if errand.tries + 1 < MOST_TRIES:
            _log.warning("run %s: its commit has no status yet: %s", run.id, error.message)
            parts.records.errand_again(errand.id, wait_before(errand.tries + 1))
            return
        words = f"its commit got no status: {error.message}"
    except Exception:  # noqa: BLE001 - the edge of a thread
        _log.exception("run %s: unexpected", run.id)
        words = "its commit got no status: something went wrong inside the platform; it is in its log"
    parts.records.note(Note("", "run.reported", run.id, run.owner, words))
    parts.records.drop_errand(errand.id)
