"""What admins do with versions that are there: promote, roll back, deprecate, remove, clean up, and for whom."""

from __future__ import annotations

import sys

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.catalogue_answers import ChannelMove, Cleaning


def promote(arguments: argparse.Namespace) -> int:
    """Point a channel at a version: from now on sessions and runs that follow the channel start in
    it. Sessions that go on stay in the version they have, and are told. For admins."""
    with connect(arguments) as client:
        move = client.catalogue.promote(arguments.label, arguments.channel)
    return _show_move(arguments, move)


def rollback(arguments: argparse.Namespace) -> int:
    """Point a channel at the version that it pointed at before its last promotion. For admins."""
    with connect(arguments) as client:
        move = client.catalogue.roll_back(arguments.name, arguments.channel)
    return _show_move(arguments, move)


def deprecate(arguments: argparse.Namespace) -> int:
    """Hide a version from new sessions. Runs can still name it, and what runs in it goes on. For admins."""
    return _change(
        arguments, "deprecate", "is deprecated: no new session starts in it, runs can still name it"
    )


def offer(arguments: argparse.Namespace) -> int:
    """Offer a deprecated version again. For admins."""
    return _change(arguments, "offer", "is offered")


def remove(arguments: argparse.Namespace) -> int:
    """Remove a version that no session, run, channel or kept result needs; its image goes within a
    minute. It can be built again from its lock: `nightdesk env build --again`. For admins."""
    if not arguments.yes and sys.stdin.isatty() and not _confirmed(f"Remove {arguments.label}?"):
        return _nothing()
    return _change(arguments, "remove", "is removed; its image goes within a minute")


def gc(arguments: argparse.Namespace) -> int:
    """Show which deprecated versions nothing needs, and what removing them frees; with --yes, or
    where a terminal answers y, remove them. What is on offer is never removed. For admins."""
    from nightdesk.cli.summary import say

    with connect(arguments) as client:
        cleaning = client.catalogue.cleaning(do=arguments.yes)
        if arguments.json:
            _show_json(cleaning)
            return 0
        _show_cleaning(cleaning)
        if cleaning["done"] or not cleaning["remove"]:
            return 0
        if not sys.stdin.isatty():
            say("nothing was removed; to do it: nightdesk env gc --yes")
            return 0
        if not _confirmed("Remove them?"):
            return _nothing()
        _show_cleaning(client.catalogue.cleaning(do=True))
    return 0


def groups(arguments: argparse.Namespace) -> int:
    """Show which groups an environment is for, or say so. Nobody else sees it then, or can start
    anything in it; admins always can. For admins."""
    from nightdesk.client.errors import NotFound, WrongUsage

    name = arguments.name
    if arguments.groups and arguments.everybody:
        raise WrongUsage("either groups or --everybody", "Name groups to leave everybody else out.")
    with connect(arguments) as client:
        if arguments.groups or arguments.everybody:
            answer = client.catalogue.set_groups(name, arguments.groups)
        else:
            found = [each for each in client.catalogue.listed(everything=True) if each["name"] == name]
            if not found:
                raise NotFound(
                    f"there is no environment '{name}'", "List them: nightdesk env list", status=404
                )
            answer = {"name": name, "groups": found[0]["groups"]}
    if arguments.json:
        _show_json(answer)
    else:
        print(f"{name} is for {', '.join(answer['groups']) or 'everybody'}")
    return 0


def _change(arguments: argparse.Namespace, what: str, words: str) -> int:
    with connect(arguments) as client:
        version = client.catalogue.change(arguments.label, what)
    if arguments.json:
        _show_json(version)
    else:
        print(f"{version['environment']}:{version['version']} {words}")
    return 0


def _show_move(arguments: argparse.Namespace, move: ChannelMove) -> int:
    if arguments.json:
        _show_json(move)
        return 0
    moved = move["before"] != move["version"]
    was = f" (it was {move['before']})" if move["before"] and moved else ""
    how = "is" if moved else "is already"
    print(f"{move['channel']} of {move['environment']} {how} {move['version']}{was}")
    return 0


def _show_cleaning(cleaning: Cleaning) -> None:
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import size, when

    going = cleaning["remove"]
    if going:
        verb = "removed" if cleaning["done"] else "would go"
        rows = [
            (f"{each['environment']}:{each['version']}", size(each["size_bytes"]), when(each["created_at"]))
            for each in going
        ]
        show_table((verb.upper(), "SIZE", "BUILT"), rows, give=0)
        frees = "frees" if cleaning["done"] else "that would free"
        print(f"{frees} {size(cleaning['frees_bytes'])} (layers that other versions stand on stay)")
    else:
        print("nothing was removed" if cleaning["done"] else "there is nothing to remove")
    if cleaning["keep"]:
        print()
        kept = [(f"{each['environment']}:{each['version']}", each["why"]) for each in cleaning["keep"]]
        show_table(("STAYS", "WHY"), kept, give=1)


def _confirmed(question: str) -> bool:
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain

    say(f"{plain(question)} Type yes: ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _nothing() -> int:
    from nightdesk.cli.summary import say

    say("nothing was removed")
    return 1


def _show_json(data: Any) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)
