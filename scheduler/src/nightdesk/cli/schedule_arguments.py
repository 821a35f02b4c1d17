"""The options of `nightdesk schedule`."""

from __future__ import annotations

import argparse

from nightdesk.cli.commands.submit import add_git_arguments, count, seconds
from nightdesk.client.status import PRIORITIES


def which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="its name, or its id")


def list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="everybody's (admins)")


def ticks_arguments(parser: argparse.ArgumentParser) -> None:
    which(parser)
    parser.add_argument("--limit", metavar="N", type=count, default=20, help="so many (default: 20)")


def rm_arguments(parser: argparse.ArgumentParser) -> None:
    which(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask first")


def when_arguments(parser: argparse.ArgumentParser) -> None:
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


def how_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument(
        "--notify",
        metavar="WHEN",
        choices=("default", "never", "failure", "always"),
        help="tell its owner of a run's end never, on failure or always (default: as `nightdesk notify` says; with "
        "set, default has it so again)",
    )


def place_arguments(parser: argparse.ArgumentParser) -> None:
    add_git_arguments(parser)
    parser.add_argument(
        "--live",
        metavar="PATH",
        help="instead of a copy: the file at this path in your home on the platform, read each time as it is then; "
        "--files is then a folder of your home",
    )


def hook_arguments(parser: argparse.ArgumentParser) -> None:
    which(parser)
    parser.add_argument("--off", action="store_true", help="pushes start nothing any more")


def rule_arguments(parser: argparse.ArgumentParser) -> None:
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
        help="tell its owner on their pages when a time comes to nothing or its run does not succeed; by message "
        "when it made no run, or the schedule is paused (default: on)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="the notebook or script")
    place_arguments(parser)
    parser.add_argument(
        "--run", metavar="RUN", dest="of_run", help="instead of a file: what this run was handed over with"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show when it would be due")
    how_arguments(parser)
    when_arguments(parser)
    rule_arguments(parser)


def set_arguments(parser: argparse.ArgumentParser) -> None:
    which(parser)
    parser.add_argument("--file", metavar="FILE", help="another notebook or script; --files goes with it")
    place_arguments(parser)
    how_arguments(parser)
    when_arguments(parser)
    rule_arguments(parser)
