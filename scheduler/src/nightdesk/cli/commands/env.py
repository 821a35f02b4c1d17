"""nightdesk env"""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = "Environments: the versioned sets of packages that sessions and runs run in."

EXAMPLES = """\
  nightdesk env list
  nightdesk env list --json"""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _list(arguments: argparse.Namespace) -> int:
    """List the environments that you may use, the newest version first. The default is marked with a star."""
    with connect(arguments) as client:
        environments = client.environments()
    if arguments.json:
        from nightdesk.cli.document import show_json

        show_json({"environments": environments})
        return 0
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    rows = []
    for environment in environments:
        for version in environment["versions"]:
            kernels = ", ".join(kernel["display_name"] for kernel in version["kernels"])
            rows.append(
                (
                    f"{environment['name']}:{version['version']}" + (" *" if version.get("default") else ""),
                    ", ".join(version["channels"]) or "-",
                    kernels,
                    when(version.get("created_at")),
                    environment["title"],
                )
            )
    if rows:
        show_table(("ENVIRONMENT", "CHANNELS", "KERNELS", "BUILT", "WHAT IT IS FOR"), rows, give=4)
    else:
        say("there is no environment that you may use; ask your admin")
    return 0


COMMANDS = {"list": ("list environments and their versions", _no_arguments, _list)}
