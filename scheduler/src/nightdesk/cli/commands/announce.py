"""nightdesk announce"""

from __future__ import annotations

import argparse

from nightdesk.cli.connect import connect
from nightdesk.client.errors import WrongUsage

DESCRIPTION = """\
Tell everybody something: it stands on top of every page within a few seconds, until its time
is over or it is taken down. For admins."""

EXAMPLES = """\
  nightdesk announce "Away on Friday from 18:00" --until 2026-11-27T19:00 --level warning
  nightdesk announce --clear"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what to tell, on one line")
    parser.add_argument(
        "--from", dest="since", metavar="WHEN", type=_since, help="from then on (default: now)"
    )
    parser.add_argument(
        "--until", metavar="WHEN", type=_until, help="until then (default: until it is cleared)"
    )
    parser.add_argument("--level", choices=("info", "warning"), default="info", help="how it looks")
    parser.add_argument("--link", metavar="URL", default="", help="where there is more about it")
    parser.add_argument("--before-sign-in", action="store_true", help="on the sign-in page as well")
    parser.add_argument("--clear", action="store_true", help="take all announcements down")


def run(arguments: argparse.Namespace) -> int:
    if arguments.clear == bool(arguments.text):
        raise WrongUsage("say either what to announce, or --clear", "nightdesk announce --help explains.")
    with connect(arguments) as client:
        if arguments.clear:
            answer = client.call("DELETE", "/announcements")
            said = f"{answer['cleared']} taken down"
        else:
            names = ("text", "level", "link", "since", "until", "before_sign_in")
            answer = client.call(
                "POST", "/announcements", json={name: getattr(arguments, name) for name in names}
            )
            said = f"announced as number {answer['id']}"
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(answer)
    else:
        print(said)
    return 0


def _since(text: str) -> str:
    return _moment(text, end=False)


def _until(text: str) -> str:
    return _moment(text, end=True)


def _moment(text: str, *, end: bool) -> str:
    from nightdesk.cli import moments

    try:
        return moments.moment_of(text, end=end)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write 2026-11-22 or 2026-11-22T16:30"
        ) from None
