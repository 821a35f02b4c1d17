"""nightdesk sessions"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.admin_answers import LiveSession

DESCRIPTION = "Who is in which session and what it takes now, and ending one. For admins."

EXAMPLES = """\
  nightdesk sessions list
  nightdesk sessions stop ada
  nightdesk sessions stop ada second"""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _stop_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("person", metavar="PERSON", help="whose session")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", default="", help="of one beside their own: its name"
    )


def _list(arguments: argparse.Namespace) -> int:
    """Who is in which session, since when, and what it takes now."""
    with connect(arguments) as client:
        found = client.sessions()
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"sessions": found})
        return 0
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table

    if not found:
        say("nobody has a session just now")
        return 0
    titles = ["SESSION", "ENVIRONMENT", "SIZE", "SINCE", "LAST USED", "CPU", "MEMORY"]
    show_table(titles, [_row(each) for each in found])
    return 0


def _row(each: LiveSession) -> list[str]:
    from nightdesk.cli import wording

    environment = f"{each['environment']['name']}:{each['environment']['version']}"
    cpus, memory = each["cpus"], each["memory_bytes"]
    return [
        f"{each['person']}/{each['name']}" if each["name"] else each["person"],
        environment,
        each["size"],
        wording.when(each["started_at"]) if each["started_at"] else "starting",
        wording.when(each["idle_since"]) if each["idle_since"] else "-",
        "-" if cpus is None else f"{cpus:.2f}",
        "-" if memory is None else wording.size(memory),
    ]


def _stop(arguments: argparse.Namespace) -> int:
    """End somebody's session; their files stay."""
    with connect(arguments) as client:
        client.hub.stop_session(arguments.person, arguments.name)
    whose = f"{arguments.person}/{arguments.name}" if arguments.name else arguments.person
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"stopped": whose})
    else:
        print(f"the session of {whose} is being ended")
    return 0


COMMANDS = {
    "list": ("list sessions", _no_arguments, _list),
    "stop": ("end a session", _stop_arguments, _stop),
}
