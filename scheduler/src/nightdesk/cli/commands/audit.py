"""nightdesk audit"""

from __future__ import annotations

import argparse
import sys

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.admin_answers import AuditEntry

DESCRIPTION = """\
Who did what, to whom, when and from where: sign-ins, accounts, sessions, runs, environments,
and who looked at another's. Entries are only ever added. For admins."""

EXAMPLES = """\
  nightdesk audit --by ada --since 7d
  nightdesk audit --action sign-in --address 192.0.2.7
  nightdesk audit --on bob --csv > bob.csv
  nightdesk audit verify"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "verify",
        nargs="?",
        choices=["verify"],
        metavar="verify",
        help="find out whether somebody changed the log; keep the hash that it shows, to compare with",
    )
    parser.add_argument("--by", metavar="NAME", help="what this person did")
    parser.add_argument("--action", metavar="ACTION", help="such as run.cancelled, or a kind of them: run")
    parser.add_argument(
        "--on", metavar="THING", help="what was done to this person, run, group or environment"
    )
    parser.add_argument("--address", metavar="ADDRESS", help="what was done from there")
    parser.add_argument(
        "--since", metavar="WHEN", type=_since, help="then or later: 2026-11-22, yesterday, 7d"
    )
    parser.add_argument("--until", metavar="WHEN", type=_until, help="before then; of a day: before its end")
    parser.add_argument("--limit", metavar="N", type=_count, default=50, help="at most so many (default: 50)")
    parser.add_argument(
        "--csv", action="store_true", help="print all that fit as CSV, without a limit; this is noted"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.verify:
        return _verify(arguments)
    names = ("by", "action", "on", "address", "since", "until")
    wanted: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    with connect(arguments) as client:
        if arguments.csv:
            for piece in client.audit_export(**wanted):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return 0
        found = list(client.audit(limit=arguments.limit, **wanted))
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"entries": found})
        return 0
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table

    if not found:
        say("no entry fits")
        return 0
    show_table(["WHEN", "WHO", "WHAT", "TO", "FROM", "WORDS"], [_row(entry) for entry in found], give=5)
    return 0


def _row(entry: AuditEntry) -> list[str]:
    from nightdesk.cli import wording

    to = " ".join(dict.fromkeys(each for each in (entry["object"], entry["whom"]) if each))
    where = " ".join(each for each in (entry["address"], entry["means"]) if each)
    action = entry["action"].replace(".", " ")
    return [wording.when(entry["at"]), entry["by"] or "-", action, to or "-", where or "-", entry["words"]]


def _verify(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        verdict = client.audit_verify()
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json(verdict)
    elif verdict["broken"] is None:
        print(
            f"{verdict['entries']} entries, all as they were written\nnewest hash: {verdict['head'] or '-'}"
        )
    else:
        print(f"entry {verdict['broken']} is not as it was written, or one before it is missing")
    return 0 if verdict["broken"] is None else 1


def _since(text: str) -> str:
    return _moment(text, end=False)


def _until(text: str) -> str:
    return _moment(text, end=True)


def _moment(text: str, *, end: bool) -> str:
    from nightdesk.cli import moments

    try:
        return moments.moment_of(text, end=end)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; {moments.WRITE}") from None


def _count(text: str) -> int:
    from nightdesk.cli.arguments import positive

    return positive(text)
