"""nightdesk show"""

from __future__ import annotations

import time

from nightdesk.cli import wording
from nightdesk.cli.connect import connect
from nightdesk.cli.progress import state_words
from nightdesk.cli.summary import error_words
from nightdesk.cli.table import show_facts
from nightdesk.cli.terminal import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import Run

DESCRIPTION = "Show one run: how it is or ended and why, what it runs in, its parameters and its outputs."

EXAMPLES = """\
  nightdesk show RUN
  nightdesk show RUN --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")


def run(arguments: argparse.Namespace) -> int:
    """Print the details."""
    with connect(arguments) as client:
        one = client.run(arguments.run_id)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(one)
        return 0
    print(paint(plain(one["name"]), "bold"))
    show_facts(_facts(one))
    for output in one["outputs"]:
        print(f"    {wording.size(output['size']).rjust(8)}  {plain(output['name'])}")
    return 0


def _facts(one: Run) -> list[tuple[str, str]]:
    import json

    taken = wording.run_duration(one)
    parameters = [f"{plain(name)}={plain(json.dumps(value))}" for name, value in one["parameters"].items()]
    used = one["environment"]
    return [
        ("run", one["id"]),
        ("owner", plain(one["owner"])),
        ("status", state_words(one)),
        ("why", plain(one.get("reason") or "")),
        ("error", error_words(one)),
        ("file", plain(one.get("file") or "")),
        ("environment", f"{plain(wording.environment(one))} ({used['digest']})"),
        ("kernel", plain(one.get("kernel") or "")),
        ("size", plain(one["size"])),
        ("parameters", ", ".join(parameters)),
        ("submitted", _local(one["created_at"])),
        ("started", _local(one["started_at"])),
        ("finished", _local(one["finished_at"])),
        ("took", "" if taken is None else wording.duration(taken)),
        ("notes", "; ".join(plain(note) for note in one.get("notes") or [])),
        ("page", one["url"]),
        ("outputs", f"fetch them with: nightdesk download {one['id']}" if one["outputs"] else ""),
    ]


def _local(text: str | None) -> str:
    at = wording.moment(text)
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
