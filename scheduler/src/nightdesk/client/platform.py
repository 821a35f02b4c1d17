"""The platform's REST interface as Python calls."""
# Without pathlib, which would be a tenth of the time that `nightdesk submit` takes to start.
# ruff: noqa: PTH119

from __future__ import annotations

import os
import stat

from nightdesk.client.checkout import checkout_of
from nightdesk.client.errors import WrongUsage
from nightdesk.client.login import find_login
from nightdesk.client.sending import send
from nightdesk.client.transport import Transport, read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO, Any, Self, Unpack

    from nightdesk.client.admin_answers import AuditEntry, AuditVerdict, LiveSession
    from nightdesk.client.answers import (
        Check,
        Environment,
        Failure,
        Health,
        History,
        Output,
        Retention,
        Run,
        RunFilter,
        RunOptions,
        Usage,
        User,
    )
    from nightdesk.client.archive import Archive
    from nightdesk.client.connections import Connections
    from nightdesk.client.environments import Builds, Environments
    from nightdesk.client.events import Event, Waiting
    from nightdesk.client.groups import Groups
    from nightdesk.client.http import Response
    from nightdesk.client.hub import Hub
    from nightdesk.client.login import Login
    from nightdesk.client.multipart import Form
    from nightdesk.client.pipelines import Pipelines
    from nightdesk.client.reports import Metrics, Reports
    from nightdesk.client.schedules import Schedules
    from nightdesk.client.sharing import Sharing
    from nightdesk.client.sweeps import Sweeps
    from nightdesk.client.usage import PeopleUse

_PAGE = 100


class Client:
    """A person's way to the platform, over one connection that is kept open.

    Every call has a timeout and raises a NightdeskError: Unreachable, Refused or one of their kinds. Not
    for use by several threads at a time; make one each.

        with Client() as client:
            run = client.submit("analysis.ipynb", parameters={"year": 2026})
            for event in client.events(run["id"]):
                ...
    """

    def __init__(self, login: Login | None = None) -> None:
        """With `login`, or with the one that counts here (see `nightdesk.client.login`)."""
        self.login = login or find_login()
        self._transport = Transport(self.login)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

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
        self, run_id: str, name: str, *, attempt: int | None = None, start: int = 0, sha256: str = ""
    ) -> Response:
        """One output, to be read piece by piece; with `start` from that byte on (status 206), if it is still this one."""
        path = ("outputs", *name.split("/"))
        headers = {"Range": f"bytes={start}-", "If-Range": f'"{sha256}"'} if start and sha256 else None
        return self._transport.open(
            "GET", "/runs", run_id, *path, query={"attempt": attempt}, headers=headers
        )

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

    def environments(self) -> list[Environment]:
        """The environments that one may use, the newest version first."""
        return self.catalogue.listed()

    @property
    def catalogue(self) -> Environments:
        """Environments, their versions and channels."""
        from nightdesk.client.environments import Environments

        return Environments(self._transport)

    @property
    def builds(self) -> Builds:
        """Making versions of environments; admins only."""
        from nightdesk.client.environments import Builds

        return Builds(self._transport)

    @property
    def groups(self) -> Groups:
        """Groups, and what they decide; admins only."""
        from nightdesk.client.groups import Groups

        return Groups(self._transport)

    @property
    def connections(self) -> Connections:
        """Ways to data: what one may use, and for admins what there is."""
        from nightdesk.client.connections import Connections

        return Connections(self._transport)

    @property
    def reports(self) -> Reports:
        """Addresses that stay for the newest good output of something."""
        from nightdesk.client.reports import Reports

        return Reports(self._transport)

    @property
    def metrics(self) -> Metrics:
        """What runs measured of themselves."""
        from nightdesk.client.reports import Metrics

        return Metrics(self._transport)

    @property
    def usage_of_people(self) -> PeopleUse:
        """What people have of the machine now, and had in a month."""
        from nightdesk.client.usage import PeopleUse

        return PeopleUse(self._transport)

    @property
    def sharing(self) -> Sharing:
        """Who else sees a run, and runs side by side."""
        from nightdesk.client.sharing import Sharing

        return Sharing(self._transport)

    @property
    def schedules(self) -> Schedules:
        """Runs by a timetable."""
        from nightdesk.client.schedules import Schedules

        return Schedules(self._transport)

    @property
    def pipelines(self) -> Pipelines:
        """Several notebooks and scripts as one thing."""
        from nightdesk.client.pipelines import Pipelines

        return Pipelines(self._transport)

    @property
    def sweeps(self) -> Sweeps:
        """One file with many sets of parameters."""
        from nightdesk.client.sweeps import Sweeps

        return Sweeps(self._transport)

    def user(self) -> User:
        """Who one is."""
        user: User = self._transport.json("GET", "/user")
        return user

    def health(self) -> Health:
        """Whether the platform answers, and its version; needs no token."""
        health: Health = self._transport.json("GET", "/health")
        return health

    def doctor(self) -> list[Check]:
        """The platform's own checks; admins only."""
        checks: list[Check] = self._transport.json("GET", "/doctor")["checks"]
        return checks

    def audit(self, *, limit: int | None = None, **which: str | None) -> Iterator[AuditEntry]:
        """Who did what, newest first; `which` is by, action, on, address, since, until. Admins only."""
        yield from self._listed("/audit", "entries", limit, which)

    def audit_export(self, *, format: str = "csv", **which: str | None) -> Iterator[bytes]:
        """The same as a file, in pieces. Admins only; it is noted."""
        query = {**which, "format": format}
        yield from self._transport.open("GET", "/audit", "export", query=query).pieces()

    def audit_verify(self) -> AuditVerdict:
        """Whether the audit log is as it was written. Admins only."""
        verdict: AuditVerdict = self._transport.json("GET", "/audit", "verify")
        return verdict

    def sessions(self) -> list[LiveSession]:
        """Everybody's sessions with what they take now. Admins only."""
        sessions: list[LiveSession] = self._transport.json("GET", "/sessions")["sessions"]
        return sessions

    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock is ahead of this one; None where it does not say."""
        return self._transport.clock_skew()

    @property
    def hub(self) -> Hub:
        """The hub behind the same address: accounts and tokens."""
        from nightdesk.client.hub import Hub

        return Hub(self._transport)

    def sent(self, path: str, form: Form) -> Any:
        """Any other call that takes a form."""
        headers = {"Content-Type": form.content_type}
        return self._transport.json("POST", path, body=form, headers=headers)

    def call(self, method: str, *path: str, query: dict[str, Any] | None = None, json: Any = None) -> Any:
        """Any other call of the interface: `path` in segments, the first as it is written ("/runs")."""
        return read_json(self._transport.open(method, *path, query=query, json=json))


def opened(path: str) -> IO[bytes]:
    """The file to submit. Raises WrongUsage for what is certain already: missing, unreadable, no file."""
    try:
        # Not blocking, or a named pipe would hang here until somebody writes into it.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise WrongUsage(f"there is no file {path!r}", "Check the name and the folder you are in.") from error
    except OSError as error:
        raise WrongUsage(f"{path!r} cannot be read: {(error.strerror or str(error)).lower()}") from error
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(number, "rb")
    os.close(number)
    if stat.S_ISDIR(mode):
        raise WrongUsage(
            f"{path!r} is a folder", "Submit one notebook or script, and take the folder along with --files."
        )
    raise WrongUsage(f"{path!r} is not an ordinary file", "Submit a notebook (.ipynb) or a script (.py, .R).")


def session_version() -> str | None:
    """`NAME:VERSION` of the session that this is called in; None elsewhere."""
    name, version = os.environ.get("NIGHTDESK_ENVIRONMENT"), os.environ.get("NIGHTDESK_VERSION")
    return f"{name}:{version}" if name and version else None
