"""nightdesk submit"""

from __future__ import annotations

import argparse
import os
import sys

from nightdesk.cli.connect import connect
from nightdesk.client.errors import NightdeskError, WrongUsage
from nightdesk.client.status import PRIORITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.answers import Run, RunOptions
    from nightdesk.client.archive import Archive
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Hand a notebook (.ipynb) or a script (.py, .R) to the platform. It runs to its end whether you
stay or not. Prints the run's id and address; with --watch, follows it and exits with 0 only if
it succeeded. Ctrl-C while watching does not end the run."""

EXAMPLES = """\
  nightdesk submit analysis.ipynb
  nightdesk submit analysis.ipynb -p year=2026 -p region=north --watch
  nightdesk submit train.ipynb --input data.parquet=RUN/clean.parquet
  nightdesk submit train.py --files . --size large --timeout 6h
  nightdesk submit import.ipynb --retries 2 --retry-wait 5m --cell-timeout 30m --priority high
  nightdesk submit report.ipynb --env python-data@stable --key report-2026-11-22 --json
  nightdesk submit reports/daily.ipynb --git https://git.example.org/team/reports.git --ref main"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the notebook or script")
    add_git_arguments(parser)
    parser.add_argument(
        "-p",
        "--parameter",
        metavar="NAME=VALUE",
        dest="parameters",
        action="append",
        default=[],
        help="a parameter; the notebook's parameters cell says of which type (repeat for more)",
    )
    parser.add_argument(
        "-P",
        "--parameters-file",
        metavar="FILE",
        help="a JSON file with parameters by name; what -p says counts more",
    )
    parser.add_argument(
        "--env",
        metavar="NAME[:VERSION|@CHANNEL]",
        help="the environment (default: in a session the one it runs in, elsewhere the platform's; "
        "`nightdesk env list`)",
    )
    parser.add_argument("--size", metavar="SIZE", help="how much CPU and memory (default: the platform's)")
    parser.add_argument(
        "--files",
        metavar="DIR",
        help="take this folder along; the file finds its content beside itself. Left out: .git, .venv, "
        "node_modules, __pycache__, .ipynb_checkpoints, and what the lines of DIR/.nightdeskignore match",
    )
    parser.add_argument(
        "--input",
        metavar="[NAME=]RUN/OUTPUT",
        dest="inputs",
        action="append",
        default=[],
        help="an output of another run, to lie beside the file under its own or this name (repeat for more)",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="what the run is called in lists (default: the file's name)"
    )
    parser.add_argument(
        "--priority",
        metavar="PRIORITY",
        choices=PRIORITIES,
        help="low, normal (the default) or high: where it stands among your own runs, never before other "
        "people's turns; urgent, before everybody's, for admins",
    )
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=seconds,
        help="end the run after 90s, 30m, 2h or 1d (default, and most: what its size allows)",
    )
    parser.add_argument(
        "--cell-timeout",
        metavar="TIME",
        type=seconds,
        help="end the run when one of its cells takes longer; for notebooks",
    )
    parser.add_argument(
        "--retries",
        metavar="N",
        type=count,
        help="try so many times more if it fails (default: 0; your code is then started again from the "
        "beginning, so what it writes elsewhere should bear that)",
    )
    parser.add_argument(
        "--retry-wait",
        metavar="TIME",
        type=seconds_or_none,
        help="wait so long before it is tried again, and twice as long each further time (0s to 1h; "
        "default: the platform's, usually 10s)",
    )
    parser.add_argument(
        "--notify",
        metavar="WHEN",
        choices=("never", "failure", "always"),
        help="tell you of its end never, on failure or always (default: as `nightdesk notify` says)",
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="a name for this submit: with the same key twice there is one run all the same",
    )
    parser.add_argument("--as", metavar="USER", dest="on_behalf_of", help="for somebody else (admins)")
    parser.add_argument("--watch", action="store_true", help="follow the run to its end")


def add_git_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--git",
        metavar="REPOSITORY",
        help="FILE is a path in this repository, and the platform fetches it: its address (https), or the name of a "
        "connection of kind git; --files is then a folder of it (default: the one that FILE is in; `.`: all of it)",
    )
    parser.add_argument(
        "--ref",
        metavar="REF",
        help="with --git: a branch, a tag or a whole commit (default: the default branch)",
    )


def git_place(arguments: argparse.Namespace) -> dict[str, str | None]:
    """What --git, --ref, FILE and --files say together."""
    folder = arguments.files
    if folder is not None:
        folder = "/".join(part for part in folder.split("/") if part not in ("", "."))
    return {
        "repository": arguments.git,
        "path": arguments.file,
        "ref": arguments.ref or "",
        "folder": folder,
    }


def run(arguments: argparse.Namespace) -> int:
    """Submit, and with --watch follow. Returns the exit code."""
    options = _options(arguments)
    with connect(arguments) as client:
        submitted = _submit(client, arguments, options)
        if arguments.watch:
            return follow_submitted(client, submitted, as_json=arguments.json)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(submitted)
    else:
        from nightdesk.cli.summary import show_submitted

        show_submitted(submitted)
    return 0


def _submit(client: Client, arguments: argparse.Namespace, options: RunOptions) -> Run:
    if arguments.git is not None:
        place: dict[str, Any] = git_place(arguments)
        return client.submit_from_git(place.pop("repository"), place.pop("path"), **place, **options)
    if arguments.ref is not None:
        raise WrongUsage("--ref goes with --git", "Name the repository: --git https://…")
    archive = packed(arguments.files, arguments.file) if arguments.files is not None else None
    try:
        try:
            total = os.stat(arguments.file).st_size  # noqa: PTH116  (pathlib costs start-up time)
        except OSError:
            total = 0  # the client says what is wrong with it
        total += archive.size if archive is not None else 0
        if total < 1_000_000:
            return client.submit(arguments.file, files=archive, **options)
        from nightdesk.cli.progress import Transfer

        transfer = Transfer("sending", total)
        try:
            return client.submit(arguments.file, files=archive, sent=transfer.more, **options)
        finally:
            transfer.close()
    finally:
        if archive is not None:
            archive.close()


def packed(folder: str, source: str) -> Archive:
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import size
    from nightdesk.client.archive import pack

    archive = pack(folder, without=source)
    files = "1 file" if archive.files == 1 else f"{archive.files} files"
    say(f"taking along {files}, {size(archive.bytes)} ({size(archive.size)} packed)")
    for what in archive.skipped:
        say(f"  left out {plain(what)}")
    return archive


def follow_submitted(client: Client, run: Run, *, as_json: bool) -> int:
    """Follow a run that was just handed over to its end. Returns the exit code: 0 only if it succeeded."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.failure import show_failure
    from nightdesk.cli.summary import say, show_ending, show_notes
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.watch import Interrupted, say_interrupted, watch

    say(f"run {run['id']}: {plain(run['name'])}, {run['url']}")
    if not as_json:
        show_notes(run)
        sys.stdout.flush()
    try:
        ended = watch(client, run)
    except Interrupted as interrupted:
        say_interrupted(interrupted.run)
        if as_json:
            show_json(interrupted.run)
        return 1
    except NightdeskError:
        say_interrupted(run)
        raise
    if as_json:
        show_json(ended)
    else:
        show_ending(ended)
        show_failure(client, ended, with_log=False)  # its log was just shown
    return 0 if ended["status"] == "succeeded" else 1


def _options(arguments: argparse.Namespace) -> RunOptions:
    options: RunOptions = {}
    parameters, are_text = parameters_of(arguments.parameters, arguments.parameters_file)
    if parameters:
        options["parameters"] = parameters
        options["parameters_are_text"] = are_text
    if arguments.inputs:
        options["inputs"] = [_input(text) for text in arguments.inputs]
    if arguments.env is not None:
        options["environment"] = arguments.env
    if arguments.size is not None:
        options["size"] = arguments.size
    if arguments.name is not None:
        options["name"] = arguments.name
    if arguments.priority is not None:
        options["priority"] = arguments.priority
    if arguments.timeout is not None:
        options["timeout_seconds"] = arguments.timeout
    if arguments.cell_timeout is not None:
        options["cell_timeout_seconds"] = arguments.cell_timeout
    if arguments.retries is not None:
        options["retries"] = arguments.retries
    if arguments.retry_wait is not None:
        options["retry_wait_seconds"] = arguments.retry_wait
    if arguments.notify is not None:
        options["notify"] = arguments.notify
    if arguments.key is not None:
        options["key"] = arguments.key
    if arguments.on_behalf_of is not None:
        options["on_behalf_of"] = arguments.on_behalf_of
    return options


def parameters_of(given: list[str], path: str | None) -> tuple[dict[str, Any], bool]:
    """The parameters, and whether some of them are text that the platform has to type."""
    typed: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise WrongUsage(f"-p {text!r} is no NAME=VALUE", "Write -p year=2026, and quotes around spaces.")
        if name in typed:
            raise WrongUsage(f"the parameter {name!r} is given twice")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise WrongUsage(f"the parameter {name!r} is not UTF-8 text")
        typed[name] = value
    if path is None:
        return typed, True
    return {**_parameters_of_file(path), **typed}, bool(typed)


def _parameters_of_file(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  (pathlib costs start-up time)
            read = json.load(file, parse_constant=_no_constant)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise WrongUsage(f"the parameters file {path!r} cannot be read: {why}") from error
    except ValueError as error:
        raise WrongUsage(f"the parameters file {path!r} is no JSON: {error}") from error
    if not isinstance(read, dict):
        raise WrongUsage(f"the parameters file {path!r} holds no object", 'It looks like {"year": 2026}.')
    return read


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def seconds(text: str, least: int = 1) -> int:
    from nightdesk.cli.wording import seconds_of

    try:
        return seconds_of(text, least)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 90s, 30m, 2h or 1d") from None


def seconds_or_none(text: str) -> int:
    return seconds(text, 0)


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write 0, 1, 2…")
    return int(text)


def _input(text: str) -> dict[str, str]:
    """`data.parquet=RUN/path.parquet`; an output's name may have an equals sign of its own."""
    run, slash, output = text.partition("/")
    name, equals, named = run.partition("=")
    run = named if equals else run
    if not (slash and output and run) or (equals and not name):
        raise WrongUsage(f"--input {text!r} is no NAME=RUN/OUTPUT", "Write --input data.csv=RUN/table.csv.")
    return {"name": name if equals else output.rpartition("/")[2], "run": run, "output": output}
