"""What the routes do, each with a client of its own: they are called in threads, and a client is for one."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nightdesk.client.archive import Archive, pack, survey
from nightdesk.client.errors import LocalProblem, WrongUsage
from nightdesk.client.ignore import ALWAYS, IGNORE_FILE, Rules
from nightdesk.client.multipart import Form
from nightdesk.client.platform import Client
from nightdesk.client.source import session_version
from nightdesk.lab_server.allowed import QUERY, is_allowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVICE = "services/nightdesk"
MOST_COUNTED = 50_000  # files and folders; who wants to take more along is told so
_BOTH: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "environment": (str,),
    "size": (str,),
    "timeout_seconds": (int, float),
    "parameters": (dict,),
    "notify": (str,),
}
_OF_A_RUN: dict[str, tuple[type, ...]] = _BOTH | {"key": (str,)}
_OF_A_SCHEDULE: dict[str, tuple[type, ...]] = _BOTH | {
    "cron": (str,),
    "zone": (str,),
    "time_parameter": (str,),
    "alert": (bool,),
}


def about() -> dict[str, Any]:
    """Where the session is: its version, and where the platform's pages are on the same origin."""
    base = os.environ.get("JUPYTERHUB_BASE_URL", "/")
    return {
        "user": os.environ.get("JUPYTERHUB_USER", ""),
        "environment": session_version(),
        "pages": f"{base.rstrip('/')}/{SERVICE}",
        "ignored_always": list(ALWAYS),
        "ignore_file": IGNORE_FILE,
    }


def passed_on(method: str, path: str, query: Mapping[str, str], body: Any) -> Any:
    """A call of the platform's interface. Raises WrongUsage where it is none of those that Lab needs."""
    if not is_allowed(method, path):
        raise WrongUsage(f"{method} {path} is not passed on to the platform")
    kept = {name: query[name] for name in QUERY if name in query}
    with Client() as client:
        return client.call(method, path, query=kept, json=body if method == "POST" else None)


def inspected(source: Path, environment: str | None, content: str | None) -> Any:
    """What the platform says of a file: its parameters and its kernel, or why it would be refused."""
    request = {"file": source.name, **({"environment": environment} if environment else {})}
    with _to_send(source, content) as path, Client() as client, path.open("rb") as file:
        form = Form()
        form.add("request", json.dumps(request).encode(), "application/json")
        form.add_file("source", file, source.name)
        return client.sent("/notebooks/inspect", form) | {"home_path": _path_in_home(source)}


def looked_through(source: Path, ignore: str | None) -> dict[str, Any]:
    """What would be taken along of the folder beside a file: how much it is, and what stays here."""
    folder = source.parent
    seen = survey(str(folder), without=str(source), rules=_rules(ignore), most=MOST_COUNTED)
    return {
        "folder": folder.name,
        "files": seen.files,
        "bytes": seen.bytes,
        "whole": seen.whole,
        "skipped": seen.skipped[:20],
        "ignore": _kept_lines(folder) if ignore is None else ignore,
    }


def handed_over(source: Path, wanted: Mapping[str, Any]) -> Any:
    """Submit a file, with the folder beside it where `wanted` says so; the run.

    `wanted` may hold the options of a submit, `parameters` as text, `files` (bool), `ignore` (text) and
    `content`: the file as it is in Lab, where it cannot be saved.
    """
    options = _options(wanted, _OF_A_RUN)
    with _parts(source, wanted) as (path, archive), Client() as client:
        return client.submit(path, files=archive, parameters_are_text=True, **options)


def scheduled(source: Path, wanted: Mapping[str, Any]) -> Any:
    """Put a file on a schedule; the schedule. `wanted` as for :func:`handed_over`, with `cron` and `zone`.

    With `live` true nothing is sent: the platform reads the file from the home each time.
    """
    options = _options(wanted, _OF_A_SCHEDULE) | {"parameters_are_text": True}
    if wanted.get("live") is True:
        with Client() as client:
            return client.schedules.add(home=_live(source, wanted), **options)
    with _parts(source, wanted) as (path, archive), Client() as client:
        return client.schedules.add(path, files=archive, **options)


def notebook_of(run_id: str) -> Iterator[bytes]:
    """The executed notebook of a run, in pieces."""
    with Client() as client:
        yield from client.output(run_id, "notebook.ipynb").pieces()


def _options(wanted: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """What was filled in. Raises WrongUsage where something is of another kind."""
    options: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = wanted.get(name)
        if value is None or value == "":
            continue
        # To Python a bool is a number.
        if not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind):
            raise WrongUsage(f"'{name}' is of the wrong kind")
        options[name] = value
    return options


def _path_in_home(source: Path) -> str | None:
    """Where it is in the home; None where it is elsewhere."""
    home = Path.home()
    return source.relative_to(home).as_posix() if source.is_relative_to(home) else None


def _live(source: Path, wanted: Mapping[str, Any]) -> dict[str, str]:
    path = _path_in_home(source)
    if path is None or wanted.get("content") is not None:
        raise WrongUsage("only a saved file of your home is read each time", "Schedule a copy of it.")
    along = wanted.get("files") is True
    return {"path": path, **({"folder": path.rpartition("/")[0]} if along else {})}


@contextmanager
def _parts(source: Path, wanted: Mapping[str, Any]) -> Iterator[tuple[Path, Archive | None]]:
    """What is sent: the file, and the folder beside it where `wanted` says so."""
    archive = _packed(source, wanted.get("ignore")) if wanted.get("files") is True else None
    try:
        with _to_send(source, wanted.get("content")) as path:
            yield path, archive
    finally:
        if archive is not None:
            archive.close()


def _packed(source: Path, ignore: str | None) -> Archive:
    if ignore is not None and ignore != _kept_lines(source.parent):
        _keep_lines(source.parent, ignore)
    archive = pack(str(source.parent), without=str(source), rules=_rules(ignore))
    if archive.skipped:
        words = "; ".join(archive.skipped[:3])
        archive.close()
        raise LocalProblem(
            f"not everything in the folder can be taken along: {words}",
            f"Leave it out by a line in {IGNORE_FILE}.",
        )
    return archive


def _rules(ignore: str | None) -> Rules | None:
    return None if ignore is None else Rules(ignore.splitlines())


def _kept_lines(folder: Path) -> str:
    try:
        return (folder / IGNORE_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _keep_lines(folder: Path, ignore: str) -> None:
    """For the next time, and for the command line. Where the folder cannot be written the run has them all the same."""
    text = ignore.rstrip("\n")
    try:
        (folder / IGNORE_FILE).write_text(f"{text}\n" if text else "", "utf-8")
    except OSError:
        return


@contextmanager
def _to_send(source: Path, content: str | None) -> Iterator[Path]:
    """The file itself, or one of the same name with what Lab shows, for as long as the block lasts."""
    if content is None:
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="nightdesk-") as folder:
        path = Path(folder, source.name)
        path.write_text(content, "utf-8")
        yield path
