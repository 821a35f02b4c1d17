"""nightdesk retry"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.platform import Client

DESCRIPTION = """\
Run a run again: the same file, parameters, size, limits and files, as a new run of yours. It runs
in the version it ran in, or, where that is not on offer any more, in the environment's default,
and says so. With --exact it runs in exactly the image that is on record; where that was removed,
in one that was built again from its recorded lock, and says so. With any of the other options it is
the same file with changes; a parameter that -p does not name stays as it was."""

EXAMPLES = """\
  nightdesk retry RUN
  nightdesk retry RUN --watch
  nightdesk retry RUN --exact
  nightdesk retry RUN -p year=2027 --size large"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument(
        "--exact", action="store_true", help="in exactly the image that it ran in, by its digest"
    )
    parser.add_argument("-p", "--parameter", metavar="NAME=VALUE", dest="parameters", action="append", default=[],
                        help="a parameter to be otherwise (repeat for more)")  # fmt: skip
    parser.add_argument("--env", metavar="NAME[:VERSION|@CHANNEL]", help="another environment or version")
    parser.add_argument("--size", metavar="SIZE", help="another size")
    parser.add_argument("--name", metavar="NAME", help="another name")
    parser.add_argument("--watch", action="store_true", help="follow the new run to its end")


def run(arguments: argparse.Namespace) -> int:
    """Ask for the new run, and with --watch follow it. Returns the exit code."""
    from nightdesk.cli.commands.submit import follow_submitted

    with connect(arguments) as client:
        again = client.retry(arguments.run_id, exact=arguments.exact, **_changes(client, arguments))
        if arguments.watch:
            return follow_submitted(client, again, as_json=arguments.json)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(again)
    else:
        from nightdesk.cli.summary import show_submitted

        show_submitted(again)
    return 0


def _changes(client: Client, arguments: argparse.Namespace) -> dict[str, Any]:
    """What is to be otherwise; of parameters all are said, so those that stay are read from the run."""
    said = {"environment": arguments.env, "size": arguments.size, "name": arguments.name}
    changes: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
    if arguments.parameters:
        from nightdesk.cli.commands.submit import parameters_of

        given, _ = parameters_of(arguments.parameters, None)
        before = client.run(arguments.run_id)["parameters"]
        changes |= {"parameters": {**before, **given}, "parameters_are_text": True}
    return changes
