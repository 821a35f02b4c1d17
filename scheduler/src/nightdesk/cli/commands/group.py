"""nightdesk group"""

from __future__ import annotations

import sys

from nightdesk.cli.connect import connect
from nightdesk.cli.policy import limits_of, policy_arguments, said_in, show_policy
from nightdesk.client.errors import WrongUsage
from nightdesk.client.groups import EVERYBODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.people_answers import Group

DESCRIPTION = """\
Groups of people, and what they decide: environments, sizes, limits, and what somebody sees of
others' runs. For admins. A change takes effect with the next thing that somebody does."""

EXAMPLES = """\
  nightdesk group list
  nightdesk group show analysts
  nightdesk group show everybody
  nightdesk group add analysts
  nightdesk group join analysts ada ben
  nightdesk group leave analysts ben
  nightdesk group set analysts --read group --cancel group
  nightdesk group set analysts --sizes small,medium --sessions 2 --run-hours 100
  nightdesk group set everybody --runs 4 --memory 32G --home 50G
  nightdesk group rm analysts"""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _name_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="GROUP", help="the group's name")


def _name_or_everybody(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="GROUP", help="the group's name, or everybody")


def _people_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("people", metavar="PERSON", nargs="+", help="names of people")


def _rm_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _name_or_everybody(parser)
    policy_arguments(parser, group=True)


def _list(arguments: argparse.Namespace) -> int:
    """List groups with what they decide."""
    with connect(arguments) as client:
        groups = client.groups.listed()
    if arguments.json:
        _show_json({"groups": groups})
        return 0
    from nightdesk.cli.table import show_table

    rows = []
    for group in groups:
        policy = group["policy"]
        limits = ", ".join(key.removesuffix("_bytes").replace("_", " ") for key, _ in limits_of(policy))
        members = str(len(group["members"])) + (" (sign-in)" if group["provider"] else "")
        sizes = "-" if policy["sizes"] is None else ",".join(policy["sizes"])
        rows.append((group["name"], members, policy["read"], policy["cancel"], sizes, limits or "-"))
    show_table(("GROUP", "MEMBERS", "READ", "CANCEL", "SIZES", "LIMITS"), rows, give=0)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show one group: who is in it, and what it decides; or what is decided for everybody."""
    with connect(arguments) as client:
        if arguments.name == EVERYBODY:
            policy = client.groups.policy(EVERYBODY, "")
            if arguments.json:
                _show_json(policy)
            else:
                print("for everybody, where neither a group nor the person's own says something else")
                show_policy(policy)
            return 0
        group = client.groups.group(arguments.name)
    return _tell(arguments, group)


def _add(arguments: argparse.Namespace) -> int:
    """Make a group, without members at first."""
    with connect(arguments) as client:
        group = client.groups.make(arguments.name)
    return _tell(
        arguments, group, f"group {group['name']} is there; put people into it: nightdesk group join"
    )


def _rm(arguments: argparse.Namespace) -> int:
    """Take a group away, with what it decides. Its members, their runs and files stay."""
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain

    if not arguments.yes and sys.stdin.isatty():
        say(f"Remove the group {plain(arguments.name)}, with what it decides? Type yes: ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("nothing was removed")
            return 1
    with connect(arguments) as client:
        client.groups.remove(arguments.name)
    if arguments.json:
        _show_json({"removed": arguments.name})
    else:
        print(f"group {arguments.name} is removed")
    return 0


def _join(arguments: argparse.Namespace) -> int:
    """Put people into a group; they have what it gives them with the next thing that they do."""
    with connect(arguments) as client:
        group = client.groups.join(arguments.name, arguments.people)
    return _tell(arguments, group, f"{', '.join(arguments.people)} joined {group['name']}")


def _leave(arguments: argparse.Namespace) -> int:
    """Take people out of a group, at once. Runs that they have submitted in it stay the group's."""
    with connect(arguments) as client:
        group = client.groups.leave(arguments.name, arguments.people)
    return _tell(arguments, group, f"{', '.join(arguments.people)} left {group['name']}")


def _set(arguments: argparse.Namespace) -> int:
    """Say what a group decides, or what holds for everybody. What is not named stays as it is.

    For each limit and for sizes the person's own counts (nightdesk user limit), else the most
    generous of their groups, else what is said for everybody.
    """
    said = said_in(arguments)
    if not said:
        raise WrongUsage("nothing to set", "Name what it decides, such as --read group or --runs 4.")
    everybody = arguments.name == EVERYBODY
    with connect(arguments) as client:
        if not everybody:
            client.groups.group(arguments.name)  # a name that was mistyped decides nothing
        policy = client.groups.set_policy(
            EVERYBODY if everybody else "group", "" if everybody else arguments.name, said
        )
    if arguments.json:
        _show_json(policy)
    else:
        print(f"{arguments.name} decides")
        show_policy(policy)
    return 0


def _tell(arguments: argparse.Namespace, group: Group, words: str = "") -> int:
    if arguments.json:
        _show_json(group)
        return 0
    if words:
        print(words)
        return 0
    where = " (from the sign-in)" if group["provider"] else ""
    print(f"{group['name']}: {', '.join(group['members']) or 'nobody'}{where}")
    show_policy(group["policy"])
    return 0


def _show_json(data: Any) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)


COMMANDS = {
    "list": ("list groups", _no_arguments, _list),
    "show": ("show a group, or everybody", _name_or_everybody, _show),
    "add": ("make a group", _name_argument, _add),
    "rm": ("take a group away", _rm_arguments, _rm),
    "join": ("put people into a group", _people_arguments, _join),
    "leave": ("take people out of a group", _people_arguments, _leave),
    "set": ("say what a group decides", _set_arguments, _set),
}
