"""Secrets of connections: asked for without echo or read from a file or standard input, never an argument."""

from __future__ import annotations

import sys
from pathlib import Path

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from nightdesk.connection_kinds import Field

_MOST = 64 * 1024


def secret_arguments(parser: argparse.ArgumentParser) -> None:
    """How secrets are given."""
    parser.add_argument(
        "--secret-file",
        metavar="[NAME=]FILE",
        action="append",
        default=[],
        dest="secret_files",
        help="read a secret from a file (-: standard input); NAME where there are several. Without it you are "
        "asked, and nothing is shown",
    )


def secrets_given(
    arguments: argparse.Namespace, fields: Sequence[Field], wanted: Sequence[Field]
) -> dict[str, Any]:
    """The secrets by name. ``fields`` are those that may be given; those of ``wanted`` are asked for.

    Where nobody is at a terminal, the first that is wanted is what stands on standard input.

    Raises:
        WrongUsage: a file cannot be read, a secret is empty, or of a name that there is not.
    """
    found = {}
    for given in arguments.secret_files:
        field, path = _named(given, fields)
        if field.name in found:
            raise WrongUsage(f"the {field.label} is given twice", "Name each: --secret-file NAME=FILE")
        found[field.name] = _value(field, _read(path))
    if found or not wanted:
        return found
    if not sys.stdin.isatty():
        first = wanted[0]
        return {first.name: _value(first, _read("-"))} if first.needed else {}
    for field in wanted:
        typed = _asked(field)
        if typed:
            found[field.name] = _value(field, typed)
        elif field.needed:
            raise WrongUsage(f"the {field.label} is empty", "Run the command again.")
    return found


def _named(given: str, fields: Sequence[Field]) -> tuple[Field, str]:
    """Which secret it is, and where it stands."""
    name, _, path = given.partition("=")
    known = {field.name: field for field in fields}
    if path and name in known:
        return known[name], path
    if not fields:
        raise WrongUsage("this kind of connection has no secret", "Leave --secret-file out.")
    if path and not Path(given).exists():
        raise WrongUsage(
            f"there is no secret {name!r} here", f"Secrets of this kind are: {', '.join(known)}."
        )
    return fields[0], given


def _read(path: str) -> str:
    if path == "-":
        raw = sys.stdin.buffer.read(_MOST + 1)
    else:
        try:
            with Path(path).expanduser().open("rb") as file:
                raw = file.read(_MOST + 1)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise WrongUsage(f"the secret's file {path!r} cannot be read: {reason}") from error
    if len(raw) > _MOST:
        raise WrongUsage("this is too long to be a secret: more than 64 KB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUsage("the secret is not text (UTF-8)") from error


def _asked(field: Field) -> str:
    import getpass

    optional = "" if field.needed else "; Enter alone: none"
    return getpass.getpass(f"{field.label} (not shown{optional}): ", stream=sys.stderr)


def _value(field: Field, text: str) -> Any:
    """The secret as the interface takes it. No error repeats any of it."""
    if field.read_by == "lines":
        if not text.strip():
            raise WrongUsage(f"the {field.label} is empty")
        return text
    if field.read_by == "json":
        return _object(field, text)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise WrongUsage(
            f"the {field.label} is empty", "It is read from a prompt, standard input or --secret-file."
        )
    if "\n" in text:
        raise WrongUsage(f"the {field.label} has more than one line", "Give a file that holds it alone.")
    return text


def _object(field: Field, text: str) -> Any:
    import json

    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise WrongUsage(f"the secret {field.label} are no JSON object", 'Such as {"password": "…"}.')
    return read
