"""What the client does about runs; a part of `nightdesk.client.platform.Client`."""
# Without pathlib, which would be a tenth of the time that `nightdesk submit` takes to start.
# ruff: noqa: PTH119

from __future__ import annotations

import os

from nightdesk.client.checkout import checkout_of
from nightdesk.client.errors import WrongUsage
from nightdesk.client.sending import send
from nightdesk.client.source import opened, session_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO, Any, Unpack

    from nightdesk.client.answers import (
        Failure,
        History,
        Output,
        Retention,
        Run,
        RunFilter,
        RunOptions,
        Usage,
    )
    from nightdesk.client.archive import Archive
    from nightdesk.client.events import Event, Waiting
    from nightdesk.client.response import Response
    from nightdesk.client.transport import Transport

_PAGE = 100


class Runs:
    """Runs, over the connection of the client that this is a part of."""

    _transport: Transport

    def submit(
        self,
        source: str | os.PathLike[str],
        *,
        files: str | os.PathLike[str] | Archive | None = None,
        sent: Callable[[int], None] | None = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Hand a notebook or script to the platform; with `files`, a folder that it needs beside it.

        Where the connection breaks before the answer, the request is repeated under the same key, so that
        there is one run whatever happened. `sent` is told how many bytes more have gone out. In a session
        the environment is the session's own version unless `environment` names another.
        """
        path = os.fspath(source)
        here = session_version()
        if here is not None:
            options.setdefault("environment", here)
        with opened(path) as file:
            archive, ours = self._archive(files, path)
            try:
                return self._submit(
                    os.path.basename(path), file, archive, dict(options), sent, checkout_of(path)
                )
            finally:
                if ours and archive is not None:
                    archive.close()

    def submit_from_git(
        self,
        repository: str,
        path: str,
        *,
        ref: str = "",
        folder: str | None = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Have the platform fetch a notebook or script from a repository and run it.

        `repository` is an address or the name of a connection of kind git; `ref` a branch, a tag or a whole commit,
        empty: the default branch; `folder` what comes along: None is the file's own, "" the whole repository.
        """
        here = session_version()
        if here is not None:
            options.setdefault("environment", here)
        request: dict[str, Any] = {
            "source": {"repository": repository, "path": path, "ref": ref, "folder": folder},
            **options,
        }
        if "on_behalf_of" in request:
            request["as"] = request.pop("on_behalf_of")
        request.setdefault("key", os.urandom(16).hex())
        run: Run = self._transport.json("POST", "/runs/from-git", json=request)
        return run

    @staticmethod
    def _archive(files: str | os.PathLike[str] | Archive | None, source: str) -> tuple[Archive | None, bool]:
        if files is None:
            return None, False
        from nightdesk.client.archive import Archive, pack

        if isinstance(files, Archive):
            return files, False
        return pack(os.fspath(files), without=source), True

    def _submit(
        self,
        filename: str,
        file: IO[bytes],
        archive: Archive | None,
        options: dict[str, Any],
        sent: Callable[[int], None] | None,
        git: dict[str, Any] | None,
    ) -> Run:
        import json

        from nightdesk.client.multipart import Form

        request = {"file": filename, **options}
        if git is not None:
            request["git"] = git
        if "on_behalf_of" in request:
            request["as"] = request.pop("on_behalf_of")
        # A key of our own where there is none, so that the request may be repeated.
        key = request.setdefault("key", os.urandom(16).hex())
        form = Form(sent)
        try:
            encoded = json.dumps(request, allow_nan=False).encode()
        except ValueError as error:
            raise WrongUsage(
                f"the parameters are no JSON: {error}", "Say null or text instead of NaN and infinity."
            ) from error
        form.add("request", encoded, "application/json")
        form.add_file("source", file, filename)
        if archive is not None:
            form.add_file("files", archive.file, "files.tar.gz")
        run: Run = send(self._transport, "/runs", form, key)
        return run

    def run(self, run_id: str) -> Run:
        """One run as it is now."""
        run: Run = self._transport.json("GET", "/runs", run_id)
        return run

    def runs(self, **which: Unpack[RunFilter]) -> Iterator[Run]:
        """Runs, newest first; pages are fetched as they are needed."""
        yield from self._listed("/runs", "runs", which.get("limit"), dict(which))

    def _listed(self, path: str, name: str, limit: int | None, which: dict[str, Any]) -> Iterator[Any]:
        """The pages of a list one after the other."""
        left, before = limit, None
        while left is None or left > 0:
            query: dict[str, Any] = {**which, "limit": min(_PAGE, left or _PAGE), "before": before}
            page = self._transport.json("GET", path, query=query)
            found = page[name][:left]
            yield from found
            before = page.get("next")
            if left is not None:
                left -= len(found)
            if not before or not found:
                return

    def cancel(self, run_id: str) -> Run:
        """Ask for the end of a run; what it has done so far is kept."""
        run: Run = self._transport.json("POST", "/runs", run_id, "cancel")
        return run

    def retry(self, run_id: str, *, exact: bool = False, **changes: Any) -> Run:
        """The same again as a new run; with `exact` in exactly the image that it ran in.

        `changes`: `parameters` (all of them), `environment`, `size`, `name`, `timeout_seconds`.
        """
        wanted = {"exact": exact, **changes}
        run: Run = self._transport.json("POST", "/runs", run_id, "retry", json=wanted)
        return run

    def keep(self, run_id: str, keep: bool = True) -> Run:
        """Mark a run so that its outputs stay, or take the mark away."""
        run: Run = self._transport.json("PUT" if keep else "DELETE", "/runs", run_id, "keep")
        return run

    def retention(self) -> Retention:
        """How long outputs stay, and what would go at the next clean-up; admins only."""
        found: Retention = self._transport.json("GET", "/retention")
        return found

    def history(self, run_id: str) -> History:
        """Every change of the run since it was submitted, and its attempts."""
        history: History = self._transport.json("GET", "/runs", run_id, "history")
        return history

    def usage(self, run_id: str) -> Usage:
        """What the run took of the machine so far, and what it may take."""
        usage: Usage = self._transport.json("GET", "/runs", run_id, "usage")
        return usage

    def failure(self, run_id: str) -> Failure:
        """What went wrong in a run that is over: the cell it was in, the error, the end of its log.

        Raises Refused (409) for one that goes on, or has succeeded.
        """
        failure: Failure = self._transport.json("GET", "/runs", run_id, "failure")
        return failure

    def log(self, run_id: str, *, attempt: int | None = None) -> Iterator[bytes]:
        """What the run (or an earlier attempt of it) has printed so far, in pieces."""
        query = {"attempt": attempt}
        yield from self._transport.open("GET", "/runs", run_id, "log", query=query).pieces()

    def events(
        self, run_id: str, *, after: str | None = None, waiting: Waiting | None = None, patient: bool = False
    ) -> Iterator[Event]:
        """Follow a run until it ends, over broken connections and restarts; see `events.follow`."""
        from nightdesk.client.events import follow

        def connect(last: str | None) -> Response:
            headers = {"Accept": "text/event-stream"}
            if last is not None:
                headers["Last-Event-ID"] = last
            return self._transport.open("GET", "/runs", run_id, "events", headers=headers)

        return follow(connect, after=after, waiting=waiting, patient=patient)

    def outputs(self, run_id: str, *, attempt: int | None = None) -> list[Output]:
        """What a run (or an earlier attempt of it) has left."""
        query = {"attempt": attempt}
        outputs: list[Output] = self._transport.json("GET", "/runs", run_id, "outputs", query=query)[
            "outputs"
        ]
        return outputs

    def output(
        self,
        run_id: str,
        name: str,
        *,
        attempt: int | None = None,
        start: int = 0,
        sha256: str = "",
        size: int | None = None,
    ) -> Response:
        """One output, to be read piece by piece; with `start` from that byte on (status 206), if it is still this one.

        Told its `size`, it may come from the bucket that holds it.
        """
        path = ("outputs", *name.split("/"))
        part = {"Range": f"bytes={start}-", "If-Range": f'"{sha256}"'} if start and sha256 else {}
        left = None if size is None else size - start
        return self._transport.fetch("/runs", run_id, *path, query={"attempt": attempt}, part=part, left=left)

    def all_outputs(self, run_id: str, *, attempt: int | None = None) -> Response:
        """All outputs as one zip, to be read piece by piece."""
        return self._transport.open("GET", "/runs", run_id, "outputs.zip", query={"attempt": attempt})

    def download(
        self,
        run_id: str,
        folder: str | os.PathLike[str] | None = None,
        *,
        force: bool = False,
        attempt: int | None = None,
    ) -> list[Path]:
        """Put all outputs of a run into `folder` (default: one named after it); returns their paths."""
        from nightdesk.client.download import download, folder_for

        target = folder_for(run_id, folder, attempt)
        return download(self, run_id, target, force=force, attempt=attempt).paths
