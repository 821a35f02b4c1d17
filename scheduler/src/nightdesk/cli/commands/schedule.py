"""nightdesk schedule"""

from __future__ import annotations

import argparse
import sys

from nightdesk.cli.commands.submit import git_place, packed, parameters_of
from nightdesk.cli.connect import connect
from nightdesk.cli.schedule_arguments import (
    add_arguments,
    hook_arguments,
    list_arguments,
    rm_arguments,
    set_arguments,
    ticks_arguments,
    which,
)
from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.archive import Archive

DESCRIPTION = """\
Runs by the clock: a notebook or script each morning, each quarter of an hour, on the first of
the month. A schedule keeps a copy of the file as it is when you hand it over; later changes of
the file change nothing until you give it the new one (nightdesk schedule set --file).
With --git the file is fetched from a repository each time, with --live it is read from your home.
A schedule is meant by its name, or by its id."""

EXAMPLES = """\
  nightdesk schedule list
  nightdesk schedule add report.ipynb --cron "30 6 * * MON-FRI" --zone Europe/Berlin
  nightdesk schedule add import.py --every 15m --overlap queue --missed all --catch-up 4
  nightdesk schedule add report.ipynb --cron "@daily" --time-parameter as_of --env python-data@next
  nightdesk schedule add reports/daily.ipynb --git REPOSITORY --ref main --cron "@daily"
  nightdesk schedule add train.ipynb --git REPOSITORY --on-push
  nightdesk schedule add --live reports/daily.ipynb --cron "@daily"
  nightdesk schedule hook train.ipynb
  nightdesk schedule add pipeline.yaml --cron "0 3 1 * *" --time-parameter month
  nightdesk schedule add --run RUN --cron "0 4 1 * *" --name monthly
  nightdesk schedule add report.ipynb --cron "0 2 * * *" --zone Europe/Berlin --dry-run
  nightdesk schedule show report.ipynb
  nightdesk schedule ticks report.ipynb --limit 20
  nightdesk schedule set report.ipynb --cron "0 7 * * *"
  nightdesk schedule set report.ipynb --file report.ipynb
  nightdesk schedule set report.ipynb --notify always
  nightdesk schedule pause report.ipynb
  nightdesk schedule resume report.ipynb
  nightdesk schedule run report.ipynb
  nightdesk schedule rm report.ipynb"""


def _list(arguments: argparse.Namespace) -> int:
    """List schedules with when they are due next and how they did last."""
    with connect(arguments) as client:
        found = list(client.schedules.listed("all" if arguments.all else "me"))
    if arguments.json:
        return _json({"schedules": found})
    from nightdesk.cli.schedule_wording import show_list

    show_list(found, owners=arguments.all)
    return 0


def _add(arguments: argparse.Namespace) -> int:
    """Make a schedule, and show when it is due next."""
    from nightdesk.cli.schedule_wording import show_preview, show_schedule

    if arguments.cron is None and arguments.every is None and not arguments.on_push:
        raise WrongUsage("say when: --cron, --every or --on-push", 'For example --cron "30 6 * * MON-FRI".')
    what = [arguments.file, arguments.of_run, arguments.live]
    if not arguments.dry_run and [one is not None for one in what].count(True) != 1:
        raise WrongUsage(
            "say what to run: a FILE, --run RUN or --live PATH", "nightdesk schedule add --help explains."
        )
    when = {"cron": arguments.cron, "every_seconds": arguments.every, "zone": arguments.zone or _zone_here()}
    if arguments.on_push:
        when["on_push"] = True
    place = _place(arguments)
    with connect(arguments) as client:
        if arguments.dry_run:
            preview = client.schedules.preview(**when)
            if arguments.json:
                return _json(preview)
            show_preview(preview)
            return 0
        wanted = {**_wanted(arguments), **when}
        if arguments.of_run is not None:
            wanted["run"] = arguments.of_run
        archive = None if place else _archive(arguments)
        try:
            made = client.schedules.add(None if place else arguments.file, files=archive, **wanted, **place)
        finally:
            if archive is not None:
                archive.close()
    if arguments.json:
        return _json(made)
    show_schedule(made)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """Show one schedule: when it is due, what it runs, by which rules, and how it has done."""
    with connect(arguments) as client:
        found = client.schedules.show(arguments.schedule)
    return _tell(arguments, found)


def _set(arguments: argparse.Namespace) -> int:
    """Change a schedule: what is not named stays. With --file its copy of the file is replaced."""
    changes = _wanted(arguments)
    if arguments.cron is not None or arguments.every is not None:
        changes |= {"cron": arguments.cron, "every_seconds": arguments.every}
    if arguments.on_push:
        changes["on_push"] = True
    if arguments.zone is not None:
        changes["zone"] = arguments.zone
    place = _place(arguments)
    if arguments.files is not None and arguments.file is None and not place:
        raise WrongUsage("--files goes with --file", "Both are copied anew together.")
    if not changes and arguments.file is None and not place:
        raise WrongUsage("say what to change", "nightdesk schedule set --help explains.")
    with connect(arguments) as client:
        found = None
        if arguments.file is not None or place:
            archive = None if place else _archive(arguments)
            try:
                found = client.schedules.set_source(
                    arguments.schedule, None if place else arguments.file, files=archive, **place
                )
            finally:
                if archive is not None:
                    archive.close()
        if changes or found is None:
            found = client.schedules.set(found["id"] if found else arguments.schedule, **changes)
    return _tell(arguments, found)


def _pause(arguments: argparse.Namespace) -> int:
    """Nothing is due any more until it is resumed. A run that goes on is not touched."""
    with connect(arguments) as client:
        found = client.schedules.pause(arguments.schedule)
    return _tell(arguments, found, f"{found['name']} is paused")


def _resume(arguments: argparse.Namespace) -> int:
    """Due again from now on; what came meanwhile was not missed."""
    with connect(arguments) as client:
        found = client.schedules.resume(arguments.schedule)
    return _tell(arguments, found)


def _run(arguments: argparse.Namespace) -> int:
    """A run besides the timetable, now; where one goes on, after its end."""
    with connect(arguments) as client:
        tick = client.schedules.run(arguments.schedule)
    if arguments.json:
        _json(tick)
    elif tick["run"]:
        print(f"run {tick['run']}: {tick['run_url']}")
    else:
        print(
            {"waiting": "it waits for the run before it"}.get(tick["state"], tick["words"] or tick["state"])
        )
    return 1 if tick["state"] == "refused" else 0


def _ticks(arguments: argparse.Namespace) -> int:
    """When it was due and what became of it, newest first."""
    with connect(arguments) as client:
        found = list(client.schedules.ticks(arguments.schedule, arguments.limit))
    if arguments.json:
        return _json({"ticks": found})
    from nightdesk.cli.schedule_wording import show_ticks

    show_ticks(found)
    return 0


def _hook(arguments: argparse.Namespace) -> int:
    """Have pushes to its repository start it: the address and secret for the repository's host."""
    with connect(arguments) as client:
        if arguments.off:
            found = client.schedules.hook_off(arguments.schedule)
            return _tell(arguments, found, f"pushes do not start {found['name']} any more")
        made = client.schedules.hook(arguments.schedule)
    if arguments.json:
        return _json(made)
    print(
        f"Add a webhook for pushes at the repository's host, with content type JSON:\n  address  {made['url']}"
    )
    print(f"  secret   {made['secret']}\nThe secret is not shown again; asking once more makes another one.")
    return 0


def _rm(arguments: argparse.Namespace) -> int:
    """Forget a schedule and what its times came to. Its runs stay."""
    from nightdesk.cli.summary import say
    from nightdesk.cli.terminal import plain

    if not arguments.yes and sys.stdin.isatty():
        say(f"Remove the schedule {plain(arguments.schedule)}? Its runs stay. Type yes: ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("nothing was removed")
            return 1
    with connect(arguments) as client:
        client.schedules.remove(arguments.schedule)
    if arguments.json:
        return _json({"removed": arguments.schedule})
    print(f"{plain(arguments.schedule)} is removed; its runs stay")
    return 0


COMMANDS = {
    "list": ("schedules, when they are due next and how they did last", list_arguments, _list),
    "add": ("make a schedule", add_arguments, _add),
    "show": ("one schedule", which, _show),
    "set": ("change a schedule, or give it another file", set_arguments, _set),
    "pause": ("nothing is due until it is resumed", which, _pause),
    "resume": ("due again from now on", which, _resume),
    "hook": ("have pushes to its repository start it", hook_arguments, _hook),
    "run": ("a run now, besides the timetable", which, _run),
    "ticks": ("when it was due and what became of it", ticks_arguments, _ticks),
    "rm": ("forget a schedule; its runs stay", rm_arguments, _rm),
}


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was said about runs and rules; what was not said is left out."""
    named = {
        "environment": arguments.env,
        "size": arguments.size,
        "name": arguments.name,
        "priority": arguments.priority,
        "time_parameter": arguments.time_parameter,
        "timeout_seconds": arguments.timeout,
        "retries": arguments.retries,
        "missed": arguments.missed,
        "catch_up": arguments.catch_up,
        "overlap": arguments.overlap,
        "pause_after": arguments.pause_after,
        "alert": None if arguments.alert is None else arguments.alert == "on",
    }
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if arguments.notify is not None:
        wanted["notify"] = None if arguments.notify == "default" else arguments.notify
    parameters, are_text = parameters_of(arguments.parameters, arguments.parameters_file)
    if parameters:
        wanted |= {"parameters": parameters, "parameters_are_text": are_text}
    return wanted


def _archive(arguments: argparse.Namespace) -> Archive | None:
    if arguments.file is None:
        return None
    folder = arguments.files
    if folder is None and arguments.file.lower().endswith((".yaml", ".yml", ".json")):
        import os

        folder = os.path.dirname(arguments.file) or "."  # noqa: PTH120 - of a pipeline it always goes along
    return None if folder is None else packed(folder, arguments.file)


def _place(arguments: argparse.Namespace) -> dict[str, Any]:
    """Where the file is fetched each time, where it is."""
    if arguments.live is not None:
        if arguments.git is not None:
            raise WrongUsage("a file is either in a repository or in your home", "Give --git or --live.")
        return {"home": {"path": arguments.live, "folder": arguments.files}}
    if arguments.git is None:
        if arguments.ref is not None:
            raise WrongUsage("--ref goes with --git", "Name the repository: --git https://…")
        return {}
    if arguments.file is None:
        raise WrongUsage("--git needs the FILE in the repository", "Such as reports/daily.ipynb.")
    return {"git": git_place(arguments)}


def _zone_here() -> str:
    """The time zone that this machine says it is in."""
    import os

    named = os.environ.get("TZ", "").lstrip(":")
    if named and not named.startswith("/"):
        return named
    link = os.path.realpath("/etc/localtime")
    zone = link.partition("/zoneinfo/")[2]
    return "UTC" if not zone or zone in ("Etc/UTC", "Universal", "Zulu") else zone


def _tell(arguments: argparse.Namespace, found: Any, said: str = "") -> int:
    if arguments.json:
        return _json(found)
    if said:
        print(said)
        return 0
    from nightdesk.cli.schedule_wording import show_schedule

    show_schedule(found)
    return 0


def _json(document: Any) -> int:
    from nightdesk.cli.document import show_json

    show_json(document)
    return 0
