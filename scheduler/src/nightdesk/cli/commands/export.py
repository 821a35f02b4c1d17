"""nightdesk export"""

from __future__ import annotations

from pathlib import Path

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.exporting import Exported

DESCRIPTION = """\
Make a plain Python file of a notebook's tagged cells: parameters and cells tagged `export` are
the module, cells tagged `main` are done when it is run as a script, and cells tagged `test`
become its tests, alongside. With --package the notebooks become the modules of a package that
pip can install. It asks no platform. A file that was changed by hand since its last export is
left alone."""

EXAMPLES = """\
  nightdesk export train.ipynb
  nightdesk export train.ipynb --diff
  nightdesk export train.ipynb --to jobs/train.py --force
  nightdesk export pull.ipynb tune.ipynb --package our-models --name our_models"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "notebooks", metavar="NOTEBOOK", nargs="+", help="the notebook; several with --package"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--to", metavar="FILE", help="the module's file (default: beside the notebook, called alike)"
    )
    where.add_argument(
        "--package",
        metavar="DIR",
        help="make a package in this folder: pyproject.toml, src/NAME and tests",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="with --package: what it is imported as (default: what the folder is called)",
    )
    parser.add_argument(
        "--version", metavar="VERSION", help="with --package: of a new pyproject.toml (default: 0.1)"
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="write nothing; print the difference to what is there, and exit with 1 where there is one",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files that were changed by hand as well"
    )


def run(arguments: argparse.Namespace) -> int:
    """Export, or with --diff show what an export would change."""
    import warnings

    from nightdesk.exporting import compare, write

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the notebook's own code
        files = _files(arguments)
    if arguments.diff:
        different = compare(files)
        if arguments.json:
            _show(files, dict.fromkeys(different, "differs"), different)
        else:
            print("".join(different.values()), end="")
        return 1 if different else 0
    written = write(files, force=arguments.force)
    if arguments.json:
        _show(files, dict.fromkeys(written, "written"), {})
        return 0
    for file in files:
        if not (file.once and file.path not in written):
            print(f"{'wrote' if file.path in written else 'unchanged'}  {file.path}")
    return 0


def _files(arguments: argparse.Namespace) -> list[Exported]:
    from nightdesk.exporting import package_files, read

    named = [Path(each) for each in arguments.notebooks]
    if arguments.package is None:
        for option in ("name", "version"):
            if getattr(arguments, option) is not None:
                raise WrongUsage(f"--{option} is about a package", "Add --package DIR.")
        if len(named) > 1:
            raise WrongUsage(
                "one notebook makes one module", "Export each by itself, or all with --package DIR."
            )
        return _module(named[0], arguments.to)
    folder = Path(arguments.package)
    name = arguments.name or folder.resolve().name.lower().replace("-", "_")
    return package_files([read(path) for path in named], folder, name, arguments.version or "0.1")


def _module(path: Path, to: str | None) -> list[Exported]:
    from nightdesk.exporting import Exported, module_text, read, tests_text
    from nightdesk.exporting.files import signed

    notebook = read(path)
    target = Path(to) if to is not None else path.with_name(f"{notebook.module}.py")
    if target.suffix != ".py" or not target.stem.isidentifier():
        raise WrongUsage(f"{str(target)!r} is no name for a module", "Write --to folder/name.py.")
    files = [Exported(target, signed(path.name, module_text(notebook)))]
    if tests := tests_text(notebook, target.stem):
        files.append(Exported(target.with_name(f"test_{target.name}"), signed(path.name, tests)))
    return files


def _show(files: list[Exported], status: dict[Path, str], different: dict[Path, str]) -> None:
    from nightdesk.cli.document import show_json

    show_json(
        {
            "files": [
                {
                    "path": str(file.path),
                    "status": status.get(file.path, "unchanged"),
                    "diff": different.get(file.path),
                }
                for file in files
            ]
        }
    )
