"""The `nightdesk` command.

Exit codes: 0 done (with --watch: the run succeeded) · 1 refused, or the run did not succeed ·
2 wrong usage · 3 the platform is out of reach.
"""

from __future__ import annotations

import sys

from nightdesk.client.errors import NightdeskError, Unreachable, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, REFUSED, WRONG_USAGE, OUT_OF_REACH = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show becomes a question mark, not a failure.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    finally:
        _leave_stdout()


def _run(argv: list[str]) -> int:
    """The process's edge: no error leaves as a stack trace."""
    from nightdesk.cli.arguments import parse

    try:
        arguments = parse(argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except NightdeskError as error:
        say_error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        print("nightdesk: stopped", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        return REFUSED  # whoever read our output has had enough (`nightdesk runs | head`): without a word
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"nightdesk: {(error.strerror or str(error)).lower()}{where}", file=sys.stderr)
        return REFUSED
    except Exception as error:  # noqa: BLE001  (the edge of the process)
        _say_fault(error)
        return REFUSED


def exit_code(error: NightdeskError) -> int:
    """The exit code that says what kind of error it was."""
    if isinstance(error, WrongUsage):
        return WRONG_USAGE
    return OUT_OF_REACH if isinstance(error, Unreachable) else REFUSED


def say_error(error: NightdeskError) -> None:
    """An error in words, and below it what to do next, on stderr."""
    from nightdesk.cli.terminal import plain

    print(f"nightdesk: {plain(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {plain(error.hint)}", file=sys.stderr)


def _leave_stdout() -> None:
    """What cannot be written any more is let go: the interpreter would try again at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_fault(error: Exception) -> None:
    import os

    if os.environ.get("NIGHTDESK_DEBUG"):
        import traceback

        traceback.print_exception(error)
    words = str(error).splitlines()
    print(
        f"nightdesk: this is a fault of nightdesk itself ({type(error).__name__}: {words[0] if words else ''})\n"
        "  Please report it to your admin or the project, with what this shows: "
        "NIGHTDESK_DEBUG=1 nightdesk … (the same command again)",
        file=sys.stderr,
    )
