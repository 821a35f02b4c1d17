"""nightdesk download"""

from __future__ import annotations

from nightdesk.cli.arguments import positive
from nightdesk.cli.connect import connect
from nightdesk.cli.progress import Transfer
from nightdesk.cli.terminal import plain
from nightdesk.cli.wording import size
from nightdesk.client.download import download, download_zip, folder_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import Output

DESCRIPTION = """\
Fetch all outputs of a run into a folder. Each arrives whole, with its checksum verified, or not
at all; what is there already is not fetched again, a large one that broke off goes on where it
did, and other files are not replaced unless you say --force."""

EXAMPLES = """\
  nightdesk download RUN
  nightdesk download RUN results/
  nightdesk download RUN --zip
  nightdesk download RUN --attempt 1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", help="where to (default: a new folder named after the run)"
    )
    parser.add_argument(
        "--attempt",
        metavar="N",
        type=positive,
        help="those of this attempt (`nightdesk show RUN` lists them; default: the last)",
    )
    parser.add_argument(
        "--zip", action="store_true", help="all of them as one file, RUN.zip or the name in place of DIR"
    )
    parser.add_argument("--force", action="store_true", help="replace files that differ from the run's")


def run(arguments: argparse.Namespace) -> int:
    """Fetch them."""
    if arguments.zip:
        return _zip(arguments)
    folder = folder_for(arguments.run_id, arguments.folder, arguments.attempt)
    shown: dict[str, Transfer] = {}

    def received(output: Output, count: int) -> None:
        name = output["name"]
        if name not in shown:
            shown.clear()
            shown[name] = Transfer(name, output["size"])
        shown[name].at(count)

    with connect(arguments) as client:
        try:
            done = download(
                client,
                arguments.run_id,
                folder,
                force=arguments.force,
                attempt=arguments.attempt,
                received=received,
            )
        finally:
            for transfer in shown.values():
                transfer.close()
    files = [{"path": str(path), "size": path.stat().st_size} for path in done.paths]
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"run": arguments.run_id, "folder": str(folder), "files": files})
        return 0
    kept = set(done.kept)
    for path in done.paths:
        there = " (was there already)" if path in kept else ""
        print(f"{size(path.stat().st_size).rjust(8)}  {plain(str(path))}{there}")
    if not files:
        from nightdesk.cli.summary import say

        say("the run has left no outputs (yet)")
    return 0


def _zip(arguments: argparse.Namespace) -> int:
    path = folder_for(arguments.run_id, arguments.folder, arguments.attempt)
    if path.suffix != ".zip":
        path = path.with_name(f"{path.name}.zip")
    with connect(arguments) as client:
        total = download_zip(client, arguments.run_id, path, force=arguments.force, attempt=arguments.attempt)
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"run": arguments.run_id, "file": {"path": str(path), "size": total}})
    else:
        print(f"{size(total).rjust(8)}  {plain(str(path))}")
    return 0
