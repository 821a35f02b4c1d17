"""nightdesk retention"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from nightdesk.client.answers import Retention

DESCRIPTION = """\
How long outputs stay, by nightdesk.yaml (section retention) and by the limits of everybody, of
groups and of people, and which would go at the next clean-up. Nothing is removed by looking.
For admins."""

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
    from nightdesk.cli.table import show_facts, show_table
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import size

    said = list(_rules(found))
    if not said:
        print("outputs stay: nothing is said under `retention` in nightdesk.yaml, nor as a limit of anybody")
        return 0
    show_facts(said)
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


def _rules(found: Retention) -> Iterator[tuple[str, str]]:
    """For whom, and how long."""
    from nightdesk.cli.commands.usage import staying
    from nightdesk.cli.terminal import plain

    rules = found["rules"]
    age = rules["age_seconds"]
    usual = {"output_days": None if age is None else age / 86400}
    usual |= {"output_runs": rules["count"], "output_bytes": rules["bytes"]}
    if words := staying(usual):
        yield "everybody", words
    for one in found["particular"]:
        yield f"{one['kind']} {plain(one['name'])}", staying(one["limits"])
