"""Making versions: ask for a build, follow it, cancel it."""

from __future__ import annotations

import sys

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.catalogue_answers import Build, BuildOptions
    from nightdesk.client.platform import Client


def build(arguments: argparse.Namespace) -> int:
    """Have a new version made and tried: its single-user server has to start, each kernel has to
    run, and its smoke notebook has to pass before anybody can choose it. Follows the build to its
    end, and exits with 0 only if it succeeded; Ctrl-C does not end it. For admins."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.environments.looking import label
    from nightdesk.cli.environments.source import read_source

    lock = _lock_of(arguments) if arguments.like is not None else None
    source = read_source(arguments, lock)
    options: BuildOptions = {**source.options, **_said(arguments)}
    with connect(arguments) as client:
        try:
            asked = client.builds.ask(source.archive, **options)
        finally:
            if source.archive is not None:
                source.archive.close()
        if arguments.watch:
            return _watch(client, asked, arguments)
    if arguments.json:
        show_json(asked)
    else:
        print(f"build {asked['id']} of {label(asked)} is {asked['status']}")
        print(f"  follow it: nightdesk env log {asked['id']} -f")
    return 0


def log(arguments: argparse.Namespace) -> int:
    """Print what a build has printed so far; with -f go on until it ends, over broken connections
    too. For admins."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.environments.watch import print_log, watch_build

    with connect(arguments) as client:
        if arguments.follow and not arguments.json:
            return 0 if watch_build(client, client.builds.build(arguments.build_id), sys.stdout) else 1
        one = client.builds.build(arguments.build_id)
        if arguments.json:
            if arguments.follow:
                one = watch_build(client, one, None) or one
            text = b"".join(client.builds.log(arguments.build_id)).decode("utf-8", errors="replace")
            show_json({"build": one, "log": text})
        else:
            print_log(client.builds.log(arguments.build_id), sys.stdout)
    return 0


def cancel(arguments: argparse.Namespace) -> int:
    """Ask for the end of a build. Nothing of it is kept but its log. For admins."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.environments.watch import FINAL

    with connect(arguments) as client:
        one = client.builds.cancel(arguments.build_id)
    if arguments.json:
        show_json(one)
    elif one["status"] == "cancelled":
        print(f"build {one['id']} is cancelled")
    elif one["status"] in FINAL:
        print(f"build {one['id']} is over already: {one['status']}")
    else:
        print(f"build {one['id']} is being ended (it is {one['status']} until then)")
    return 0


def _lock_of(arguments: argparse.Namespace) -> str:
    from nightdesk.cli.environments.source import check_like

    check_like(arguments)
    with connect(arguments) as client:
        return client.catalogue.lock(arguments.like)


def _said(arguments: argparse.Namespace) -> BuildOptions:
    """What the options say about the version."""
    options: BuildOptions = {}
    if arguments.name is not None:
        options["environment"] = arguments.name
    if arguments.version is not None:
        options["version"] = arguments.version
    if arguments.title is not None:
        options["title"] = arguments.title
    if arguments.description is not None:
        options["description"] = arguments.description
    if arguments.channel is not None:
        options["channel"] = arguments.channel
    return options


def _watch(client: Client, asked: Build, arguments: argparse.Namespace) -> int:
    from nightdesk.cli.document import show_json
    from nightdesk.cli.environments.looking import label
    from nightdesk.cli.environments.watch import show_ending, watch_build
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain

    say(f"build {asked['id']} of {plain(label(asked))}, {asked['url']}")
    ended = watch_build(client, asked, sys.stderr)
    if arguments.json:
        show_json(ended or asked)
    elif ended is not None:
        show_ending(ended)
    return 0 if ended is not None and ended["status"] == "succeeded" else 1
