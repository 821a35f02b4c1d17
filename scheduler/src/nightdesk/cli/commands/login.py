"""nightdesk login"""

from __future__ import annotations

import sys

from nightdesk.cli.summary import say
from nightdesk.client.address import Address
from nightdesk.client.errors import BadAnswer, NotFound, SignInNeeded, WrongUsage
from nightdesk.client.login import Login, checked_token, find_login, read_token, save_login
from nightdesk.client.platform import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Sign in to a platform. URL is its address, or that of any of its pages. Make a token on the page
that is named, and paste it; it is kept in ~/.config/nightdesk/login.json, readable by you alone.
A token is never given as an argument, where others on the machine could read it."""

EXAMPLES = """\
  nightdesk login http://127.0.0.1:8000
  nightdesk login https://notebooks.example.org --open
  nightdesk login https://notebooks.example.org --token-file token.txt
  print-token | nightdesk login https://notebooks.example.org"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="URL", help="the platform's address")
    parser.add_argument("--open", action="store_true", help="open the page for tokens in the browser")


def run(arguments: argparse.Namespace) -> int:
    """Ask for a token, try it, keep it."""
    address = Address.complete(arguments.address)
    with Client(Login(address, "", "nowhere yet")) as nobody:
        try:
            nobody.health()
        except NotFound as error:
            raise BadAnswer(f"there is no Nightdesk at {address}", "Check the address.") from error
        page = nobody.hub.token_page
    token = read_token(arguments.token_file) if arguments.token_file else _ask(page, open_page=arguments.open)
    with Client(Login(address, token, "what you entered")) as client:
        try:
            user = client.user()
        except SignInNeeded as error:
            error.hint = f"Make a new token at {page} and try again."
            error.message = "the platform does not accept this token"
            raise
    path = save_login(address, token)
    _warn(address, path)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"url": str(address), "user": user, "file": path})
    else:
        print(f"signed in to {address} as {user['name']}" + (" (admin)" if user["admin"] else ""))
    return 0


def _ask(page: str, *, open_page: bool) -> str:
    if not sys.stdin.isatty():
        return checked_token(sys.stdin.readline(), "standard input")
    import getpass

    say(f"Make a token at {page} and paste it here.")
    if open_page:
        import webbrowser

        webbrowser.open(page)
    return checked_token(getpass.getpass("token (not shown): ", stream=sys.stderr), "what you entered")


def _warn(address: Address, path: str) -> None:
    if address.scheme == "http" and not address.is_loopback:
        say("note: with http:// the token and all data go over the network unencrypted")
    try:
        counts = find_login()
    except WrongUsage as error:
        say(f"note: {error.message}")
        return
    if counts.source != path:
        say(f"note: here the login from {counts.source} goes before this one ({counts.address})")
