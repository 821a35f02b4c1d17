"""nightdesk usage"""

from __future__ import annotations

import sys

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.people_answers import MyUsage, PeopleUsage

DESCRIPTION = """\
What you have of the machine now, had in a month, and may have. Admins see everybody's with --by.
Hours count from start to end, cores and memory as sizes give them."""

EXAMPLES = """\
  nightdesk usage
  nightdesk usage --month 2026-10
  nightdesk usage --csv > mine.csv
  nightdesk usage --by person
  nightdesk usage --by group --month 2026-11 --csv > november.csv"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--month", metavar="MONTH", help="such as 2026-11 (default: this one, in UTC)")
    parser.add_argument(
        "--by",
        choices=("person", "group", "environment"),
        help="everybody's, with a line for each (admins)",
    )
    parser.add_argument("--csv", action="store_true", help="print it as CSV")


def run(arguments: argparse.Namespace) -> int:
    """Ask and show."""
    from nightdesk.client.errors import WrongUsage

    if arguments.csv and arguments.json:
        raise WrongUsage("either --csv or --json", "They are two ways to write the same.")
    with connect(arguments) as client:
        if arguments.csv:
            sys.stdout.write(client.usage_of_people.csv(arguments.by, arguments.month).replace("\r\n", "\n"))
        elif arguments.by:
            _show_everybody(arguments, client.usage_of_people.everybody(arguments.by, arguments.month))
        else:
            _show_mine(arguments, client.usage_of_people.mine(arguments.month))
    return 0


def _show_mine(arguments: argparse.Namespace, use: MyUsage) -> None:
    if arguments.json:
        _show_json(use)
        return
    from nightdesk.cli.table import show_facts
    from nightdesk.cli.wording import memory

    limits = use["limits"]

    def of(has: float, key: str) -> str:
        return f"{has:g}" + (f" of {limits[key]:g}" if key in limits else "")

    def bytes_of(has: int, key: str) -> str:
        return memory(has) + (f" of {memory(limits[key])}" if key in limits else "")

    both = (use["sessions"], use["runs"])
    home = use["home"]
    hours = f"{use['run_hours']:.1f}" + (f" of {limits['run_hours']:g}" if "run_hours" in limits else "")
    until = f", new ones from {use['resets_at'][:10]} on (UTC)" if "run_hours" in limits else ""
    print(f"{use['person']}, {use['month']}")
    show_facts(
        [
            ("sessions", of(use["sessions"]["count"], "sessions")),
            ("runs going on", of(use["runs"]["count"], "runs")),
            ("cores", of(sum(one["cpus"] for one in both), "cpus")),
            ("memory", bytes_of(sum(one["memory_bytes"] for one in both), "memory_bytes")),
            ("home", "not measured yet" if home is None else bytes_of(home["bytes"], "home_bytes")),
            ("outputs kept", _store(use)),
            *([("they stay", staying(limits))] if staying(limits) else []),
            ("hours of runs", hours + until),
        ]
    )
    if use["environments"]:
        print()
        _table("ENVIRONMENT", use["environments"])


def _store(use: MyUsage) -> str:
    """`1.2 GB of 14 runs, 200 MB of it marked to stay`"""
    from nightdesk.cli.wording import size

    store = use.get("store")
    if not store or not store["runs"]:
        return "none"
    words = f"{size(store['bytes'])} of {store['runs']} {'run' if store['runs'] == 1 else 'runs'}"
    return words + (f", {size(store['kept_bytes'])} of it marked to stay" if store["kept_runs"] else "")


def staying(limits: dict[str, Any]) -> str:
    """`180 days, of 500 runs, 200 GB in all`; nothing where all of it stays."""
    from nightdesk.cli.wording import memory

    said = []
    if (days := limits.get("output_days")) is not None:
        said.append("1 day" if days == 1 else f"{days if isinstance(days, str) else format(days, 'g')} days")
    if (count := limits.get("output_runs")) is not None:
        said.append(f"of {count if isinstance(count, str) else format(count, 'g')} runs")
    if (most := limits.get("output_bytes")) is not None:
        said.append(f"{most if isinstance(most, str) else memory(most)} in all")
    return ", ".join(said)


def _show_everybody(arguments: argparse.Namespace, use: PeopleUsage) -> None:
    if arguments.json:
        _show_json(use)
        return
    _table(use["by"].upper(), use["rows"])


def _table(title: str, rows: object) -> None:
    from nightdesk.cli.table import show_table

    titles = (title, "RUNS", "SESSIONS", "RUN HOURS", "SESSION HOURS", "CORE-HOURS", "GB-HOURS")
    keys = ("run_hours", "session_hours", "cpu_hours", "gb_hours")
    cells = [
        (row["name"], str(row["runs"]), str(row["sessions"]), *(f"{row[key]:.1f}" for key in keys))
        for row in rows  # type: ignore[attr-defined]
    ]
    show_table(titles, cells, give=0)


def _show_json(data: object) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)
