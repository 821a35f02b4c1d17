"""What a version is to be made from, as it was typed: a file, a folder, a repository, an image, a version."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import IO

    from nightdesk.client.archive import Archive
    from nightdesk.client.catalogue_answers import BuildOptions

_NOT_SENT = (
    ".git",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".ipynb_checkpoints",
    "*.egg-info",
    "dist",
    "build",
)
_MOST = 1_000_000  # bytes of a list of packages
_DEPENDENCIES = re.compile(r"^dependencies:", re.MULTILINE)
_NAME = re.compile(r"^name:[ \t]*['\"]?([a-z][a-z0-9-]*)['\"]?[ \t]*(?:#.*)?$", re.MULTILINE)


class Source:
    """What is sent: `archive` along with the `options`."""

    def __init__(self, options: BuildOptions, archive: Archive | None = None) -> None:
        self.options = options
        self.archive: IO[bytes] | None = None if archive is None else archive.file


def check_like(arguments: argparse.Namespace) -> None:
    """Raise WrongUsage where --like stands beside something that it does not go with."""
    if arguments.package is None or arguments.path is not None:
        raise WrongUsage(
            "--like says on whose packages a package of your own is put",
            "Write --like NAME:VERSION --with FOLDER, and no PATH.",
        )


def read_source(arguments: argparse.Namespace, lock: str | None = None) -> Source:
    """What the arguments say to build from; `lock` is that of --like. Raises WrongUsage unless it is one thing."""
    others = (arguments.git, arguments.image, arguments.again, arguments.folder)
    if arguments.package is not None and all(other is None for other in others):
        return _with_package(arguments, lock)
    if arguments.package is not None:
        raise WrongUsage("--with goes with a list of packages", "Give PATH or --like, or nothing but --with.")
    alone = arguments.folder if arguments.git is None else None
    given = [
        what
        for what in (arguments.path, arguments.git, arguments.image, arguments.again, alone)
        if what is not None
    ]
    if len(given) != 1:
        raise WrongUsage(
            "say what to build from" if not given else "say one thing to build from",
            "A PATH, or one of --git, --image, --again and --folder; `nightdesk env build --help` explains.",
        )
    if arguments.ref is not None and arguments.git is None:
        raise WrongUsage("--ref says what to take from a git repository", "Add --git URL.")
    if arguments.git is not None:
        return Source(
            {
                "kind": "git",
                "source": arguments.git,
                "ref": arguments.ref or "",
                "folder": arguments.folder or "",
            }
        )
    if arguments.image is not None:
        _check_named(arguments)
        return Source({"kind": "image", "source": arguments.image})
    if arguments.again is not None:
        return Source({"kind": "again", "source": arguments.again})
    if alone is not None:
        return Source({"kind": "folder", "source": alone})
    return _from_path(arguments)


def _from_path(arguments: argparse.Namespace) -> Source:
    path = arguments.path
    if path != "-" and Path(path).is_dir():
        return _from_folder(arguments, Path(path))
    text = _text(path)
    conda = bool(_DEPENDENCIES.search(text))
    named = _NAME.search(text) if conda else None
    if path.endswith((".yaml", ".yml")) and not conda:
        raise WrongUsage(
            f"{path!r} has no 'dependencies:'",
            "To build a folder with an environment.yaml of ours, give the folder.",
        )
    options: BuildOptions = {"kind": "requirements"}
    if named:
        options["environment"] = named[1]
    else:
        _check_named(arguments)
    name = "environment.yaml" if conda else "requirements.in" if path.endswith(".in") else "requirements.txt"
    return _packed(options, name, text)


def _with_package(arguments: argparse.Namespace, lock: str | None) -> Source:
    """A package of one's own, with a list that was typed, the lock of a version, or nothing but what it asks for."""
    import shutil
    import tempfile

    from nightdesk.client.archive import pack

    options: BuildOptions = {"kind": "requirements"}
    if lock is not None and arguments.name is None:
        options["environment"] = arguments.like.partition(":")[0]
    else:
        _check_named(arguments)
    package = Path(arguments.package)
    with tempfile.TemporaryDirectory(prefix="nightdesk-") as place:
        folder = Path(place)
        if lock is not None:
            (folder / "requirements.txt").write_text(lock, "utf-8")
        elif arguments.path is not None:
            conda = bool(_DEPENDENCIES.search(text := _text(arguments.path)))
            (folder / ("environment.yaml" if conda else "requirements.txt")).write_text(text, "utf-8")
        if package.suffix == ".whl" and package.is_file():
            (folder / "wheels").mkdir()
            shutil.copy(package, folder / "wheels")
        elif (package / "pyproject.toml").is_file():
            shutil.copytree(package, folder / "package", ignore=shutil.ignore_patterns(*_NOT_SENT))
        else:
            raise WrongUsage(
                f"{arguments.package!r} is neither a folder with a pyproject.toml nor a wheel",
                "`nightdesk export --package` makes one of notebooks.",
            )
        return Source(options, pack(place))


def _packed(options: BuildOptions, name: str, text: str) -> Source:
    from nightdesk.client.archive import pack_one

    return Source(options, pack_one(name, text.encode()))


def _from_folder(arguments: argparse.Namespace, folder: Path) -> Source:
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain
    from nightdesk.client.archive import pack

    ours = (folder / "Dockerfile").is_file()
    options: BuildOptions = {"kind": "folder" if ours else "requirements"}
    if not ours:
        conda = next(
            (folder / name for name in ("environment.yaml", "environment.yml") if (folder / name).is_file()),
            None,
        )
        named = _NAME.search(_text(str(conda))) if conda else None
        if named:
            options["environment"] = named[1]
        else:
            _check_named(arguments)
    archive = pack(str(folder))
    for what in archive.skipped:
        say(f"left out {plain(what)}")
    return Source(options, archive)


def _check_named(arguments: argparse.Namespace) -> None:
    if arguments.name is None:
        raise WrongUsage(
            "the new version needs a name", "Say --name NAME: a new one, or that of an environment there is."
        )


def _text(path: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST + 1) if path == "-" else _start_of(Path(path))
        if len(data) > _MOST:
            raise WrongUsage(f"{path!r} is too long for a list of packages")
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise WrongUsage(
            f"there is no file or folder {path!r}", "Check the name and the folder you are in."
        ) from error
    except UnicodeDecodeError as error:
        raise WrongUsage(
            f"{path!r} is no text", "Give a requirements file or an environment.yaml."
        ) from error
    except OSError as error:
        raise WrongUsage(f"{path!r} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST + 1)
