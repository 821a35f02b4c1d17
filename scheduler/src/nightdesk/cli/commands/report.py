"""nightdesk report"""

from __future__ import annotations

import sys
from pathlib import Path

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from nightdesk.client.report_answers import Report

DESCRIPTION = """\
Reports: an address that stays for the newest good output of what is run again and again, for those
on its list. They see the report though not the runs."""

EXAMPLES = """\
  nightdesk report list
  nightdesk report add weekly --run RUN --for group:analysts --for ada --no-code
  nightdesk report add sales --source sales.ipynb --output tables/sales.csv --for everybody
  nightdesk report show weekly
  nightdesk report set weekly --title "The week" --for everybody
  nightdesk report download weekly --form pdf
  nightdesk report download weekly --as-of 2026-11-01 --form mail -o week.html
  nightdesk report rm weekly"""
ENDINGS = {"mail": "html", "pdf": "pdf"}


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _name_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="REPORT", help="the report's name")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument(
        "--as-of", metavar="DATE", help="the newest by the end of this day (UTC), or by a moment"
    )


def _words(parser: argparse.ArgumentParser) -> None:
    _name_argument(parser)
    parser.add_argument("--title", metavar="TEXT", help="what it is called")
    parser.add_argument("--description", metavar="TEXT", help="what it is about")
    parser.add_argument("--output", metavar="FILE", help="which output is shown (default: the notebook)")
    code = parser.add_mutually_exclusive_group()
    code.add_argument("--code", action="store_true", default=None, help="show the inputs of cells")
    code.add_argument(
        "--no-code", dest="code", action="store_false", default=None, help="hide the inputs of cells"
    )
    parser.add_argument(
        "--for",
        dest="readers",
        metavar="WHO",
        action="append",
        help="who sees it: a person, group:NAME, everybody, or nobody (again for more)",
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    _words(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--run", dest="run_id", metavar="RUN", help="about the runs that are called as this one"
    )
    source.add_argument("--source", metavar="NAME", help="about your runs of this name")


def _download_arguments(parser: argparse.ArgumentParser) -> None:
    _show_arguments(parser)
    parser.add_argument(
        "--form",
        choices=("mail", "pdf", "file"),
        default="mail",
        help="one HTML file, PDF, or the file as it is",
    )
    parser.add_argument("-o", "--to", metavar="FILE", help="where to (-: standard output)")


def _list(arguments: argparse.Namespace) -> int:
    """List the reports that you may see."""
    with connect(arguments) as client:
        reports = client.reports.listed()
    if arguments.json:
        _document({"reports": reports})
        return 0
    from nightdesk.cli.table import show_table
    from nightdesk.cli.terminal import plain

    rows = [
        (
            each["name"],
            plain(each["title"]),
            each["owner"],
            "-" if each["readers"] is None else _readers(each),
        )
        for each in reports
    ]
    show_table(("REPORT", "TITLE", "OWNER", "FOR"), rows, give=1)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show a report, its newest version, and those before."""
    with connect(arguments) as client:
        report = client.reports.report(arguments.name, arguments.as_of)
    if arguments.json:
        _document(report)
        return 0
    from nightdesk.cli.table import show_facts
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import when

    source, version = report["source"], report["version"]
    print(plain(report["title"]))
    facts = [
        ("address", report["url"]),
        ("shows", plain(f"{source['output']} of {source['name']} ({source['owner']})")),
        ("code", "shown" if report["code"] else "hidden"),
        (
            "version",
            "none yet" if version is None else f"{when(version['finished_at'])}, run {version['run']}",
        ),
    ]
    if report["readers"] is not None:
        facts.append(("for", _readers(report)))
    show_facts(facts)
    for one in report["versions"]:
        print(f"  {one['run']}  {when(one['finished_at'])}")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    """Make a report of your runs of a name."""
    about = {"run": arguments.run_id} if arguments.run_id else {"source_name": arguments.source}
    with connect(arguments) as client:
        report = client.reports.make(arguments.name, **about, **_said(arguments))
    if arguments.json:
        _document(report)
    else:
        print(report["url"])
    return 0


def _set(arguments: argparse.Namespace) -> int:
    """Change a report of yours; what is not named stays as it is. With --for the whole list is said anew."""
    from nightdesk.client.errors import WrongUsage

    said = _said(arguments)
    if not said:
        raise WrongUsage("nothing to change", "Name what, such as --title or --for.")
    with connect(arguments) as client:
        report = client.reports.change(arguments.name, **said)
    if arguments.json:
        _document(report)
    else:
        print(
            f"{report['name']} is for {_readers(report)}, its code {'shown' if report['code'] else 'hidden'}"
        )
    return 0


def _rm(arguments: argparse.Namespace) -> int:
    """Take a report away; runs and outputs stay."""
    with connect(arguments) as client:
        client.reports.remove(arguments.name)
    if arguments.json:
        _document({"removed": arguments.name})
    else:
        print(f"report {arguments.name} is removed")
    return 0


def _download(arguments: argparse.Namespace) -> int:
    """Fetch a version: one HTML file to mail, a PDF, or the file as it is."""
    with connect(arguments) as client:
        path = arguments.to
        if path is None:
            output = client.reports.report(arguments.name)["source"]["output"]
            own = (
                output.rsplit("/", 1)[-1]
                if arguments.form == "file"
                else f"{arguments.name}.{ENDINGS[arguments.form]}"
            )
            path = own or arguments.name
        pieces = client.reports.content(arguments.name, arguments.form, arguments.as_of)
        first = next(pieces, b"")  # refused before a file is begun
        if path == "-":
            for piece in (first, *pieces):
                sys.stdout.buffer.write(piece)
            return 0
        size = 0
        partial = Path(f"{path}.part")
        with partial.open("wb") as file:
            for piece in (first, *pieces):
                size += file.write(piece)
        partial.replace(path)
    if arguments.json:
        _document({"report": arguments.name, "path": path, "size": size})
    else:
        print(path)
    return 0


def _said(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was named."""
    said = {key: getattr(arguments, key) for key in ("title", "description", "output", "code")}
    said = {key: value for key, value in said.items() if value is not None}
    if arguments.readers is not None:
        said["readers"] = [_reader(word) for word in arguments.readers if word != "nobody"]
    return said


def _reader(word: str) -> dict[str, str]:
    if word == "everybody":
        return {"kind": "everybody"}
    kind, colon, name = word.partition(":")
    return (
        {"kind": kind, "name": name}
        if colon and kind in ("group", "person")
        else {"kind": "person", "name": word}
    )


def _readers(report: Report) -> str:
    said = [
        "everybody"
        if one["kind"] == "everybody"
        else f"group:{one['name']}"
        if one["kind"] == "group"
        else one["name"]
        for one in report["readers"] or []
    ]
    return ", ".join(said) or "nobody else"


def _document(data: object) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)


COMMANDS = {
    "list": ("list reports", _no_arguments, _list),
    "show": ("show a report and its versions", _show_arguments, _show),
    "add": ("make a report", _add_arguments, _add),
    "set": ("change a report", _words, _set),
    "rm": ("take a report away", _name_argument, _rm),
    "download": ("fetch a version to mail or print", _download_arguments, _download),
}
