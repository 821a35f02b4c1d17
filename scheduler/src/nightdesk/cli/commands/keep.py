"""nightdesk keep"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Mark a run so that its outputs stay, however old they get and however many there are; with --not
take the mark away. Yours, or for admins anybody's."""

EXAMPLES = """\
  nightdesk keep RUN
  nightdesk keep RUN --not"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument("--not", dest="keep", action="store_false", help="take the mark away")


def run(arguments: argparse.Namespace) -> int:
    """Set the mark, or take it away."""
    with connect(arguments) as client:
        one = client.keep(arguments.run_id, arguments.keep)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(one)
    elif one.get("outputs_removed"):
        print(f"the outputs of run {one['id']} were removed before")
    elif arguments.keep:
        print(f"the outputs of run {one['id']} stay")
    else:
        print(f"the outputs of run {one['id']} stay as long as others do")
    return 0
