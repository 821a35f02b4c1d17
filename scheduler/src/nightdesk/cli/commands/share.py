"""nightdesk share"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.page_answers import Shares

DESCRIPTION = """\
Show a run to a person or a group, for reading: its page, its log and its outputs. They change
nothing, and do not run it again. Without WHO it lists with whom the run is shared."""

EXAMPLES = """\
  nightdesk share RUN ada
  nightdesk share RUN group:analysts
  nightdesk share RUN ada --not
  nightdesk share RUN"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument("whom", metavar="WHO", nargs="*", help="people, or group:NAME")
    parser.add_argument(
        "--not", dest="take_back", action="store_true", help="take it back, which holds at once"
    )


def run(arguments: argparse.Namespace) -> int:
    """Share, take back, or list."""
    with connect(arguments) as client:
        found: Shares | None = None
        for one in arguments.whom:
            kind, name = ("group", one[6:]) if one.startswith("group:") else ("person", one)
            act = client.sharing.take_back if arguments.take_back else client.sharing.share
            found = act(arguments.run_id, kind, name)
        if found is None:
            found = client.sharing.with_whom(arguments.run_id)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(found)
        return 0
    from nightdesk.cli.terminal import plain

    names = [("group:" if each["kind"] == "group" else "") + each["name"] for each in found["shares"]]
    shown = plain(", ".join(names)) or "nobody"
    print(f"run {found['run']} is shared with {shown}")
    return 0
