"""nightdesk logs"""

from __future__ import annotations

import codecs
import sys

from nightdesk.cli.arguments import positive
from nightdesk.cli.connect import connect
from nightdesk.cli.logtext import LogLines
from nightdesk.cli.terminal import colours, is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.cli.progress import Display
    from nightdesk.client.answers import LogText, Run
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Print what a run has printed so far; with -f go on until it ends, over broken connections too,
and see why it waits, which cell it is in and how long it is going to take.
Of what could move a terminal's cursor about only colours are kept; what goes into a pipe has none."""

EXAMPLES = """\
  nightdesk logs RUN
  nightdesk logs RUN -f
  nightdesk logs RUN --attempt 1
  nightdesk logs RUN | grep -i warning"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")
    which.add_argument(
        "--attempt", metavar="N", type=positive, help="of this attempt (`nightdesk show RUN` lists them)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the log."""
    with connect(arguments) as client:
        if arguments.json:
            return _document(client, arguments)
        if arguments.follow:
            return _follow(client, arguments.run_id)
        lines = LogLines(coloured=colours(sys.stdout))
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for piece in client.log(arguments.run_id, attempt=arguments.attempt):
            sys.stdout.write(lines.feed("log", decoder.decode(piece)))
        sys.stdout.write(lines.feed("log", decoder.decode(b"", final=True)) + lines.rest())
    return 0


def _follow(client: Client, run_id: str) -> int:
    from nightdesk.cli.progress import state_words
    from nightdesk.cli.summary import say
    from nightdesk.cli.watch import say_interrupted

    shown = _screen()
    last: Run | None = None
    try:
        for event in client.events(run_id, waiting=shown.waiting):
            if event.kind == "log":
                shown.log(event.data)
            elif event.kind in ("run", "end"):
                last = event.data
                shown.run(last)
    except KeyboardInterrupt:
        shown.close()
        if last is not None:
            say_interrupted(last)
        return 1
    except BaseException:
        shown.close()
        raise
    shown.close()
    if last is not None:
        say(state_words(last) + (f": {last['reason']}" if last.get("reason") else ""))
    return 0


def _screen() -> Display | Piped:
    from nightdesk.cli.progress import LiveDisplay

    return LiveDisplay(sys.stdout) if is_terminal(sys.stdout) else Piped()


class Piped:
    """The log goes to stdout, for whoever reads there; how the run is, to stderr."""

    def __init__(self) -> None:
        from nightdesk.cli.progress import display

        self._status = display(sys.stderr)
        self._lines = LogLines(coloured=False)
        self.run = self._status.run
        self.waiting = self._status.waiting

    def log(self, log: LogText) -> None:
        """The run has printed something."""
        self._print(self._lines.feed(log["stream"], log["text"]))

    def close(self) -> None:
        """Nothing more will come."""
        self._print(self._lines.rest())
        self._status.close()

    def _print(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _document(client: Client, arguments: argparse.Namespace) -> int:
    from nightdesk.cli.document import show_json
    from nightdesk.cli.progress import Display

    run_id = arguments.run_id
    if arguments.follow:
        text = ""
        for event in client.events(run_id, waiting=Display(sys.stderr).waiting):
            if event.kind == "log":
                text += event.data["text"]
            elif event.kind in ("run", "end"):
                one = event.data
    else:
        one = client.run(run_id)
        log = client.log(run_id, attempt=arguments.attempt)
        text = b"".join(log).decode("utf-8", errors="replace")
    show_json({"run": one, "log": text})
    return 0
