"""nightdesk cancel"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = "End a run. What it has done so far is kept, its notebook up to the cell it was in among it."

EXAMPLES = """\
  nightdesk cancel RUN"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")


def run(arguments: argparse.Namespace) -> int:
    """Ask for the end of the run."""
    with connect(arguments) as client:
        one = client.cancel(arguments.run_id)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(one)
        return 0
    from nightdesk.cli.wording import status_words
    from nightdesk.client.status import FINAL

    if one["status"] == "cancelled":
        print(f"run {one['id']} is cancelled")
    elif one["status"] in FINAL:
        print(f"run {one['id']} is over already: {status_words(one['status'])}")
    else:
        print(f"run {one['id']} is being ended (it is {status_words(one['status'])} until then)")
    return 0
