"""The part of the client that is about sweeps."""
# Without pathlib, which costs start-up time.
# ruff: noqa: PTH119

from __future__ import annotations

import os

from nightdesk.client.checkout import checkout_of
from nightdesk.client.errors import WrongUsage
from nightdesk.client.sending import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from nightdesk.client.archive import Archive
    from nightdesk.client.events import Event, Waiting
    from nightdesk.client.multipart import Form
    from nightdesk.client.response import Response
    from nightdesk.client.sweep_answers import Sweep, SweepPreview
    from nightdesk.client.transport import Transport

_PAGE = 100


class Sweeps:
    """One notebook or script with many sets of parameters."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def make(self, source: str | os.PathLike[str], *, files: Archive | None = None, **wanted: Any) -> Sweep:
        """Hand a file over with one of grid, points, random and csv; see docs/api.md for the rest.

        Where the connection breaks before the answer, the request is repeated under the same key, so that there is
        one sweep whatever happened.
        """
        key = wanted.setdefault("key", os.urandom(16).hex())
        git = checkout_of(os.fspath(source))
        if git is not None:
            wanted.setdefault("git", git)
        made: Sweep = self._sent("/sweeps", source, files, wanted, key)
        return made

    def preview(self, source: str | os.PathLike[str], **wanted: Any) -> SweepPreview:
        """What such a sweep would be; nothing is made."""
        found: SweepPreview = self._sent("/sweeps/preview", source, None, wanted, "")
        return found

    def listed(self, owner: str = "me", limit: int | None = None) -> Iterator[Sweep]:
        """Newest first; pages are fetched as they are needed."""
        left, before = limit, None
        while left is None or left > 0:
            query = {"owner": owner, "limit": min(_PAGE, left or _PAGE), "before": before}
            page = self._transport.json("GET", "/sweeps", query=query)
            yield from page["sweeps"][:left]
            before = page["next"]
            if before is None:
                return
            if left is not None:
                left -= len(page["sweeps"])

    def show(self, sweep_id: str, *, metric: str | None = None, goal: str | None = None) -> Sweep:
        """One sweep with its members; `metric` and `goal` say what the best is by."""
        query = {"metric": metric, "goal": goal}
        found: Sweep = self._transport.json("GET", "/sweeps", sweep_id, query=query)
        return found

    def stop(self, sweep_id: str, *, waiting_only: bool = False) -> int:
        """End what is not over, or only what waits; how many runs that is."""
        wanted = {"waiting_only": waiting_only}
        stopped: int = self._transport.json("POST", "/sweeps", sweep_id, "stop", json=wanted)["stopped"]
        return stopped

    def events(
        self, sweep_id: str, *, waiting: Waiting | None = None, patient: bool = False
    ) -> Iterator[Event]:
        """Follow a sweep until all of its runs are over, over broken connections; see `events.follow`."""
        from nightdesk.client.events import follow

        def connect(_last: str | None) -> Response:
            headers = {"Accept": "text/event-stream"}
            return self._transport.open("GET", "/sweeps", sweep_id, "events", headers=headers)

        return follow(connect, waiting=waiting, patient=patient)

    def _sent(
        self,
        path: str,
        source: str | os.PathLike[str],
        files: Archive | None,
        wanted: dict[str, Any],
        key: str,
    ) -> Any:
        from nightdesk.client.multipart import Form
        from nightdesk.client.source import opened, session_version

        here = session_version()
        if here is not None:
            wanted.setdefault("environment", here)
        name = os.path.basename(os.fspath(source))
        with opened(os.fspath(source)) as file:
            form = Form()
            form.add("request", _encoded({"file": name, **wanted}), "application/json")
            form.add_file("source", file, name)
            if files is not None:
                form.add_file("files", files.file, "files.tar.gz")
            if key:
                return send(self._transport, path, form, key, "sweep")
            return self._posted(path, form)

    def _posted(self, path: str, form: Form) -> Any:
        headers = {"Content-Type": form.content_type}
        return self._transport.json("POST", path, body=form, headers=headers)


def _encoded(wanted: dict[str, Any]) -> bytes:
    import json

    try:
        return json.dumps(wanted, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise WrongUsage(
            f"the parameters are no JSON: {error}", "Say null or text instead of NaN and infinity."
        ) from error
