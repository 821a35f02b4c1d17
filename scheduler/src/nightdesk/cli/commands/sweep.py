"""nightdesk sweep"""

from __future__ import annotations

import argparse
import sys

from nightdesk.cli.arguments import positive
from nightdesk.cli.commands.submit import count, packed, parameters_of, seconds
from nightdesk.cli.connect import connect
from nightdesk.client.errors import WrongUsage
from nightdesk.client.status import PRIORITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.platform import Client
    from nightdesk.client.sweep_answers import Sweep, SweepPreview

DESCRIPTION = """\
One notebook or script with many sets of parameters: each combination of some values, a list,
values drawn by chance, or the rows of a table. Their runs share one page with a table of
parameters against what the code logs with nightdesk.log_metric, and the best is marked."""

EXAMPLES = """\
  nightdesk sweep run train.ipynb --grid lr=0.1,0.01 --grid depth=2,4,8 --metric accuracy
  nightdesk sweep run train.ipynb --list 'lr=0.1 depth=2' --list 'lr=0.01 depth=8'
  nightdesk sweep run train.ipynb --random 40 --draw lr=loguniform:0.0001,0.1 --draw depth=int:1,8
  nightdesk sweep run train.ipynb --csv points.csv --at-most 4 -p year=2026 --wait
  nightdesk sweep run train.ipynb --grid lr=0.1,0.01 --dry-run
  nightdesk sweep list
  nightdesk sweep show SWEEP --sort=-accuracy
  nightdesk sweep best SWEEP --metric loss --goal min
  nightdesk sweep stop SWEEP"""


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", help="its id")


def _points_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sets of parameters, one way of")
    group.add_argument(
        "--grid",
        metavar="NAME=VALUE,VALUE",
        action="append",
        default=[],
        help="values of one parameter (repeat for more): each combination is a run; a JSON list for values with commas",
    )
    group.add_argument(
        "--list",
        metavar="'NAME=VALUE …'",
        dest="points",
        action="append",
        default=[],
        help="one set of parameters (repeat for more)",
    )
    group.add_argument("--random", metavar="N", type=positive, help="so many, drawn as --draw says")
    group.add_argument(
        "--csv", metavar="FILE", help="a table: its first line names parameters, each further line is a run"
    )
    group.add_argument(
        "--draw",
        metavar="NAME=KIND:VALUES",
        dest="draws",
        action="append",
        default=[],
        help="with --random: uniform:LOW,HIGH, loguniform:LOW,HIGH, int:LOW,HIGH or choice:VALUE,VALUE",
    )
    group.add_argument("--seed", metavar="N", type=count, help="with --random: the same seed draws the same")


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the notebook or script")
    _points_arguments(parser)
    parser.add_argument("-p", "--parameter", metavar="NAME=VALUE", dest="parameters", action="append",
        default=[], help="a parameter that is the same for all runs (repeat for more)")  # fmt: skip
    parser.add_argument(
        "-P", "--parameters-file", metavar="FILE", help="a JSON file with such parameters by name"
    )
    parser.add_argument("--at-most", metavar="N", type=positive, help="let so many of it run at once")
    parser.add_argument("--metric", metavar="METRIC", help="what the best is by")
    parser.add_argument("--goal", choices=("max", "min"), help="which value of it is the best (default: max)")
    parser.add_argument(
        "--dry-run", action="store_true", help="check it and say how many runs there would be"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    parser.add_argument("--wait", action="store_true", help="follow it until all runs are over")
    parser.add_argument("--env", metavar="NAME[:VERSION|@CHANNEL]", help="as for submit")
    parser.add_argument("--size", metavar="SIZE", help="how much CPU and memory each run has")
    parser.add_argument("--files", metavar="DIR", help="take this folder along, as for submit")
    parser.add_argument("--name", metavar="NAME", help="what it and its runs are called")
    parser.add_argument("--priority", metavar="PRIORITY", choices=PRIORITIES, help="of its runs")
    parser.add_argument("--timeout", metavar="TIME", type=seconds, help="end a run after 90s, 30m, 2h or 1d")
    parser.add_argument("--retries", metavar="N", type=count, help="try a run so many times more if it fails")
    parser.add_argument(
        "--key", metavar="KEY", help="with the same key twice there is one sweep all the same"
    )


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="all that you may see")
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=20, help="at most so many (default: 20)"
    )


def _metric_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--metric", metavar="METRIC", help="what the best is by (default: the sweep's)")
    parser.add_argument("--goal", choices=("max", "min"), help="which value of it is the best")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _metric_arguments(parser)
    parser.add_argument(
        "--sort", metavar="NAME", help="by this metric or parameter; --sort=-NAME the other way round"
    )


def _stop_arguments(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--waiting-only", action="store_true", help="let go on what has started")


def _run(arguments: argparse.Namespace) -> int:
    """Say how many runs there would be, and make them."""
    from nightdesk.cli.sweep_wording import show_preview, show_sweep

    wanted = _wanted(arguments)
    with connect(arguments) as client:
        preview = client.sweeps.preview(arguments.file, **wanted)
        if arguments.dry_run:
            if arguments.json:
                return _json(preview)
            show_preview(preview)
            return 0
        if preview["seed"] is not None:
            wanted["random"]["seed"] = preview["seed"]  # what was shown is what is made
        if not _agreed(arguments, preview):
            return 1
        if arguments.key is not None:
            wanted["key"] = arguments.key
        archive = None if arguments.files is None else packed(arguments.files, arguments.file)
        try:
            made = client.sweeps.make(arguments.file, files=archive, **wanted)
        finally:
            if archive is not None:
                archive.close()
        if arguments.wait:
            return _follow(client, made, as_json=arguments.json)
    if arguments.json:
        return _json(made)
    show_sweep(made)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    """Sweeps, the newest first."""
    with connect(arguments) as client:
        found = list(client.sweeps.listed("all" if arguments.all else "me", arguments.limit))
    if arguments.json:
        return _json({"sweeps": found})
    from nightdesk.cli.sweep_wording import show_list

    show_list(found, owners=arguments.all)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """One sweep with the table of its runs; the best one has a star."""
    with connect(arguments) as client:
        found = client.sweeps.show(arguments.sweep, metric=arguments.metric, goal=arguments.goal)
    if arguments.json:
        return _json(found)
    from nightdesk.cli.sweep_wording import show_sweep

    show_sweep(found, arguments.sort)
    return 0


def _best(arguments: argparse.Namespace) -> int:
    """The run with the best value of the metric so far. 1 where there is none."""
    from nightdesk.cli.summary import say
    from nightdesk.cli.sweep_wording import best_of, said_best

    with connect(arguments) as client:
        found = client.sweeps.show(arguments.sweep, metric=arguments.metric, goal=arguments.goal)
    best = best_of(found)
    if best is None:
        named = found["metric"]
        has = ", ".join(found.get("metrics", [])) or "none yet"
        say(
            f"no run of it has succeeded and logged '{named}'; logged: {has}"
            if named
            else f"say by which metric: --metric METRIC; logged: {has}"
        )
        return _json(None) or 1 if arguments.json else 1
    if arguments.json:
        return _json({**best, "metric": found["metric"], "goal": found["goal"]})
    print(said_best(found, best))
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    """End what of a sweep is not over; what is over stays."""
    with connect(arguments) as client:
        stopped = client.sweeps.stop(arguments.sweep, waiting_only=arguments.waiting_only)
    if arguments.json:
        return _json({"stopped": stopped})
    print("nothing of it was left to stop" if not stopped else f"{stopped} {_runs(stopped)} asked to end")
    return 0


COMMANDS = {
    "run": ("run a file with many sets of parameters", _run_arguments, _run),
    "list": ("sweeps, the newest first", _list_arguments, _list),
    "show": ("one sweep with its table", _show_arguments, _show),
    "best": ("the best run of a sweep", _metric_arguments, _best),
    "stop": ("end the rest of a sweep", _stop_arguments, _stop),
}


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was said; what was not is left out."""
    from nightdesk.cli.sweep_values import wish_of

    if arguments.goal is not None and arguments.metric is None:
        raise WrongUsage("--goal goes with --metric METRIC")
    named = {
        "environment": arguments.env,
        "size": arguments.size,
        "name": arguments.name,
        "priority": arguments.priority,
        "timeout_seconds": arguments.timeout,
        "retries": arguments.retries,
        "at_most": arguments.at_most,
        "metric": arguments.metric,
        "goal": arguments.goal,
    }
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    parameters, _ = parameters_of(arguments.parameters, arguments.parameters_file)
    return {**wanted, **wish_of(arguments), "parameters": parameters, "parameters_are_text": True}


def _agreed(arguments: argparse.Namespace, preview: SweepPreview) -> bool:
    """Say how many runs there will be; on a terminal ask whether to send them."""
    from nightdesk.cli.summary import say
    from nightdesk.cli.sweep_wording import summed

    words = summed(preview["said"], preview["at_most"], preview["environment"])
    if arguments.yes or arguments.json or not sys.stdin.isatty():
        say(words)
        return True
    say(f"{words}. Send? Type yes: ")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    say("nothing was sent")
    return False


def _follow(client: Client, made: Sweep, *, as_json: bool) -> int:
    """Wait for all of its runs. 0 only where all of them have succeeded."""
    from nightdesk.cli.summary import say
    from nightdesk.cli.sweep_wording import counts, show_sweep

    say(f"sweep {made['id']}: {made['url']}")
    said = ""
    try:
        for event in client.sweeps.events(made["id"], patient=True):
            now = counts(event.data["counts"])
            if now != said:
                said = now
                say(f"  {now}")
    except KeyboardInterrupt:
        say(f"no longer following; the sweep goes on. Look: nightdesk sweep show {made['id']}")
        say(f"  end the rest: nightdesk sweep stop {made['id']}")
        return 1
    ended = client.sweeps.show(made["id"])
    if as_json:
        _json(ended)
    else:
        show_sweep(ended)
    return 0 if set(ended["counts"]) == {"succeeded"} else 1


def _runs(number: int) -> str:
    return "run was" if number == 1 else "runs were"


def _json(document: Any) -> int:
    from nightdesk.cli.document import show_json

    show_json(document)
    return 0
