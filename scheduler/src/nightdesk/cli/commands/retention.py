"""nightdesk retention"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
How long outputs stay (nightdesk.yaml, section retention), and which would go at the next clean-up.
Nothing is removed by looking. For admins."""

EXAMPLES = """\
  nightdesk retention show
  nightdesk retention show --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("show",), help="show what would go")


def run(arguments: argparse.Namespace) -> int:
    """Show what would go."""
    with connect(arguments) as client:
        found = client.retention()
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(found)
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import size

    rules = found["rules"]
    if all(value is None for value in rules.values()):
        print("outputs stay: nothing is said under `retention` in nightdesk.yaml")
        return 0
    rows = [
        (
            one["run"],
            plain(one["owner"]),
            plain(one["name"]),
            one["finished_at"][:10],
            size(one["bytes"]),
            plain(one["why"]),
        )
        for one in found["runs"]
    ]
    if rows:
        show_table(("RUN", "OWNER", "NAME", "ENDED", "SIZE", "WHY"), rows, give=2)
    many = "1 run" if len(rows) == 1 else f"{len(rows)} runs"
    print(f"outputs of {many} would go, {size(found['bytes'])}")
    return 0
