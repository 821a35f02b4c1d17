"""nightdesk connection"""

from __future__ import annotations

import sys

from nightdesk.cli import adding
from nightdesk.cli.connect import connect
from nightdesk.cli.secrets import secret_arguments, secrets_given
from nightdesk.cli.terminal import mark, plain
from nightdesk.client.connections import EVERYBODY
from nightdesk.client.errors import WrongUsage
from nightdesk.connection_kinds import KINDS, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Any

    from nightdesk.client.connection_answers import Connection, Grant
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Data connections: named ways to databases, object stores, files and APIs, with their secrets kept by
the platform. list and show are for everybody, the rest is for admins."""

EXAMPLES = f"""\
  nightdesk connection list
  nightdesk connection list --all
  nightdesk connection show warehouse
{adding.EXAMPLES}
  nightdesk connection test warehouse
  nightdesk connection grant warehouse --group analysts
  nightdesk connection grant warehouse --group engineers --person ada --write
  nightdesk connection grant warehouse --everybody
  nightdesk connection revoke warehouse --group analysts
  nightdesk connection set warehouse host=db2.example.org port=5433
  nightdesk connection set warehouse --title "Sales, nightly copy" --read-only
  nightdesk connection rotate warehouse
  nightdesk connection rotate warehouse --secret-file new-password.txt
  nightdesk connection rotate warehouse --reader
  nightdesk connection uses warehouse
  nightdesk connection rm warehouse
  nightdesk connection reseal"""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _name_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the connection's name")


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="all there are, with who may use them (admins)")


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument(
        "fields",
        metavar="FIELD=VALUE",
        nargs="*",
        help="a field of its kind, as `show` names them; nothing after the =: back to its default",
    )
    adding.about_arguments(parser)


def _whom_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("--group", metavar="GROUP", action="append", default=[], help="members of a group")
    parser.add_argument("--person", metavar="PERSON", action="append", default=[], help="one person")
    parser.add_argument("--everybody", action="store_true", help="everybody on the platform")


def _grant_arguments(parser: argparse.ArgumentParser) -> None:
    _whom_arguments(parser)
    parser.add_argument("--write", action="store_true", help="they may write as well (default: read)")


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("--reader", action="store_true", help="the reader's secret, not the main one")
    secret_arguments(parser)


def _rm_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def _list(arguments: argparse.Namespace) -> int:
    """List the connections that you may use, or all there are."""
    with connect(arguments) as client:
        found = client.connections.listed(everything=arguments.all)
    if arguments.json:
        _show_json({"connections": found})
        return 0
    if not found:
        print("there is no connection" if arguments.all else "there is no connection that you may use")
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    if arguments.all:
        rows = [
            (each["name"], each["kind"], granted(each.get("grants", [])), when(each.get("last_used_at")))
            for each in found
        ]
        show_table(("NAME", "KIND", "FOR", "LAST USED"), rows, give=2)
        return 0
    mine = [
        (each["name"], each["kind"], "write" if each["write"] else "read", each["title"], each["example"])
        for each in found
    ]
    show_table(("NAME", "KIND", "MAY", "TITLE", "IN PYTHON"), mine, give=3)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show one connection: what it is and how it is used; for admins fields and grants as well."""
    with connect(arguments) as client:
        found = client.connections.connection(arguments.name)
    if arguments.json:
        _show_json(found)
        return 0
    from nightdesk.cli.table import show_facts
    from nightdesk.cli.wording import when

    kind = KINDS.get(found["kind"])
    print(f"{found['name']}: {kind.title if kind else plain(found['kind'])}")
    facts = [("title", found["title"]), ("about", found["description"])]
    facts += [(name, _said(value)) for name, value in (found.get("settings") or {}).items()]
    facts.append(("secrets", ", ".join(found.get("secrets") or [])))
    facts.append(("you may", "read and write" if found["write"] else "read"))
    if "grants" in found:
        facts.append(("for", granted(found["grants"])))
        facts.append(("last used", when(found.get("last_used_at"))))
    facts += list(lines_of(found["kind"], found["name"]).items())
    show_facts([(name, plain(value)) for name, value in facts])
    return 0


def _set(arguments: argparse.Namespace) -> int:
    """Change fields, title or description. What is not named stays as it is; secrets: rotate."""
    said = adding.about(arguments)
    if not said and not arguments.fields:
        raise WrongUsage("nothing to set", "Name a field, such as host=db2.example.org, or --title TEXT.")
    with connect(arguments) as client:
        if arguments.fields:
            there = client.connections.connection(arguments.name)
            said["settings"] = _changed(there, arguments.fields)
        changed = client.connections.change(arguments.name, said)
    return _tell(arguments, changed, f"{changed['name']} is changed; it holds for the next use")


def _changed(there: Connection, fields: list[str]) -> dict[str, Any]:
    """What the fields say anew; what goes back to its default is null."""
    kind = KINDS[there["kind"]]
    said = {}
    for given in fields:
        name, equals, text = given.partition("=")
        if not equals:
            raise WrongUsage(f"{given!r} is no FIELD=VALUE", "Write it as host=db2.example.org.")
        if name in {field.name for field in kind.hidden} - {field.name for field in kind.plain}:
            raise WrongUsage(f"{name} is a secret", f"nightdesk connection rotate {there['name']}")
        value = adding.typed(kind, name, text)
        said[name] = None if text == "" else value
    return said


def _grant(arguments: argparse.Namespace) -> int:
    """Let groups, people or everybody use it: for reading, or with --write for writing as well."""
    return _each(
        arguments, lambda client, kind, name: client.connections.grant(
            arguments.name, kind, name, write=arguments.write
        ), "may use it now" if arguments.write else "may read from it now"
    )  # fmt: skip


def _revoke(arguments: argparse.Namespace) -> int:
    """Take grants back. It holds for the next use; what is open already is not cut."""
    return _each(
        arguments, lambda client, kind, name: client.connections.revoke(arguments.name, kind, name),
        "may not use it any more by this grant",
    )  # fmt: skip


def _each(arguments: argparse.Namespace, change: Callable[[Client, str, str], Connection], words: str) -> int:
    whom = [("group", name) for name in arguments.group] + [("person", name) for name in arguments.person]
    whom += [(EVERYBODY, "")] * arguments.everybody
    if not whom:
        raise WrongUsage("for whom?", "Say --group GROUP, --person PERSON or --everybody.")
    changed = None
    with connect(arguments) as client:
        for kind, name in whom:
            changed = change(client, kind, name)
    assert changed is not None  # noqa: S101  (there was somebody)
    names = [f"{kind} {name}".strip() for kind, name in whom]
    return _tell(arguments, changed, f"{changed['name']}: {', '.join(names)} {words}")


def _test(arguments: argparse.Namespace) -> int:
    """Try it from where runs are, step by step: the name, the port, the login, the right.

    Exit code 0: all is well; 1: a step failed, and below it stands what to do.
    """
    with connect(arguments) as client:
        tried = client.connections.test(arguments.name)
    if arguments.json:
        _show_json(tried)
        return 0 if tried["ok"] else 1
    for step in tried["steps"]:
        words = f": {plain(step['words'])}" if step["words"] else ""
        print(f"{mark(step['ok'])} {plain(step['name'])}{words}")
    told = tried["steps"][-1]["words"] if tried["steps"] else ""
    why = f": {plain(tried['words'])}" if tried["words"] and tried["words"] != told else ""
    print(f"{mark(tried['ok'])} {plain(arguments.name)} {'works' if tried['ok'] else 'does not work'}{why}")
    if tried.get("hint"):
        print(f"  {plain(tried['hint'] or '')}")
    return 0 if tried["ok"] else 1


def _rotate(arguments: argparse.Namespace) -> int:
    """Put a new secret in place of the old one, which nothing can read any more.

    It is asked for, or read from standard input or --secret-file. Change it at the other side as well.
    """
    with connect(arguments) as client:
        there = client.connections.connection(arguments.name)
        kind = KINDS[there["kind"]]
        theirs = [field for field in kind.hidden if (field in kind.readers) == arguments.reader]
        if not theirs:
            whose = "reader's secret" if arguments.reader else "secret"
            raise WrongUsage(f"a connection of the kind {kind.name} has no {whose}")
        secrets = secrets_given(arguments, theirs, [theirs[0]._replace(needed=True)])
        changed = client.connections.rotate(arguments.name, secrets)
    return _tell(
        arguments, changed, f"{arguments.name} has a new {', '.join(secrets)}; it holds for the next use"
    )


def _rm(arguments: argparse.Namespace) -> int:
    """Take a connection away, with its secrets and grants. What is at the other side stays."""
    from nightdesk.cli.summary import say

    if not arguments.yes and sys.stdin.isatty():
        say(f"Remove the connection {plain(arguments.name)}, with its secrets and grants? Type yes: ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("nothing was removed")
            return 1
    with connect(arguments) as client:
        client.connections.remove(arguments.name)
    if arguments.json:
        _show_json({"removed": arguments.name})
    else:
        print(f"connection {arguments.name} is removed")
    return 0


def _uses(arguments: argparse.Namespace) -> int:
    """Show who used it last, the newest first."""
    with connect(arguments) as client:
        uses = client.connections.uses(arguments.name)
    if arguments.json:
        _show_json({"uses": uses})
        return 0
    if not uses:
        print(f"nobody has used {arguments.name} yet")
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    show_table(("WHEN", "WHO", "WHERE"), [(when(use["at"]), use["by"], use["words"]) for use in uses], give=2)
    return 0


def _reseal(arguments: argparse.Namespace) -> int:
    """Seal the secrets of all connections anew under the first of NIGHTDESK_SECRET_KEYS.

    The last step of changing the key: after it the old one may go from config/.env.
    """
    with connect(arguments) as client:
        done = client.connections.reseal()
    if arguments.json:
        _show_json(done)
    else:
        print("all secrets are sealed under the first key; the others may go from NIGHTDESK_SECRET_KEYS")
    return 0


def granted(grants: list[Grant]) -> str:
    """`analysts, ada (write)`; admins alone where nobody is named."""
    words = [(grant["name"] or EVERYBODY) + (" (write)" if grant["write"] else "") for grant in grants]
    return ", ".join(words) or "admins"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        import json

        return json.dumps(value)
    return str(value)


def _tell(arguments: argparse.Namespace, connection: Connection, words: str) -> int:
    if arguments.json:
        _show_json(connection)
    else:
        print(plain(words))
    return 0


def _show_json(data: Any) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)


COMMANDS = {
    "list": ("list connections", _list_arguments, _list),
    "show": ("show one", _name_argument, _show),
    "add": ("add one of a kind", _no_arguments, adding),
    "set": ("change fields or title", _set_arguments, _set),
    "grant": ("let somebody use it", _grant_arguments, _grant),
    "revoke": ("take a grant back", _whom_arguments, _revoke),
    "test": ("say what works and what does not", _name_argument, _test),
    "rotate": ("put a new secret in place", _rotate_arguments, _rotate),
    "uses": ("show who used it", _name_argument, _uses),
    "rm": ("take it away", _rm_arguments, _rm),
    "reseal": ("seal all secrets under the first key", _no_arguments, _reseal),
}
