"""Outputs of a run into a folder: each whole or not at all, none outside the folder, none unasked replaced."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from pathlib import Path

from nightdesk.checksum import FileChecksum
from nightdesk.client.errors import ConnectionLost, LocalProblem, NightdeskError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nightdesk.client.answers import Output
    from nightdesk.client.response import Response
    from nightdesk.client.runs import Runs

    Received = Callable[[Output, int], None]
    """Told of each piece: the output and the bytes of it that are here."""

_TRIES = 3  # without a byte more
_RESUMED_BYTES = 2**20  # of what is smaller, nothing is kept for the next time


class Downloaded:
    """What a download did: `paths` of all outputs, `kept` of those that were here already."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.kept: list[Path] = []


def folder_for(run_id: str, wanted: str | os.PathLike[str] | None, attempt: int | None) -> Path:
    """Where outputs go: `wanted`, or a new folder named after the run and, where one is asked for, its attempt."""
    if wanted:
        return Path(wanted)
    return Path(run_id if attempt is None else f"{run_id}-attempt-{attempt}")


def download(
    client: Runs,
    run_id: str,
    folder: Path,
    *,
    force: bool = False,
    attempt: int | None = None,
    received: Received | None = None,
) -> Downloaded:
    """Put all outputs of a run, or of an earlier attempt of it, into `folder`.

    Raises LocalProblem, before anything is written, where a name would lead out of the folder or a
    different file is in the way (unless `force`).
    """
    outputs = client.outputs(run_id, attempt=attempt)
    source = _Source(client, run_id, attempt)
    targets = _targets(folder, outputs)
    done = Downloaded()
    wanted = []
    for output, path in targets:
        if _same(output, path):
            done.kept.append(path)
        elif os.path.lexists(path) and not force:
            raise LocalProblem(
                f"{str(path)!r} is in the way: it differs from what the run left",
                "Choose another folder (nightdesk download RUN DIR), or replace it with --force.",
            )
        else:
            wanted.append((output, path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for output, path in wanted:
            _fetch(source, output, folder, path, received)
    except OSError as error:
        raise LocalProblem(
            f"{str(error.filename or folder)!r} cannot be written: {(error.strerror or str(error)).lower()}",
            "What had arrived whole before stays; run the command again to fetch the rest.",
        ) from error
    done.paths = [path for _, path in targets]
    return done


def download_zip(
    client: Runs, run_id: str, path: Path, *, force: bool = False, attempt: int | None = None
) -> int:
    """Put all outputs of a run, or of an earlier attempt of it, into one zip; its bytes.

    Raises LocalProblem where something is in the way (unless `force`).
    """
    if os.path.lexists(path) and not force:
        raise LocalProblem(f"{str(path)!r} is in the way", "Choose another name, or replace it with --force.")
    temporary = path.parent / f".nightdesk-{os.urandom(6).hex()}.part"
    try:
        response = client.all_outputs(run_id, attempt=attempt)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb", buffering=0) as file:
                size = sum(response.saved(file))  # fewer than announced: a broken line
        finally:
            response.close()
        temporary.replace(path)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise LocalProblem(f"{str(error.filename or path)!r} cannot be written: {words}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return size


def load(run_id: str, name: str) -> Path:
    """One output of a run as a file of this machine, checked against its checksum.

    Raises NotFound, LocalProblem.
    """
    from nightdesk.client.platform import Client

    folder = cache_folder() / run_id.replace("/", "_")
    with Client() as client:
        outputs = client.outputs(run_id)
        wanted = [output for output in outputs if output["name"] == name]
        if not wanted:
            raise NotFound(
                f"the run {run_id} has left no {name!r}",
                f"There is: {', '.join(output['name'] for output in outputs[:20]) or 'nothing'}.",
                status=404,
            )
        [(output, path)] = _targets(folder, wanted)
        if not _same(output, path):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                _fetch(_Source(client, run_id, None), output, folder, path, None)
            except OSError as error:
                raise LocalProblem(
                    f"{str(error.filename or path)!r} cannot be written: {(error.strerror or str(error)).lower()}",
                    "Is there room for it?",
                ) from error
    return path


def cache_folder() -> Path:
    """Where loaded outputs are kept. In a run that is on its disk, not in its memory, and gone with it."""
    job = os.environ.get("NIGHTDESK_JOB")
    if job:
        return Path(job).parent.parent / "work" / ".nightdesk-outputs"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nightdesk" / "outputs"


def _targets(folder: Path, outputs: Iterable[Output]) -> list[tuple[Output, Path]]:
    targets = []
    taken: dict[str, str] = {}
    for output in outputs:
        name = output["name"]
        parts = name.split("/")
        if name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise LocalProblem(
                f"the output {name!r} has a name that leads out of the folder; nothing was written",
                "Tell your admin: the platform should not have offered it.",
            )
        # On a file system that tells no case apart the second of two would replace the first.
        folded = name.casefold()
        if folded in taken and _ignores_case(folder):
            stem, dot, suffix = parts[-1].rpartition(".")
            parts[-1] = f"{stem}~{len(taken)}{dot}{suffix}" if stem else f"{suffix}~{len(taken)}"
        taken[folded] = name
        targets.append((output, folder.joinpath(*parts)))
    return targets


def _ignores_case(folder: Path) -> bool:
    existing = folder.resolve()
    while not existing.is_dir():
        existing = existing.parent
    return Path(str(existing).swapcase()).exists() and str(existing).swapcase() != str(existing)


def _same(output: Output, path: Path) -> bool:
    """Whether `path` is the output already."""
    if not output.get("sha256") or path.is_symlink() or not path.is_file():
        return False
    if path.stat().st_size != output["size"]:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == output["sha256"]


class _Source:
    """Where outputs come from: one attempt of one run."""

    def __init__(self, client: Runs, run_id: str, attempt: int | None) -> None:
        self._client = client
        self._run_id = run_id
        self._attempt = attempt

    def open(self, output: Output, start: int) -> Response:
        """From this byte on, where the platform has still what was promised; else from its beginning."""
        return self._client.output(
            self._run_id,
            output["name"],
            attempt=self._attempt,
            start=start,
            sha256=output["sha256"] or "",
            size=output["size"],
        )


def _fetch(source: _Source, output: Output, folder: Path, path: Path, received: Received | None) -> None:
    parent = path.parent
    parent.mkdir(parents=True, exist_ok=True)
    if not parent.resolve().is_relative_to(folder.resolve()):
        raise LocalProblem(
            f"{str(parent)!r} is a link that leads out of the folder",
            "Choose another folder, or remove the link.",
        )
    temporary = parent / _part_name(output)
    there = 0
    left = _TRIES
    try:
        while True:
            try:
                _receive(source, output, temporary, received)
                break
            except ConnectionLost:
                before, there = there, temporary.stat().st_size if temporary.exists() else 0
                left = _TRIES if there > before else left - 1  # as long as something comes, it goes on
                if left == 0:
                    raise
        temporary.replace(path)
    except (NightdeskError, KeyboardInterrupt) as error:
        if isinstance(error, LocalProblem) or (output["size"] or 0) < _RESUMED_BYTES:
            temporary.unlink(missing_ok=True)
        raise  # else the next download goes on with what is here
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _part_name(output: Output) -> str:
    """Named apart from the output, whose own name may be as long as a name can be; the same again where it is worth it."""
    digest = output.get("sha256") if (output["size"] or 0) >= _RESUMED_BYTES else None
    return f".nightdesk-{digest[:24] if digest else os.urandom(6).hex()}.part"


def _receive(source: _Source, output: Output, path: Path, received: Received | None) -> None:
    """Go on with what is there of it, and check the whole."""
    path.touch()
    with path.open("rb+", buffering=0) as file, FileChecksum(path) as checksum, ExitStack() as opened:
        size = file.seek(0, os.SEEK_END)
        if not size or size < (output["size"] or 0):
            response = source.open(output, size)
            opened.callback(response.close)
            if size and response.status != 206:  # it begins anew
                size = file.seek(0)
                file.truncate()
            for count in response.saved(file):
                size += count
                checksum.grown(size)
                if received is not None:
                    received(output, size)
        checksum.grown(size)
        found = checksum.hexdigest()
        if size >= _RESUMED_BYTES:
            os.fsync(file.fileno())  # what took long is whole after a power cut, too
    expected = output.get("sha256")
    if expected and found != expected:
        raise LocalProblem(
            f"the output {output['name']!r} did not arrive as the platform has it (its checksum differs)",
            "Run the command again; if it stays so, tell your admin.",
        )
