"""nightdesk version"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = "Print the version of this command. The platform's own is among what `nightdesk doctor` says."

EXAMPLES = """\
  nightdesk version"""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def installed_version() -> str:
    """The version that is installed here."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nightdesk")
    except PackageNotFoundError:
        return "unknown"


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"version": installed_version()})
    else:
        print(f"nightdesk {installed_version()}")
    return 0
