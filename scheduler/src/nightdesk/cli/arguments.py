"""The command line: which commands there are, and how their arguments are read.

A command is a module in `nightdesk.cli.commands` with `SUMMARY`, `EXAMPLES`, `add_arguments(parser)` and
either `run(arguments)` or, where it has commands of its own, `COMMANDS`. Only the module of the command that
is called is imported.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, NoReturn

COMMANDS = {
    "submit": "hand a notebook or script to the platform",
    "runs": "list runs",
    "show": "show one run",
    "logs": "print what a run has printed",
    "cancel": "end a run, keeping what it has done",
    "retry": "run a run again, exactly as it was if you like",
    "download": "fetch the outputs of a run",
    "schedule": "runs by the clock",
    "pipeline": "several notebooks and scripts as one thing",
    "sweep": "one file with many sets of parameters",
    "compare": "put runs side by side",
    "share": "show a run to others, for reading",
    "export": "make a module, a script or a package of notebooks",
    "strip": "notebooks without outputs, for clean differences in git",
    "keep": "mark a run so that its outputs stay",
    "metrics": "what runs have measured",
    "report": "addresses that stay for the newest good output",
    "env": "environments: what runs can run in",
    "connection": "data connections: what you may use, and for admins what there is",
    "notify": "how you hear of the ends of your runs",
    "usage": "what you have of the machine, and had",
    "doctor": "check this machine, the way to the platform, and the platform",
    "login": "sign in to a platform",
    "logout": "forget the sign-in",
    "user": "people (for admins)",
    "group": "groups, and what they decide (for admins)",
    "retention": "how long outputs stay, and what would go (for admins)",
    "audit": "who did what (for admins)",
    "sessions": "who is in which session (for admins)",
    "announce": "tell everybody something (for admins)",
    "version": "print the version of this command",
}

_DESCRIPTION = """\
Nightdesk runs notebooks and scripts while you do something else: in the same environments
you work in, to the end even when you log out, with outputs where your team finds them."""

_EXAMPLES = """\
  nightdesk submit analysis.ipynb -p year=2026 --watch
  nightdesk runs
  nightdesk logs RUN -f
  nightdesk download RUN"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """argparse imports shutil to learn the width each time an argument is added; this looks for itself."""

    def __init__(self, prog: str, **how: Any) -> None:
        how.setdefault("width", _help_width())
        how.setdefault("max_help_position", 30)
        super().__init__(prog, **how)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"nightdesk: {message}\n  {self.prog} --help explains.\n")


def parse(argv: list[str]) -> argparse.Namespace:
    """The arguments, with `run` to call. Exits with 2 for wrong usage, with 0 after --help."""
    wanted = [name for name in COMMANDS if name in argv]
    before = argv[: min((argv.index(name) for name in wanted), default=0)]
    if not wanted or any(option in ("-h", "--help") for option in before):
        wanted = list(COMMANDS)  # help, or a mistake: show all there is
    parser = build(wanted)
    if not argv:
        parser.print_help(sys.stderr)
        parser.exit(2)
    arguments = parser.parse_args(argv)
    arguments.json = getattr(arguments, "json", False)
    arguments.url = getattr(arguments, "url", None)
    arguments.token_file = getattr(arguments, "token_file", None)
    return arguments


def build(names: list[str] | None = None) -> argparse.ArgumentParser:
    """The parser with the commands `names` (default: all of them)."""
    parser = _parser("nightdesk", _DESCRIPTION, _EXAMPLES)
    _add_commands(parser, {name: COMMANDS[name] for name in names or COMMANDS}, "nightdesk.cli.commands")
    return parser


def _add_commands(parser: argparse.ArgumentParser, commands: dict[str, str], package: str) -> None:
    # With `prog` and `metavar` given, argparse formats nothing that nobody is going to read.
    group = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, prog=parser.prog
    )
    for name, summary in commands.items():
        module = import_module(f"{package}.{name}")
        command = group.add_parser(
            name,
            help=summary,
            description=module.DESCRIPTION,
            epilog=_epilog(module.EXAMPLES),
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        _add_common(command)
        _fill(command, module)


def _fill(command: argparse.ArgumentParser, module: ModuleType) -> None:
    if hasattr(module, "COMMANDS"):
        _add_functions(command, module)
    else:
        module.add_arguments(command)
        command.set_defaults(run=module.run)


def _add_functions(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    """The commands of a command: entries of its COMMANDS (name: summary, arguments, function)."""
    group = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="subcommand", required=True, prog=parser.prog
    )
    for name, (summary, add_arguments, run) in module.COMMANDS.items():
        command = group.add_parser(
            name,
            help=summary,
            description="\n".join(line.strip() for line in run.__doc__.splitlines()),
            epilog=_epilog(_about(module.EXAMPLES, f"{parser.prog} {name}")),
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        _add_common(command)
        if hasattr(run, "COMMANDS"):  # a module: it goes one level deeper
            _add_functions(command, run)
            continue
        add_arguments(command)
        command.set_defaults(run=run)


def _parser(prog: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description=description,
        epilog=_epilog(examples)
        + "\n\nnightdesk COMMAND --help explains each. Exit codes: 0 done (with --watch: the run succeeded),\n"
        "1 refused or the run did not succeed, 2 wrong usage, 3 the platform is out of reach.",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    _add_common(parser)
    return parser


def _about(examples: str, command: str) -> str:
    return "\n".join(line for line in examples.splitlines() if line.strip().startswith(command))


def _epilog(examples: str) -> str:
    return f"examples:\n{examples}"


def _add_common(parser: argparse.ArgumentParser) -> None:
    """What every command takes. Suppressed defaults, or those of a command would undo what came before it."""
    suppressed = argparse.SUPPRESS
    group = parser.add_argument_group("for every command")
    group.add_argument(
        "--json",
        action="store_true",
        default=suppressed,
        help="print one JSON document and nothing else on stdout",
    )
    group.add_argument(
        "--url", metavar="URL", default=suppressed, help="the platform's address, for this once"
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        default=suppressed,
        help="a file with the token to use (-: standard input)",
    )


def positive(text: str) -> int:
    """A count of one or more, for `type=`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write 1, 2, 3…")
    return int(text)


def _help_width() -> int:
    try:
        return min(100, int(os.environ.get("COLUMNS") or os.get_terminal_size().columns) - 2)
    except (OSError, ValueError):
        return 98
