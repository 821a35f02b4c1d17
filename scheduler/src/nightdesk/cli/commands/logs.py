"""nightdesk logs"""

from __future__ import annotations

import codecs
import sys

from nightdesk.cli.connect import connect
from nightdesk.cli.logtext import LogLines
from nightdesk.cli.terminal import colours

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import Run
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Print what a run has printed so far; with -f go on until it ends, over broken connections too.
Of what could move a terminal's cursor about only colours are kept; what goes into a pipe has none."""

EXAMPLES = """\
  nightdesk logs RUN
  nightdesk logs RUN -f
  nightdesk logs RUN | grep -i warning"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")


def run(arguments: argparse.Namespace) -> int:
    """Print the log."""
    with connect(arguments) as client:
        if arguments.json:
            return _document(client, arguments.run_id, follow=arguments.follow)
        if arguments.follow:
            return _follow(client, arguments.run_id)
        lines = LogLines(coloured=colours(sys.stdout))
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for piece in client.log(arguments.run_id):
            sys.stdout.write(lines.feed("log", decoder.decode(piece)))
        sys.stdout.write(lines.feed("log", decoder.decode(b"", final=True)) + lines.rest())
    return 0


def _follow(client: Client, run_id: str) -> int:
    from nightdesk.cli.progress import Display, state_words
    from nightdesk.cli.summary import say
    from nightdesk.cli.watch import say_interrupted

    lines = LogLines(coloured=colours(sys.stdout))
    shown = Display(sys.stderr)
    last: Run | None = None
    said = ""
    try:
        for event in client.events(run_id, waiting=shown.waiting):
            if event.kind == "log":
                sys.stdout.write(lines.feed(event.data["stream"], event.data["text"]))
                sys.stdout.flush()
            elif event.kind in ("run", "end"):
                last = event.data
                if last["status"] in ("queued", "starting") and said != state_words(last):
                    said = state_words(last)
                    say(said)
    except KeyboardInterrupt:
        sys.stdout.write(lines.rest())
        sys.stdout.flush()
        if last is not None:
            say_interrupted(last)
        return 1
    sys.stdout.write(lines.rest())
    sys.stdout.flush()
    if last is not None:
        say(state_words(last) + (f": {last['reason']}" if last.get("reason") else ""))
    return 0


def _document(client: Client, run_id: str, *, follow: bool) -> int:
    from nightdesk.cli.document import show_json
    from nightdesk.cli.progress import Display

    if follow:
        text = ""
        for event in client.events(run_id, waiting=Display(sys.stderr).waiting):
            if event.kind == "log":
                text += event.data["text"]
            elif event.kind in ("run", "end"):
                one = event.data
    else:
        one = client.run(run_id)
        text = b"".join(client.log(run_id)).decode("utf-8", errors="replace")
    show_json({"run": one, "log": text})
    return 0
