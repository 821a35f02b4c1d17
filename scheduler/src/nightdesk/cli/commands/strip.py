"""nightdesk strip"""

from __future__ import annotations

import argparse
import os
import sys

from nightdesk.client.errors import NightdeskError, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = """\
Notebooks without outputs and execution counts, so that what git shows of a change is the code.
With files, they are stripped where they are; without, one goes from standard input to standard
output. --install sets a git checkout up so that what is committed is stripped, while the
notebooks in it keep their outputs. A cell with the tag keep_output keeps its own."""

EXAMPLES = """\
  nightdesk strip analysis.ipynb
  nightdesk strip --check *.ipynb
  nightdesk strip --install
  nightdesk strip --install path/to/checkout --attributes .gitattributes
  nightdesk strip --uninstall
  nightdesk strip < analysis.ipynb > stripped.ipynb"""

FILTER = "nightdesk-strip"
LINE = f"*.ipynb filter={FILTER}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="*", help="notebooks; with --install, the checkout")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 where something is to be stripped"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--install",
        action="store_true",
        help="have git strip notebooks of this checkout as they are added (default: of the current folder)",
    )
    what.add_argument("--uninstall", action="store_true", help="have git leave them as they are again")
    parser.add_argument(
        "--attributes",
        metavar="FILE",
        help="with --install: where the checkout says which files it is for (default: .git/info/attributes, which "
        "is yours alone; .gitattributes is everybody's)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Strip, or set git up. Returns the exit code."""
    if arguments.install or arguments.uninstall:
        return _set_up(arguments)
    if not arguments.files:
        if arguments.json:
            raise WrongUsage("--json needs files", "Without them, standard output is the notebook.")
        return _filter()
    changed = [path for path in arguments.files if _strip_file(path, keep=arguments.check)]
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"changed": changed})
    else:
        from nightdesk.cli.terminal import plain

        for path in changed:
            print(f"{plain(path)} {'has outputs' if arguments.check else 'is stripped'}")
    return 1 if arguments.check and changed else 0


def _filter() -> int:
    from nightdesk.stripping import NoNotebook, stripped

    content = sys.stdin.buffer.read()
    try:
        made = stripped(content)
    except NoNotebook as error:
        raise NightdeskError(f"what is on standard input is no notebook: {error}") from error
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    return 0


def _strip_file(path: str, *, keep: bool) -> bool:
    """Whether there is something to take away; it is gone then, unless the file is to be kept."""
    from pathlib import Path

    from nightdesk.stripping import NoNotebook, stripped

    file = Path(path)
    try:
        content = file.read_bytes()
        made = stripped(content)
    except NoNotebook as error:
        raise NightdeskError(f"{path} is no notebook: {error}") from error
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read: {error.strerror}") from error
    if made == content:
        return False
    if not keep:
        beside = file.with_name(f".{file.name}.nightdesk-strip")
        beside.write_bytes(made)
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file.resolve())
    return True


def _set_up(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    if len(arguments.files) > 1 or arguments.check:
        raise WrongUsage("--install and --uninstall take one checkout", "nightdesk strip --help explains.")
    checkout = arguments.files[0] if arguments.files else "."
    private = Path(_git(checkout, "rev-parse", "--path-format=absolute", "--git-path", "info/attributes"))
    named = arguments.attributes
    attributes = private if named is None else Path(checkout, named)
    if arguments.uninstall:
        for key in ("clean", "smudge", "required"):
            _git(checkout, "config", "--local", "--unset-all", f"filter.{FILTER}.{key}", fails=True)
        _without_line(attributes)
        said = "git leaves notebooks as they are again"
    else:
        for key, value in (("clean", _command()), ("smudge", "cat"), ("required", "true")):
            _git(checkout, "config", "--local", f"filter.{FILTER}.{key}", value)
        _with_line(attributes)
        said = f"git strips notebooks as they are added; it says so in {attributes}"
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"installed": bool(arguments.install), "attributes": str(attributes)})
    else:
        print(said)
    return 0


def _command() -> str:
    """This very command, wherever git is started."""
    import shlex

    return f"{shlex.quote(sys.executable)} -m nightdesk strip"


def _git(checkout: str, *arguments: str, fails: bool = False) -> str:
    import subprocess

    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            ["git", "-C", checkout, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        raise NightdeskError("git cannot be started", "Install it.") from None
    if done.returncode != 0 and not fails:
        said = done.stderr.strip().splitlines() or ["git says nothing"]
        raise NightdeskError(f"{checkout}: {said[-1].removeprefix('fatal: ')}", "Name a checkout of git.")
    return done.stdout.strip()


def _with_line(attributes: Path) -> None:
    lines = attributes.read_text("utf-8").splitlines() if attributes.exists() else []
    if LINE not in lines:
        attributes.parent.mkdir(parents=True, exist_ok=True)
        attributes.write_text("".join(f"{line}\n" for line in (*lines, LINE)), "utf-8")


def _without_line(attributes: Path) -> None:
    if attributes.exists():
        lines = attributes.read_text("utf-8").splitlines()
        attributes.write_text("".join(f"{line}\n" for line in lines if line != LINE), "utf-8")
