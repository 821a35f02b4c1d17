"""nightdesk schedule"""

from __future__ import annotations

import argparse
import sys

from nightdesk.cli.commands.submit import add_git_arguments, count, git_place, packed, parameters_of, seconds
from nightdesk.cli.connect import connect
from nightdesk.client.errors import WrongUsage
from nightdesk.client.status import PRIORITIES

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
  nightdesk schedule pause report.ipynb
  nightdesk schedule resume report.ipynb
  nightdesk schedule run report.ipynb
  nightdesk schedule rm report.ipynb"""


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="its name, or its id")


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="everybody's (admins)")


def _ticks_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--limit", metavar="N", type=count, default=20, help="so many (default: 20)")


def _rm_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def _when_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("when")
    when = group.add_mutually_exclusive_group()
    when.add_argument(
        "--cron",
        metavar="LINE",
        help="minute, hour, day of month, month, day of week, as the clocks of --zone show them; or @daily, "
        "@hourly, @weekly, @monthly, @yearly",
    )
    when.add_argument(
        "--every",
        metavar="TIME",
        type=seconds,
        help="each 90s, 15m, 2h or 1d, counted from now; at least 10s",
    )
    when.add_argument(
        "--on-push",
        action="store_true",
        help="when commits are pushed, by no clock: with --git, and after `nightdesk schedule hook`",
    )
    group.add_argument(
        "--zone",
        metavar="ZONE",
        help="the time zone, such as Europe/Berlin (default: this machine's where it says, else UTC)",
    )


def _how_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--parameter", metavar="NAME=VALUE", dest="parameters", action="append",
        default=[], help="a parameter, as for `nightdesk submit` (repeat for more)")  # fmt: skip
    parser.add_argument(
        "-P",
        "--parameters-file",
        metavar="FILE",
        help="a JSON file with parameters by name; what -p says counts more",
    )
    parser.add_argument(
        "--time-parameter",
        metavar="NAME",
        help="the parameter that gets the time it was due, such as 2026-11-22T06:30:00+01:00; code finds it in "
        "nightdesk.run.scheduled_at as well",
    )
    parser.add_argument(
        "--env",
        metavar="NAME[:VERSION|@CHANNEL]",
        help="NAME:VERSION pins one version; NAME@CHANNEL and NAME follow what is current when it is due "
        "(default: in a session its own version, elsewhere the platform's stable one)",
    )
    parser.add_argument("--size", metavar="SIZE", help="how much CPU and memory (default: the platform's)")
    parser.add_argument("--files", metavar="DIR", help="take a copy of this folder along, as for submit")
    parser.add_argument(
        "--name", metavar="NAME", help="what it and its runs are called (default: the file's name)"
    )
    parser.add_argument(
        "--priority", metavar="PRIORITY", choices=PRIORITIES, help="of its runs, as for submit"
    )
    parser.add_argument("--timeout", metavar="TIME", type=seconds, help="end a run after 90s, 30m, 2h or 1d")
    parser.add_argument("--retries", metavar="N", type=count, help="try a run so many times more if it fails")


def _place_arguments(parser: argparse.ArgumentParser) -> None:
    add_git_arguments(parser)
    parser.add_argument(
        "--live",
        metavar="PATH",
        help="instead of a copy: the file at this path in your home on the platform, read each time as it is then; "
        "--files is then a folder of your home",
    )


def _hook_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--off", action="store_true", help="pushes start nothing any more")


def _rule_arguments(parser: argparse.ArgumentParser) -> None:
    rules = parser.add_argument_group("rules")
    rules.add_argument(
        "--missed",
        choices=("skip", "once", "all"),
        help="for times at which the platform was away: nothing, one run for the last (default), or a run each",
    )
    rules.add_argument(
        "--catch-up", metavar="N", type=count, help="of --missed all: at most the last N (default: 10)"
    )
    rules.add_argument(
        "--overlap",
        choices=("skip", "queue", "replace"),
        help="while the run before is not over: leave the time out (default), wait for its end, or cancel it",
    )
    rules.add_argument(
        "--pause-after",
        metavar="N",
        type=count,
        help="pause it after N bad runs in a row (default: 5; 0: never)",
    )
    rules.add_argument(
        "--alert",
        choices=("on", "off"),
        help="tell its owner on their pages when a run does not succeed (default: on)",
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="the notebook or script")
    _place_arguments(parser)
    parser.add_argument(
        "--run", metavar="RUN", dest="of_run", help="instead of a file: what this run was handed over with"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show when it would be due")
    _how_arguments(parser)
    _when_arguments(parser)
    _rule_arguments(parser)


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--file", metavar="FILE", help="another notebook or script; --files goes with it")
    _place_arguments(parser)
    _how_arguments(parser)
    _when_arguments(parser)
    _rule_arguments(parser)


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
    "list": ("schedules, when they are due next and how they did last", _list_arguments, _list),
    "add": ("make a schedule", _add_arguments, _add),
    "show": ("one schedule", _which, _show),
    "set": ("change a schedule, or give it another file", _set_arguments, _set),
    "pause": ("nothing is due until it is resumed", _which, _pause),
    "resume": ("due again from now on", _which, _resume),
    "hook": ("have pushes to its repository start it", _hook_arguments, _hook),
    "run": ("a run now, besides the timetable", _which, _run),
    "ticks": ("when it was due and what became of it", _ticks_arguments, _ticks),
    "rm": ("forget a schedule; its runs stay", _rm_arguments, _rm),
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
