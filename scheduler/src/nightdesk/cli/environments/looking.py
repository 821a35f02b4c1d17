"""Looking at environments: lists, one version, what differs, and builds."""

from __future__ import annotations

from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import Environment, Version
    from nightdesk.client.catalogue_answers import Build, EnvironmentEvent, WholeVersion
    from nightdesk.client.platform import Client

_EVENTS_SHOWN = 10


def list_environments(arguments: argparse.Namespace) -> int:
    """List the environments that you may use, the newest version first. The default is marked with a star."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.summary import say

    with connect(arguments) as client:
        environments = client.catalogue.listed(everything=arguments.everything)
    if arguments.json:
        show_json({"environments": environments})
    elif environments:
        _show_versions(environments, with_state=arguments.everything)
    else:
        say("there is no environment that you may use; ask your admin")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Show an environment with its versions, who it is for and its history; or one version: what is
    in it, where it comes from, who and what uses it."""
    with connect(arguments) as client:
        if ":" in arguments.label:
            return _show_version(client, arguments)
        return _show_environment(client, arguments)


def compare(arguments: argparse.Namespace) -> int:
    """Show which packages were added, removed and changed from one version to another."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.table import show_table

    with connect(arguments) as client:
        comparison = client.catalogue.compare(arguments.before, arguments.after)
    if arguments.json:
        show_json(comparison)
        return 0
    changes = comparison["changes"]
    if changes:
        rows = [
            (change["name"], change["kind"], change["before"] or "-", change["after"] or "-")
            for change in changes
        ]
        show_table(("PACKAGE", "KIND", comparison["before"], comparison["after"]), rows, give=0)
    added = sum(change["before"] is None for change in changes)
    removed = sum(change["after"] is None for change in changes)
    print(f"{added} added, {removed} removed, {len(changes) - added - removed} changed")
    return 0


def builds(arguments: argparse.Namespace) -> int:
    """List builds, the newest first. For admins."""
    from nightdesk.cli.document import show_json
    from nightdesk.cli.summary import say
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    with connect(arguments) as client:
        found = list(client.builds.listed(arguments.limit))
    if arguments.json:
        show_json({"builds": found})
    elif found:
        rows = [
            (build["id"], label(build), build["status"], build["requested_by"], when(build["created_at"]))
            for build in found
        ]
        show_table(("BUILD", "OF", "STATUS", "BY", "ASKED FOR"), rows)
    else:
        say("nothing was built yet; `nightdesk env build --help` shows how")
    return 0


def label(build: Build) -> str:
    """`python-data:2026.12.1`, or what it is made from while that is not known."""
    if build["environment"] and build["version"]:
        return f"{build['environment']}:{build['version']}"
    return build["environment"] or build["source"] or f"a {build['kind']}"


def _show_environment(client: Client, arguments: argparse.Namespace) -> int:
    from nightdesk.cli.document import show_json
    from nightdesk.cli.table import show_facts
    from nightdesk.cli.terminal import plain
    from nightdesk.client.errors import NotFound

    found = [each for each in client.catalogue.listed(everything=True) if each["name"] == arguments.label]
    if not found:
        raise NotFound(
            f"there is no environment '{arguments.label}'", "List them: nightdesk env list", status=404
        )
    events = client.catalogue.events(arguments.label)
    if arguments.json:
        show_json({**found[0], "events": events})
        return 0
    environment = found[0]
    print(f"{environment['name']}: {plain(environment['title'])}")
    show_facts(
        [
            ("about", plain(environment["description"])),
            ("for", ", ".join(environment["groups"]) or "everybody"),
        ]
    )
    print()
    _show_versions(found, with_state=True)
    print()
    _show_events(events)
    return 0


def _show_versions(environments: list[Environment], *, with_state: bool) -> None:
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    state = ("STATE",) if with_state else ()
    rows = []
    for environment in environments:
        for version in environment["versions"]:
            kernels = ", ".join(kernel["display_name"] for kernel in version["kernels"])
            rows.append(
                (
                    f"{environment['name']}:{version['version']}" + (" *" if version.get("default") else ""),
                    ", ".join(version["channels"]) or "-",
                    *((version["offer"],) if with_state else ()),
                    kernels,
                    when(version.get("created_at")),
                    environment["title"],
                )
            )
    titles = ("ENVIRONMENT", "CHANNELS", *state, "KERNELS", "BUILT", "WHAT IT IS FOR")
    show_table(titles, rows, give=len(titles) - 1)


def _show_events(events: list[EnvironmentEvent], of: str | None = None) -> None:
    from nightdesk.cli.table import show_table
    from nightdesk.cli.wording import when

    shown = [event for event in events if of is None or event["version"] == of]
    if shown:
        rows = [(when(event["at"]), event["by"], _event_words(event)) for event in shown[:_EVENTS_SHOWN]]
        show_table(("WHEN", "BY", "WHAT"), rows, give=2)
    if len(shown) > _EVENTS_SHOWN:
        print(f"… and {len(shown) - _EVENTS_SHOWN} earlier ones (all of them with --json)")


def _event_words(event: EnvironmentEvent) -> str:
    words = " ".join(part for part in (event["version"], event["action"]) if part)
    if event["channel"]:
        words += f" to {event['channel']}" if event["action"] == "promoted" else f" ({event['channel']})"
        words += f", which was {event['before']}" if event["before"] else ""
    if event["words"] and not event["words"].startswith("sha256:"):
        words += f": {event['words']}"
    return words


def _show_version(client: Client, arguments: argparse.Namespace) -> int:
    from nightdesk.cli.document import show_json
    from nightdesk.cli.table import show_facts, show_table
    from nightdesk.cli.terminal import plain

    version = client.catalogue.version(arguments.label)
    if arguments.json:
        show_json(version)
        return 0
    events = client.catalogue.events(version["environment"])
    print(f"{version['environment']}:{version['version']}: {plain(version['title'])}")
    show_facts(_facts(version))
    if version["packages"]:
        print()
        packages = sorted(
            version["packages"], key=lambda each: each["kind"] == "debian"
        )  # what one asked for first
        rows = [(each["name"], each["version"], each["kind"]) for each in packages]
        show_table(("PACKAGE", "VERSION", "KIND"), rows, give=0)
    print()
    _show_events(events, of=version["version"])
    return 0


def _facts(version: WholeVersion) -> list[tuple[str, str]]:
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import size, when

    origin = version["origin"]
    by = f" by {origin['built_by']}" if origin["built_by"] else ""
    built_in = f" (build {origin['build_id']})" if origin["build_id"] else ""
    return [
        ("about", plain(version["description"])),
        ("state", state_words(version)),
        ("for", ", ".join(version["groups"]) or "everybody"),
        ("kernels", ", ".join(plain(kernel["display_name"]) for kernel in version["kernels"])),
        ("built", f"{when(version['created_at'])}{by}{built_in}"),
        ("from", plain(origin["source"])),
        ("digest", version["digest"]),
        ("size", size(version["size_bytes"]) if version["size_bytes"] else ""),
        ("used by", _use_words(version)),
        ("stays", "; ".join(version["use"]["held_by"])),
        ("page", version["url"]),
    ]


def state_words(version: Version) -> str:
    """`offered · stable`."""
    return " · ".join([version["offer"], *version["channels"]])


def _use_words(version: WholeVersion) -> str:
    from nightdesk.cli.wording import when

    use = version["use"]
    parts = []
    if use["sessions_total"]:
        people = sorted({session["person"] for session in use["sessions"]})
        whose = f" ({', '.join(people)})" if people else ""
        parts.append(counted(use["sessions_total"], "session") + whose)
    if use["runs_total"]:
        alive = f", {use['runs_alive']} not ended" if use["runs_alive"] else ""
        parts.append(f"{counted(use['runs_total'], 'run')}{alive}, the last {when(use['last_run_at'])}")
    return " · ".join(parts) or "nobody and nothing"


def counted(number: int, what: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
