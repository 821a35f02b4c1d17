"""nightdesk connection add KIND: a command for each kind, with options for its fields."""

from __future__ import annotations

from textwrap import wrap

from nightdesk.cli.connect import connect
from nightdesk.cli.secrets import secret_arguments, secrets_given
from nightdesk.client.errors import WrongUsage
from nightdesk.connection_kinds import KINDS, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.connection_kinds import Field, Kind

EXAMPLES = """\
  nightdesk connection add postgresql sales --host db.example.org --database sales --user nd
  nightdesk connection add mysql shop --host db.example.org --database shop --user nd --read-only
  nightdesk connection add sqlite survey --path /srv/data/survey.db
  nightdesk connection add s3 lake --endpoint https://s3.example.org --bucket lake --access-key ND
  nightdesk connection add sftp drop --host sftp.example.org --user nd --host-key "ssh-ed25519 AAAA"
  nightdesk connection add http weather --address https://api.example.org/v2
  nightdesk connection add git reports --address https://git.example.org/team/reports.git
  nightdesk connection add folder images --path /srv/data/images
  nightdesk connection add sqlalchemy erp --address mssql+pymssql://nd@erp.example.org/erp
  nightdesk connection add fsspec dav --protocol webdav --options '{"base_url": "https://dav.org"}'"""


class Add:
    """One kind's command."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        name = {"folder": "images", "sqlite": "survey"}.get(kind.name, "warehouse" if kind.sql else "lake")
        lines = [f"Add {kind.title}. nightdesk.connect returns {kind.gives}:", ""]
        lines += [f"{language}: {line}" for language, line in lines_of(kind.name, name).items()]
        lines += ["", *wrap(f"Who may only read {kind.reads}.", 96)]
        if kind.hidden:
            names = ", ".join(field.name for field in kind.hidden)
            lines += wrap(
                "The secret is no option, where others on the machine could read it: it is asked for, or read "
                f"from standard input or --secret-file. Its secrets are: {names}.",
                96,
            )
        self.__doc__ = "\n".join(lines)

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """The options of the kind's fields."""
        parser.add_argument(
            "name", metavar="NAME", help="what it is called in code: small letters, digits, - and _"
        )
        group = parser.add_argument_group("of this kind")
        for field in self._kind.plain:
            default = f" (default: {field.default})" if field.default else ""
            group.add_argument(
                field.option,
                metavar=field.option[2:].replace("-", "_").upper(),
                dest=f"field_{field.name}",
                required=field.needed,
                help=f"{field.words}{default}" + (f", such as {field.example}" if field.example else ""),
            )
        about_arguments(parser)
        if self._kind.hidden:
            secret_arguments(parser)

    def __call__(self, arguments: argparse.Namespace) -> int:
        kind = self._kind
        said = {field.name: getattr(arguments, f"field_{field.name}") for field in kind.plain}
        settings = {name: typed(kind, name, text) for name, text in said.items() if text is not None}
        secrets = {}
        if kind.hidden:
            secrets = secrets_given(arguments, kind.hidden, self._asked_for(settings, arguments))
        wanted = {"name": arguments.name, "kind": kind.name, "settings": settings, "secrets": secrets}
        with connect(arguments) as client:
            made = client.connections.make({**wanted, **about(arguments)})
        if arguments.json:
            from nightdesk.cli.document import show_json

            show_json(made)
            return 0
        print(f"connection {made['name']} is there; admins alone may use it so far")
        print(f"  try it             nightdesk connection test {made['name']}")
        print(f"  let others use it  nightdesk connection grant {made['name']} --group GROUP")
        return 0

    def _asked_for(self, settings: dict[str, Any], arguments: argparse.Namespace) -> list[Field]:
        """Main secret, and the reader's where a reader signs in."""
        kind = self._kind
        wanted = list(kind.secrets[:1])
        reader = next((field for field in kind.readers if field in kind.plain), None)
        if reader is not None and settings.get(reader.name) and not arguments.secret_files:
            wanted += [field._replace(needed=True) for field in kind.readers if field in kind.hidden][:1]
        return wanted


def about_arguments(parser: argparse.ArgumentParser) -> None:
    """What every kind takes."""
    group = parser.add_argument_group("of every kind")
    group.add_argument("--title", metavar="TEXT", help="a title for people")
    group.add_argument("--description", metavar="TEXT", help="what is there, and whom to ask")
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--read-only", action="store_true", default=None, help="nobody writes, whatever a grant says"
    )
    either.add_argument(
        "--writable", action="store_false", dest="read_only", help="who is granted writing may write"
    )


def about(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the options of every kind say."""
    said = {name: getattr(arguments, name) for name in ("title", "description", "read_only")}
    return {name: value for name, value in said.items() if value is not None}


def typed(kind: Kind, name: str, text: str) -> Any:
    """A setting as the interface takes it. Raises WrongUsage."""
    field = next((field for field in kind.plain if field.name == name), None)
    if field is None:
        raise WrongUsage(
            f"a connection of the kind {kind.name} has no field {name!r}",
            f"It has: {', '.join(field.name for field in kind.plain)}.",
        )
    if not text:
        return ""
    if field.read_by == "number":
        if not (text.isascii() and text.isdigit()):
            raise WrongUsage(f"{field.option} {text!r} is no number")
        return int(text)
    if field.read_by == "json":
        import json

        try:
            read = json.loads(text)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise WrongUsage(f"{field.option} is no JSON object", f"Such as {field.example}.")
        return read
    return text


def _commands() -> dict[str, Any]:
    adds = {name: Add(kind) for name, kind in KINDS.items()}
    return {name: (KINDS[name].title, add.arguments, add) for name, add in adds.items()}


COMMANDS = _commands()
