"""nightdesk user show, disable, enable, rm: people who leave, and what they own."""

from __future__ import annotations

import sys

from nightdesk.cli.connect import connect
from nightdesk.cli.summary import say
from nightdesk.cli.terminal import plain
from nightdesk.client.errors import NotFound, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.platform import Client


def disable_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the person's name on the platform")
    parser.add_argument(
        "--hand-over-to",
        dest="heir",
        metavar="OTHER",
        help="who gets their runs, and sees their home folder as ~/from-NAME; what is running goes on",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def rm_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the person's name on the platform")
    parser.add_argument("--purge-home", action="store_true", help="the home folder too, for ever")
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def show(arguments: argparse.Namespace) -> int:
    """Show what somebody has: groups, sessions, tokens, runs, the size of the home folder."""
    with connect(arguments) as client:
        document = _owned(client, arguments.name)
    if arguments.json:
        _show_json(document)
        return 0
    for label, value in _lines(document):
        print(f"{label:<10} {value}")
    return 0


def disable(arguments: argparse.Namespace) -> int:
    """Shut somebody out at once, whichever way they sign in. On a terminal it asks first."""
    name, heir = arguments.name, arguments.heir
    with connect(arguments) as client:
        if not arguments.yes and sys.stdin.isatty():
            document = _owned(client, name)
            say(f"{plain(name)} is shut out at once: {_will_end(document)}")
            if heir:
                say(
                    f"  {plain(heir)} gets {_count(document)}, and sees the home folder as ~/from-{plain(name)}"
                )
            if not _agreed(f"Disable {plain(name)}?"):
                say("nothing was changed")
                return 1
        answer = _of_one(lambda: client.hub.disable(name, heir))
    if arguments.json:
        _show_json(answer)
        return 0
    print(f"{name} is disabled: {_done(answer.get('done') or {}, heir)}")
    if not (answer.get("leaving") or {}).get("settled"):
        say("  some of it has to wait (see `nightdesk user show`); the platform goes on trying by itself")
    return 0


def enable(arguments: argparse.Namespace) -> int:
    """Let somebody in again. It brings nothing back by itself: no session, token or run."""
    with connect(arguments) as client:
        answer = _of_one(lambda: client.hub.enable(arguments.name))
    if arguments.json:
        _show_json(answer)
    else:
        print(f"{arguments.name} may sign in again")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    """Remove somebody for good; their runs stay on record. On a terminal it asks first."""
    name = arguments.name
    with connect(arguments) as client:
        if arguments.purge_home:
            size = _size(_of_one(lambda: client.hub.person(name)).get("home_bytes"))
            say(f"the home folder of {plain(name)} ({size}) is removed for ever")
        question = f"Remove {plain(name)}, with all tokens and sessions{' and the home' if arguments.purge_home else ''}?"
        if not arguments.yes and sys.stdin.isatty() and not _agreed(question):
            say("nothing was removed")
            return 1
        gone = _of_one(lambda: client.hub.remove_person(name, purge_home=arguments.purge_home))
    if arguments.json:
        _show_json({"removed": name} if gone else {"removed": None, "removing": name})
    else:
        print(f"{name} is removed" if gone else f"{name} is shut out; removing goes on by itself")
    return 0


def _owned(client: Client, name: str) -> dict[str, Any]:
    """What hub and platform know of somebody; of former members only the platform does."""
    try:
        document: dict[str, Any] = client.hub.person(name)
    except NotFound:
        document = {"name": name}
    try:
        document |= client.call("GET", "/owners", name)
    except Unreachable:
        document |= {"runs": None}
    if len(document) <= len(("name", "shown", "runs", "output_bytes")) and not document.get("runs"):
        raise NotFound(f"there is no '{name}'", "`nightdesk user list` shows who there is.", status=404)
    return document


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("name", plain(document.get("shown") or document["name"]))]
    if "groups" in document:
        leaving = document.get("leaving") or {}
        state = "admin" if document.get("admin") else "member"
        if document.get("disabled"):
            state = f"disabled by {plain(leaving.get('by', ''))} on {plain(leaving.get('at', ''))[:10]}"
            if leaving.get("hand_over_to"):
                state += f", handed over to {plain(leaving['hand_over_to'])}"
            if not leaving.get("settled"):
                state += "; not through yet"
        sessions = [name or "their own" for name in document["sessions"]]
        lines += [
            ("state", state),
            ("groups", plain(", ".join(document["groups"])) or "none"),
            ("sessions", plain(", ".join(sessions)) or "none"),
            ("tokens", str(document["tokens"])),
            ("home", f"{plain(document['home'])}, {_size(document.get('home_bytes'))}"),
        ]
        if document.get("sees_homes_of"):
            lines.append(("sees", "the homes of " + plain(", ".join(document["sees_homes_of"]))))
    runs = document.get("runs")
    if runs is None:
        lines.append(("runs", "not known: the platform does not answer"))
    else:
        counted = ", ".join(f"{count} {status}" for status, count in sorted(runs.items()))
        lines.append(("runs", f"{counted or 'none'}; outputs {_size(document.get('output_bytes') or 0)}"))
    return lines


def _will_end(document: dict[str, Any]) -> str:
    runs = document.get("runs") or {}
    going = sum(runs.get(status, 0) for status in ("starting", "running"))
    parts = (
        (len(document.get("sessions") or ()), "session"),
        (document.get("tokens") or 0, "token"),
        (runs.get("queued", 0), "waiting run"),
        (going, "running run"),
    )
    return ", ".join(f"{count} {what}{'s' if count != 1 else ''}" for count, what in parts)


def _count(document: dict[str, Any]) -> str:
    count = sum((document.get("runs") or {}).values())
    return "1 run" if count == 1 else f"{count} runs"


def _done(done: dict[str, Any], heir: str | None) -> str:
    words = f"{done.get('cancelled', 0)} waiting and {done.get('ending', 0)} running runs ended"
    return words + (f", {done.get('handed_over', 0)} handed over to {plain(heir)}" if heir else "")


def _size(count: int | None) -> str:
    if count is None:
        return "size not known"
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.1f}".removesuffix(".0") + f" {unit}"
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + " TB"


def _of_one(ask: Any) -> Any:
    try:
        return ask()
    except NotFound as error:
        error.hint = error.hint or "`nightdesk user list` shows who there is."
        raise


def _agreed(question: str) -> bool:
    say(f"{question} Type yes: ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _show_json(document: Any) -> None:
    from nightdesk.cli.document import show_json

    show_json(document)
