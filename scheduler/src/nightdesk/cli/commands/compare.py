"""nightdesk compare"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.page_answers import Difference, NotebookChanges

DESCRIPTION = """\
Put runs side by side: what differs of their parameters, metrics, environment, packages and outputs,
and of two notebooks the code, cell by cell. With --all also what is the same."""

EXAMPLES = """\
  nightdesk compare RUN RUN
  nightdesk compare RUN RUN RUN --all
  nightdesk compare RUN RUN --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_ids", metavar="RUN", nargs="+", help="the ids of two runs or more")
    parser.add_argument("--all", action="store_true", help="what is the same as well")


def run(arguments: argparse.Namespace) -> int:
    """Print what differs."""
    from nightdesk.client.errors import WrongUsage

    if len(arguments.run_ids) < 2:
        raise WrongUsage("one run is not compared with anything", "Name two runs.")
    with connect(arguments) as client:
        found = client.sharing.compare(arguments.run_ids)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(found)
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.terminal import plain

    rows: list[list[str]] = []
    parts: dict[str, list[Difference]] = {
        "": found["facts"],
        "parameter ": found["parameters"],
        "metric ": found["metrics"],
        "package ": found["packages"],
        "output ": found["outputs"],
    }
    for kind, differences in parts.items():
        rows += [
            [plain(kind + each["name"]), *(plain(_shown(value)) for value in each["values"])]
            for each in differences
            if arguments.all or not each["same"]
        ]
    if rows:
        show_table(["WHAT", *arguments.run_ids], rows)
    else:
        print("nothing differs but when they ran")
    _show_notebook(found["notebook"])
    return 0


def _show_notebook(changes: NotebookChanges | None) -> None:
    if changes is None:
        return
    from nightdesk.cli.terminal import plain

    if changes["trouble"]:
        print(f"\nnotebooks: {plain(changes['trouble'])}")
        return
    said = [f"{count} {what}" for what, count in changes["counts"].items() if count]
    print(f"\ncells: {', '.join(said)}".replace(" output", " same with other outputs"))
    for cell in changes["cells"]:
        if cell["lines"]:
            places = f"{cell['before'] or '-'} / {cell['after'] or '-'}"
            print(f"\ncell {places}: {cell['what']}")
            for line in cell["lines"]:
                print(plain(line))


def _shown(value: Any) -> str:
    import json

    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
