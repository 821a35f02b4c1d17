"""The part of the client that is about pipelines."""

from __future__ import annotations

import os

from nightdesk.client.errors import ConnectionLost, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from nightdesk.client.archive import Archive
    from nightdesk.client.events import Event, Waiting
    from nightdesk.client.pipeline_answers import CheckedPipeline, ListedPipeline, Pipeline
    from nightdesk.client.response import Response
    from nightdesk.client.transport import Transport

FILE = "pipeline.yaml"
_PAGE = 100
_TRIES = 4


class Pipelines:
    """Several notebooks and scripts as one thing; docs/pipelines.md has what a pipeline.yaml says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def run(self, text: bytes, folder: Archive, *, file: str = FILE, **wanted: Any) -> Pipeline:
        """Run what `text` describes, with the folder that its steps' files lie in.

        Where the connection breaks before the answer, the request is repeated under the same key, so that there is one
        pipeline whatever happened.
        """
        import time

        wanted.setdefault("key", os.urandom(16).hex())
        for attempt in range(_TRIES):
            try:
                made: Pipeline = self._sent((), text, folder, {"file": file, **wanted})
                return made
            except ConnectionLost:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.5 * 2**attempt)
        raise AssertionError

    def run_from_git(
        self, repository: str, path: str, *, ref: str = "", folder: str | None = None, **wanted: Any
    ) -> Pipeline:
        """Have the platform fetch a pipeline with its folder from a repository, and run it; see `Client.submit_from_git`."""
        from nightdesk.client.source import session_version

        here = session_version()
        if here is not None:
            wanted.setdefault("environment", here)
        wanted.setdefault("key", os.urandom(16).hex())
        source = {"repository": repository, "path": path, "ref": ref, "folder": folder}
        request = {"source": source, **wanted}
        made: Pipeline = self._transport.json("POST", "/pipelines/from-git", json=request)
        return made

    def check(self, text: bytes, folder: Archive, *, file: str = FILE, **wanted: Any) -> CheckedPipeline:
        """What it would run; nothing is kept."""
        found: CheckedPipeline = self._sent(("check",), text, folder, {"file": file, **wanted})
        return found

    def listed(
        self,
        *,
        owner: str = "me",
        status: str | None = None,
        name: str | None = None,
        schedule: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ListedPipeline]:
        """Newest first; pages are fetched as they are needed."""
        left, before = limit, None
        while left is None or left > 0:
            query = {"owner": owner, "status": status, "name": name, "schedule": schedule}
            query |= {"limit": min(_PAGE, left or _PAGE), "before": before}  # type: ignore[dict-item]
            page = self._transport.json("GET", "/pipelines", query=query)
            yield from page["pipelines"][:left]
            before = page["next"]
            if before is None:
                return
            if left is not None:
                left -= len(page["pipelines"])

    def show(self, pipeline_id: str) -> Pipeline:
        """One pipeline with its steps."""
        found: Pipeline = self._transport.json("GET", "/pipelines", pipeline_id)
        return found

    def cancel(self, pipeline_id: str) -> Pipeline:
        """Start no further step, and end those that go on."""
        found: Pipeline = self._transport.json("POST", "/pipelines", pipeline_id, "cancel")
        return found

    def resume(self, pipeline_id: str) -> Pipeline:
        """Go on at the steps that have not succeeded."""
        found: Pipeline = self._transport.json("POST", "/pipelines", pipeline_id, "resume")
        return found

    def events(
        self, pipeline_id: str, *, waiting: Waiting | None = None, patient: bool = True
    ) -> Iterator[Event]:
        """Its changes as they happen, up to and with its end; over broken connections."""
        from nightdesk.client.events import follow

        def connect(_last: str | None) -> Response:
            path = ("/pipelines", pipeline_id, "events")
            return self._transport.open("GET", *path, headers={"Accept": "text/event-stream"})

        return follow(connect, waiting=waiting, patient=patient)

    def _sent(self, path: tuple[str, ...], text: bytes, folder: Archive, wanted: dict[str, Any]) -> Any:
        import json
        import tempfile

        from nightdesk.client.multipart import Form
        from nightdesk.client.source import session_version

        here = session_version()
        if here is not None:
            wanted.setdefault("environment", here)
        form = Form()
        try:
            encoded = json.dumps(wanted, allow_nan=False).encode()
        except ValueError as error:
            raise WrongUsage(f"the parameters are no JSON: {error}") from error
        form.add("request", encoded, "application/json")
        with tempfile.TemporaryFile(prefix="nightdesk-") as file:
            file.write(text)
            file.flush()
            form.add_file("source", file, FILE)
            form.add_file("files", folder.file, "files.tar.gz")
            headers = {"Content-Type": form.content_type}
            return self._transport.json("POST", "/pipelines", *path, body=form, headers=headers)
