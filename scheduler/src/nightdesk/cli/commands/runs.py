"""nightdesk runs"""

from __future__ import annotations

import argparse

from nightdesk.cli.connect import connect
from nightdesk.client.status import STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import RunFilter

DESCRIPTION = "List runs, the newest first: your own, or all that you may see."

EXAMPLES = """\
  nightdesk runs
  nightdesk runs --status failed --limit 5
  nightdesk runs --all --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--mine", dest="owner", action="store_const", const="me", default="me", help="yours (the default)"
    )
    whose.add_argument(
        "--all", dest="owner", action="store_const", const="all", help="everybody's that you may see"
    )
    parser.add_argument(
        "--status",
        metavar="STATUS",
        choices=STATUSES,
        help=", ".join(STATUSES[:-1]) + " or " + STATUSES[-1],
    )
    parser.add_argument(
        "--limit", metavar="N", type=_positive, default=20, help="at most so many (default: 20)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    which: RunFilter = {"owner": arguments.owner, "limit": arguments.limit}
    if arguments.status is not None:
        which["status"] = arguments.status
    with connect(arguments) as client:
        found = list(client.runs(**which))
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"runs": found})
        return 0
    from nightdesk.cli import wording
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table

    if not found:
        say(
            "no runs yet; hand one over with: nightdesk submit FILE"
            if not arguments.status
            else "no such runs"
        )
        return 0
    rows = []
    for one in found:
        taken = wording.run_duration(one)
        rows.append(
            (
                one["id"],
                one["name"],
                one["owner"],
                wording.status_words(one["status"]),
                wording.environment(one),
                wording.when(one["created_at"]),
                "-" if taken is None else wording.duration(taken),
            )
        )
    show_table(("RUN", "NAME", "OWNER", "STATUS", "ENVIRONMENT", "SUBMITTED", "TOOK"), rows)
    return 0


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write 1, 2, 3…")
    return int(text)
