"""nightdesk pipeline"""

from __future__ import annotations

import argparse
import os

from nightdesk.cli.arguments import positive
from nightdesk.cli.commands.submit import packed, parameters_of
from nightdesk.cli.connect import connect
from nightdesk.client.errors import NightdeskError, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.archive import Archive
    from nightdesk.client.pipeline_answers import Pipeline
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Several notebooks and scripts as one thing: which of them needs which, what they hand to each
other, one page, one status. A pipeline.yaml says so; the folder that it lies in goes along."""

EXAMPLES = """\
  nightdesk pipeline check pipeline.yaml
  nightdesk pipeline run pipeline.yaml -p month=2026-12 --wait
  nightdesk pipeline run pipeline.yaml --skip-unchanged
  nightdesk pipeline run monthly/pipeline.yaml --git REPOSITORY --ref main
  nightdesk pipeline list --status failed
  nightdesk pipeline show PIPELINE
  nightdesk pipeline resume PIPELINE --wait
  nightdesk pipeline cancel PIPELINE"""

STATUSES = ("running", "succeeded", "failed", "cancelled")


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE", help="its id")


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the pipeline.yaml")
    parser.add_argument("-p", "--parameter", metavar="NAME=VALUE", dest="parameters", action="append",
        default=[], help="a parameter of the pipeline (repeat for more)")  # fmt: skip
    parser.add_argument(
        "-P",
        "--parameters-file",
        metavar="FILE",
        help="a JSON file with parameters by name; what -p says counts more",
    )
    parser.add_argument(
        "--env",
        metavar="NAME[:VERSION|@CHANNEL]",
        help="the environment of steps for which the file names none (default: in a session its own version, "
        "elsewhere the platform's)",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="what it is called in lists (default: as the file says)"
    )


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _file_arguments(parser)
    skip = parser.add_mutually_exclusive_group()
    skip.add_argument(
        "--skip-unchanged",
        action="store_true",
        default=None,
        help="leave out steps whose code, inputs and version are those of an earlier one that succeeded",
    )
    skip.add_argument(
        "--all",
        dest="skip_unchanged",
        action="store_false",
        help="run all steps, whatever the file says",
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="a name for this: with the same key twice there is one pipeline all the same",
    )
    parser.add_argument("--wait", action="store_true", help="follow it to its end")
    parser.add_argument(
        "--git",
        metavar="REPOSITORY",
        help="FILE is a path in this repository, and the platform fetches it with its folder: an address (https), or "
        "the name of a connection of kind git",
    )
    parser.add_argument(
        "--ref",
        metavar="REF",
        help="with --git: a branch, a tag or a whole commit (default: the default branch)",
    )


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="of everybody whose runs you may see")
    parser.add_argument("--status", choices=STATUSES, help="only those")
    parser.add_argument("--name", metavar="NAME", help="only those of this name")
    parser.add_argument("--limit", metavar="N", type=positive, default=20, help="so many (default: 20)")


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--wait", action="store_true", help="follow it to its end")


def _run(arguments: argparse.Namespace) -> int:
    """Run a pipeline. With --wait exits with 0 only if all of it succeeded; Ctrl-C does not end it."""
    from nightdesk.cli.pipeline_wording import show_started

    wanted = _wanted(arguments)
    if arguments.skip_unchanged is not None:
        wanted["skip_unchanged"] = arguments.skip_unchanged
    if arguments.key is not None:
        wanted["key"] = arguments.key
    if arguments.ref is not None and arguments.git is None:
        raise WrongUsage("--ref goes with --git", "Name the repository: --git https://…")
    with connect(arguments) as client:
        made = _sent(client, arguments, wanted)
        if arguments.wait:
            return _follow(client, made, as_json=arguments.json)
    if arguments.json:
        return _json(made)
    show_started(made)
    return 0


def _sent(client: Client, arguments: argparse.Namespace, wanted: dict[str, Any]) -> Pipeline:
    if arguments.git is not None:
        del wanted["file"]
        ref = arguments.ref or ""
        return client.pipelines.run_from_git(arguments.git, arguments.file, ref=ref, **wanted)
    text, folder = _given(arguments.file)
    git = _git(arguments.file)
    if git is not None:
        wanted["git"] = git
    try:
        return client.pipelines.run(text, folder, **wanted)
    finally:
        folder.close()


def _check(arguments: argparse.Namespace) -> int:
    """Say what a pipeline would run, in which order and versions, or what is wrong; nothing is kept."""
    from nightdesk.cli.pipeline_wording import show_checked

    with connect(arguments) as client:
        text, folder = _given(arguments.file)
        try:
            found = client.pipelines.check(text, folder, **_wanted(arguments))
        finally:
            folder.close()
    if arguments.json:
        return _json(found)
    show_checked(found)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    """List pipelines, newest first."""
    from nightdesk.cli.pipeline_wording import show_list

    with connect(arguments) as client:
        found = list(
            client.pipelines.listed(
                owner="all" if arguments.all else "me",
                status=arguments.status,
                name=arguments.name,
                limit=arguments.limit,
            )
        )
    if arguments.json:
        return _json({"pipelines": found})
    show_list(found, owners=arguments.all)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show a pipeline with its steps and their runs."""
    from nightdesk.cli.pipeline_wording import show_pipeline

    with connect(arguments) as client:
        found = client.pipelines.show(arguments.pipeline)
    if arguments.json:
        return _json(found)
    show_pipeline(found)
    return 0


def _cancel(arguments: argparse.Namespace) -> int:
    """Start no further step, and end those that go on; what they have done is kept."""
    from nightdesk.cli.terminal import plain

    with connect(arguments) as client:
        found = client.pipelines.cancel(arguments.pipeline)
    if arguments.json:
        return _json(found)
    going = "is ending" if found["status"] == "running" else f"is {found['status']}"
    print(f"pipeline {found['id']} ({plain(found['name'])}) {going}")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    """Go on at the steps that have not succeeded, with everything before them kept."""
    from nightdesk.cli.pipeline_wording import show_started

    with connect(arguments) as client:
        found = client.pipelines.resume(arguments.pipeline)
        if arguments.wait:
            return _follow(client, found, as_json=arguments.json)
    if arguments.json:
        return _json(found)
    show_started(found)
    return 0


COMMANDS = {
    "run": ("run a pipeline", _run_arguments, _run),
    "check": ("what it would run; keeps nothing", _file_arguments, _check),
    "list": ("pipelines, newest first", _list_arguments, _list),
    "show": ("one pipeline with its steps", _which, _show),
    "cancel": ("end all of it", _which, _cancel),
    "resume": ("go on where it failed", _resume_arguments, _resume),
}


def _given(path: str) -> tuple[bytes, Archive]:
    """The file, and the folder that it lies in."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (pathlib costs start-up time)
            text = file.read(2**20 + 1)
    except OSError as error:
        raise WrongUsage(f"{path!r} cannot be read: {error.strerror}") from error
    return text, packed(os.path.dirname(path) or ".", path)  # noqa: PTH120


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    wanted: dict[str, Any] = {"file": os.path.basename(arguments.file)}  # noqa: PTH119
    parameters, are_text = parameters_of(arguments.parameters, arguments.parameters_file)
    if parameters:
        wanted |= {"parameters": parameters, "parameters_are_text": are_text}
    if arguments.env is not None:
        wanted["environment"] = arguments.env
    if arguments.name is not None:
        wanted["name"] = arguments.name
    return wanted


def _git(path: str) -> dict[str, Any] | None:
    from nightdesk.client.checkout import checkout_of

    return checkout_of(path)


def _follow(client: Client, found: Pipeline, *, as_json: bool) -> int:
    """Tell of its steps until it ends. Returns the exit code: 0 only if all of it succeeded."""
    from nightdesk.cli.pipeline_wording import Progress, show_end
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain

    say(f"pipeline {found['id']}: {plain(found['name'])}, {found['url']}")
    progress = Progress()
    last = found
    try:
        for event in client.pipelines.events(found["id"]):
            last = event.data
            progress.tell(last)
    except (KeyboardInterrupt, NightdeskError) as error:
        say(f"\nno longer following; the pipeline goes on. Its page: {found['url']}")
        if not isinstance(error, KeyboardInterrupt):
            raise
        if as_json:
            _json(last)
        return 1
    if as_json:
        _json(last)
    else:
        show_end(last)
    return 0 if last["status"] == "succeeded" else 1


def _json(document: Any) -> int:
    from nightdesk.cli.document import show_json

    show_json(document)
    return 0
