"""nightdesk logout"""

from __future__ import annotations

from nightdesk.client.errors import WrongUsage
from nightdesk.client.login import find_login, remove_login

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Forget the sign-in that `nightdesk login` has kept. The token itself stays valid until it expires
or you revoke it on the hub's Token page."""

EXAMPLES = """\
  nightdesk logout"""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    """Remove the file."""
    removed = remove_login()
    try:
        left = find_login(arguments.url, arguments.token_file).source
    except WrongUsage:
        left = None
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"removed": removed, "still_used": left})
        return 0
    print(f"signed out ({removed} is removed)" if removed else "you were not signed in")
    if left:
        print(f"  the login from {left} still counts here")
    return 0
