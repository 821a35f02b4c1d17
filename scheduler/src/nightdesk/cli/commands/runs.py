"""nightdesk runs"""

from __future__ import annotations

import argparse

from nightdesk.cli import wording
from nightdesk.cli.arguments import positive
from nightdesk.cli.connect import connect
from nightdesk.client.status import FINAL, STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Run, RunFilter

DESCRIPTION = "List runs, the newest first: your own, or all that you may see."

EXAMPLES = """\
  nightdesk runs
  nightdesk runs --status failed --since yesterday
  nightdesk runs --name '*report*' --since 2026-11-01 --until 2026-11-30
  nightdesk runs --all --env python-data:2026.12.1 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--mine", dest="owner", action="store_const", const="me", default="me", help="yours (the default)"
    )
    whose.add_argument(
        "--all", dest="owner", action="store_const", const="all", help="everybody's that you may see"
    )
    whose.add_argument("--owner", metavar="NAME", help="what you may see of this person's")
    parser.add_argument(
        "--status",
        metavar="STATUS",
        choices=STATUSES,
        help=", ".join(STATUSES[:-1]) + " or " + STATUSES[-1],
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="only runs of this name; * stands for any characters, and case does not count then",
    )
    parser.add_argument(
        "--env", metavar="NAME[:VERSION]", help="only runs in this environment, or in this version of it"
    )
    parser.add_argument("--sweep", metavar="SWEEP", help="only runs of this sweep, by its id")
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=_since,
        help="submitted then or later: 2026-11-22, 2026-11-22T16:30, today, yesterday, or 7d for so long ago",
    )
    parser.add_argument(
        "--until", metavar="TIME", type=_until, help="submitted before the end of that day, or then"
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=20, help="at most so many (default: 20)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    which: RunFilter = {"owner": arguments.owner, "limit": arguments.limit}
    if arguments.status is not None:
        which["status"] = arguments.status
    if arguments.name is not None:
        which["name"] = arguments.name
    if arguments.env is not None:
        which["environment"] = arguments.env
    if arguments.sweep is not None:
        which["sweep"] = arguments.sweep
    if arguments.since is not None:
        which["since"] = arguments.since
    if arguments.until is not None:
        which["until"] = arguments.until
    with connect(arguments) as client:
        found = list(client.runs(**which))
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"runs": found})
        return 0
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table

    if not found:
        filtered = len(which) > 2 or arguments.owner not in ("me", "all")
        say("no such runs" if filtered else "no runs yet; hand one over with: nightdesk submit FILE")
        return 0
    titles = ["RUN", "NAME", "OWNER", "STATUS", "ENVIRONMENT", "SUBMITTED", "TOOK"]
    rows = [_row(one) for one in found]
    if any(one["status"] not in FINAL for one in found):
        titles.append("NOW")
        for row, one in zip(rows, found, strict=True):
            row.append(wording.doing(one))
    show_table(titles, rows)
    return 0


def _row(one: Run) -> list[str]:
    taken = wording.run_duration(one)
    return [
        one["id"],
        one["name"],
        one["owner"],
        wording.status_words(one["status"]),
        wording.environment(one),
        wording.when(one["created_at"]),
        "-" if taken is None else wording.duration(taken),
    ]


def _since(text: str) -> str:
    return _moment(text, end=False)


def _until(text: str) -> str:
    return _moment(text, end=True)


def _moment(text: str, *, end: bool) -> str:
    from nightdesk.cli import moments

    try:
        return moments.moment_of(text, end=end)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; {moments.WRITE}") from None
