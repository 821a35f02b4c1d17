"""The client that a command works with."""

from __future__ import annotations

from nightdesk.client.login import find_login
from nightdesk.client.platform import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def connect(arguments: argparse.Namespace) -> Client:
    """A client for the platform and the token that count here. Nothing is sent yet."""
    return Client(find_login(arguments.url, arguments.token_file))
