"""nightdesk notify"""

from __future__ import annotations

from nightdesk.cli.connect import connect
from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

DESCRIPTION = """\
How you hear of the ends of your runs: by e-mail, by a message to Slack or what takes its messages,
or by a webhook. By default of those that did not succeed. `nightdesk submit --notify` says
otherwise for one run."""

EXAMPLES = """\
  nightdesk notify
  nightdesk notify --email ada@example.org
  nightdesk notify --code 123456
  nightdesk notify --slack-file slack.txt --when always
  nightdesk notify --test"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--when", choices=("never", "failure", "always"), help="of which ends (default: failure)"
    )
    parser.add_argument(
        "--email", metavar="ADDRESS", help="mail goes there once you have confirmed it; '' takes it away"
    )
    parser.add_argument(
        "--code", metavar="CODE", help="confirm the address with the code that was sent there"
    )
    for way in ("slack", "webhook"):
        parser.add_argument(
            f"--{way}-file",
            metavar="FILE",
            help=f"the address of the {way} is in this file, - for standard input: whoever has it can write there, "
            "so it is no argument; an empty one takes it away",
        )
    parser.add_argument("--test", action="store_true", help="send yourself a message on each way")


def run(arguments: argparse.Namespace) -> int:
    said: dict[str, Any] = {
        name: value
        for name, value in (
            ("when", arguments.when),
            ("email", arguments.email),
            ("slack", _read(arguments.slack_file)),
            ("webhook", _read(arguments.webhook_file)),
        )
        if value is not None
    }
    if sum((bool(said), arguments.code is not None, arguments.test)) > 1:
        raise WrongUsage("set something, confirm an address, or try it: one at a time")
    with connect(arguments) as client:
        if arguments.test:
            answer = client.call("POST", "/notifications/test")
        elif arguments.code is not None:
            answer = client.call("POST", "/notifications/confirm", json={"code": arguments.code})
        elif said:
            answer = client.call("PATCH", "/notifications", json=said)
        else:
            answer = client.call("GET", "/notifications")
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(answer)
    elif arguments.test:
        print(f"on its way by {', '.join(answer['sent'])}; `nightdesk notify` tells whether it arrived")
    else:
        _show(answer)
    return 0


def _show(answer: dict[str, Any]) -> None:
    from nightdesk.cli.terminal import plain

    whens = {"never": "never", "failure": "when a run fails", "always": "at the end of every run"}
    print(f"you are told {whens.get(answer['when'], answer['when'])}")
    if answer["email"]:
        asked = "" if answer["email_confirmed"] else "  (not confirmed: nightdesk notify --code …)"
        print(f"  email    {plain(answer['email'])}{asked}")
    elif not answer["mail"]:
        print("  email    this platform sends none")
    for way in ("slack", "webhook"):
        if answer[way]:
            print(f"  {way:8} {plain(answer[way])}")
    if not any(answer[way] for way in ("email", "slack", "webhook")):
        print("  but there is nowhere to tell you: nightdesk notify --email you@example.org")
    for each in answer["last"]:
        what = f"run {each['run_id']}" if each["run_id"] else "a message"
        state = {"sent": "sent", "failed": "not delivered", "waiting": "on its way"}[each["state"]]
        print(plain(f"  {each['at']}  {each['way']:8} {what:16} {state}  {each['words']}").rstrip())


def _read(path: str | None) -> str | None:
    if path is None:
        return None
    import sys

    try:
        if path == "-":
            return sys.stdin.read().strip()
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  (pathlib costs start-up time)
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path} cannot be read: {error}") from error
