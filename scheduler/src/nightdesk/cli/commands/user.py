"""nightdesk user"""

from __future__ import annotations

import sys
from pathlib import Path

from nightdesk.cli import leaving
from nightdesk.cli.connect import connect
from nightdesk.cli.summary import say
from nightdesk.cli.terminal import plain
from nightdesk.client.errors import BadAnswer, NotFound, Refused, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Any


DESCRIPTION = "The people of the platform: who there is, who may come in, and tokens for them. For admins."

EXAMPLES = """\
  nightdesk user list
  nightdesk user add ada
  nightdesk user add ada --generate-password
  nightdesk user approve ben
  nightdesk user password ada --generate-password
  nightdesk user link ada ada.lovelace@example.org
  nightdesk user token ada --expires 90d --note "laptop"
  nightdesk user limit ada
  nightdesk user limit ada --runs 8 --home unlimited
  nightdesk user show ada
  nightdesk user disable ada --hand-over-to ben
  nightdesk user enable ada
  nightdesk user rm ben"""

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike


def _name_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the person's name on the platform")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--password-file", metavar="FILE", help="read the password from a file (-: standard input)"
    )
    source.add_argument(
        "--generate-password", action="store_true", help="make a password and print it, this once"
    )


def _link_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("provider_name", metavar="THERE", help="the person's name at the provider")


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument(
        "--note", metavar="TEXT", default="made with nightdesk user token", help="what it is for"
    )
    parser.add_argument(
        "--expires", metavar="TIME", type=_seconds, help="for how long: 12h, 90d (default: for ever)"
    )
    parser.add_argument(
        "--scope",
        metavar="SCOPE",
        action="append",
        dest="scopes",
        help="what it is good for in the hub's words (default: this platform, and nothing else of the hub)",
    )


def _limit_arguments(parser: argparse.ArgumentParser) -> None:
    from nightdesk.cli.policy import policy_arguments

    _name_argument(parser)
    policy_arguments(parser, group=False)


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _list(arguments: argparse.Namespace) -> int:
    """List everybody who has an account, and who is waiting to be let in."""
    with connect(arguments) as client:
        accounts = _of_all(client.hub.accounts)
    if arguments.json:
        _show_json({"users": accounts})
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    rows = []
    for account in accounts:
        state = "admin" if account["admin"] else "member" if account["approved"] else "waiting for approval"
        state = "disabled" if account.get("disabled") else state
        rows.append((account["name"], state, when(account.get("created_at"))))
    show_table(("NAME", "STATE", "SINCE"), rows, give=0)
    return 0


def _add(arguments: argparse.Namespace) -> int:
    """Add somebody, who may sign in at once. Asks for the password where none is given."""
    password = _password(arguments)
    with connect(arguments) as client:
        account = _of_all(lambda: client.hub.add_account(arguments.name, password))
    made = {"password": password} if arguments.generate_password else {}
    if arguments.json:
        _show_json({**(account or {"name": arguments.name}), **made})
        return 0
    print(f"{arguments.name} is added and may sign in")
    if made:
        print(f"  password: {password}")
    return 0


def _approve(arguments: argparse.Namespace) -> int:
    """Let somebody in who has signed up."""
    with connect(arguments) as client:
        account = _of_one(lambda: client.hub.approve_account(arguments.name))
    if arguments.json:
        _show_json(account or {"name": arguments.name, "approved": True})
    else:
        print(f"{arguments.name} may sign in now")
    return 0


def _limit(arguments: argparse.Namespace) -> int:
    """Show or set the limits and sizes of one person, which count before those of their groups."""
    from nightdesk.cli.policy import said_in, show_policy

    said = said_in(arguments)
    with connect(arguments) as client:
        if said:
            policy = client.groups.set_policy("person", arguments.name, said)
        else:
            policy = client.groups.policy("person", arguments.name)
    if arguments.json:
        _show_json(policy)
    else:
        print(f"of {arguments.name}'s own; what is not named here their groups decide")
        show_policy(policy)
    return 0


def _password_of(arguments: argparse.Namespace) -> int:
    """Give somebody a new password in place of a forgotten one. They choose one of their own with it."""
    password = _password(arguments)
    with connect(arguments) as client:
        account = _of_one(lambda: client.hub.set_password(arguments.name, password))
    made = {"password": password} if arguments.generate_password else {}
    if arguments.json:
        _show_json({**(account or {"name": arguments.name}), **made})
        return 0
    print(f"{arguments.name} is signed out, and chooses a password of their own with this one")
    if made:
        print(f"  password: {password}")
    return 0


def _link(arguments: argparse.Namespace) -> int:
    """Say who somebody is at the provider that people sign in with. They keep their name and files here."""
    with connect(arguments) as client:
        client.hub.link(arguments.name, arguments.provider_name)
    if arguments.json:
        _show_json({"name": arguments.name, "provider_name": arguments.provider_name})
    else:
        print(f"whoever signs in as {plain(arguments.provider_name)} is {arguments.name} from then on")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    """Make a token for somebody. It is printed this once; it is good for this platform alone."""
    with connect(arguments) as client:
        token = _of_one(
            lambda: client.hub.create_token(
                arguments.name, note=arguments.note, expires_in=arguments.expires, scopes=arguments.scopes
            )
        )
    if arguments.json:
        _show_json(token)
    else:
        print(token["token"])
        until = f"until {token['expires_at']}" if token.get("expires_at") else "for ever"
        say(f"  a token of {arguments.name}, good {until}; it is not shown again")
    return 0


def _of_all(ask: Callable[[], Any]) -> Any:
    """What the hub answers about its accounts as a whole; where people sign in elsewhere it keeps none."""
    try:
        return ask()
    except (NotFound, BadAnswer) as error:
        raise Refused(
            "this platform keeps no accounts of its own: people sign in somewhere else",
            "Add and remove people there (the hub's Admin page shows who has been here).",
            status=404,
        ) from error


def _of_one(ask: Callable[[], Any]) -> Any:
    """What the hub answers about one account."""
    try:
        return ask()
    except NotFound as error:
        error.hint = error.hint or "`nightdesk user list` shows who there is."
        raise


def _password(arguments: argparse.Namespace) -> str:
    if arguments.generate_password:
        import secrets

        return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    path = arguments.password_file
    if path not in (None, "-"):
        try:
            return _first_line(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(f"the password file {path!r} cannot be read") from error
    if path == "-" or not sys.stdin.isatty():
        return _first_line(sys.stdin.readline())
    import getpass

    password = getpass.getpass(f"password for {plain(arguments.name)} (not shown): ", stream=sys.stderr)
    if getpass.getpass("once more: ", stream=sys.stderr) != password:
        raise WrongUsage("the two passwords differ", "Run the command again.")
    return _first_line(password)


def _first_line(text: str) -> str:
    lines = text.splitlines()
    if not lines or not lines[0]:
        raise WrongUsage(
            "the password is empty", "Give one on standard input, or let one be made: --generate-password"
        )
    return lines[0]


def _show_json(data: Any) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)


def _seconds(text: str) -> int:
    import argparse

    from nightdesk.cli.wording import seconds_of

    try:
        return seconds_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 12h or 90d") from None


COMMANDS = {
    "list": ("list people", _no_arguments, _list),
    "add": ("add somebody", _add_arguments, _add),
    "show": ("show what somebody has", _name_argument, leaving.show),
    "approve": ("let somebody in who has signed up", _name_argument, _approve),
    "password": ("give somebody a new password", _add_arguments, _password_of),
    "link": ("say who somebody is at the provider", _link_arguments, _link),
    "limit": ("show or set somebody's limits", _limit_arguments, _limit),
    "disable": ("shut somebody out at once", leaving.disable_arguments, leaving.disable),
    "enable": ("let somebody in again", _name_argument, leaving.enable),
    "rm": ("remove somebody", leaving.rm_arguments, leaving.remove),
    "token": ("make a token for somebody", _token_arguments, _token),
}
