"""`make bench`: measure everything in turn, print one table (or, with --json, one document)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.bucket_platform import a_bucket, kept_in
from tests.support.platform import Platform, docker, remove, start

from .contenders import Contender, Engine, Papermill, Rest, Submit, Target
from .images import images
from .memory import idle_memory
from .morning import morning
from .opening import large_notebook
from .pipeline_steps import steps_alone
from .pipelines import many_steps
from .report import table
from .rounds import race
from .scale import scale
from .schedules import many_schedules
from .store import store
from .sweeps import sweep_of_two_hundred
from .throughput import throughput
from .window import GOING_ON, first_paint, live

ROUNDS = 12
RUNS = 200
STORE_MEGABYTES = 5 * 1024
PARTS = (
    "memory",
    "one",
    "images",
    "morning",
    "throughput",
    "scale",
    "schedules",
    "sweeps",
    "opening",
    "steps",
    "pipelines",
    "lists",
    "store",
    "live",
)  # in this order: memory is that of a platform at rest


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    options = read(arguments)
    found: dict[str, Any] = {"machine": machine()}
    try:
        with tempfile.TemporaryDirectory(prefix="nightdesk-bench-") as folder:
            if set(options.only) <= {"schedules", "sweeps", "steps", "opening"}:  # need no platform
                without_platform(Path(folder), options, found)
            elif options.url:
                found |= race_of(running(options.url), Path(folder), options.rounds)
            elif options.state:
                measure(Platform(options.state), Path(folder), options, found)
            else:
                on_its_own(Path(folder), options, found)
    finally:  # what was measured before a part failed took minutes
        print(json.dumps(found, indent=2) if options.json else table(found))
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=list(PARTS),
        metavar="PART,PART",
        help=f"some of: {', '.join(PARTS)} (default: all)",
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"of each contender in turn (default {ROUNDS})"
    )
    parser.add_argument(
        "--runs", type=int, default=RUNS, help=f"queued at once for the throughput (default {RUNS})"
    )
    parser.add_argument(
        "--store-size",
        type=int,
        default=STORE_MEGABYTES,
        metavar="MB",
        help=f"megabytes that go into the store and out of it (default {STORE_MEGABYTES})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument(
        "--url",
        help="measure the running platform at this address (…/services/nightdesk) instead of one of its "
        "own, only one notebook at a time; its token comes from NIGHTDESK_TOKEN or from the login file "
        "of `make up`",
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="measure the platform of `setup/up.sh --state DIR`; its database keeps what is filled in",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.runs < 10:
        parser.error("--runs must be at least 10: there are ten people")
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}, but {', '.join(PARTS)}")
    return options


def on_its_own(folder: Path, options: argparse.Namespace, found: dict[str, Any]) -> None:
    """Everything, on a platform that is started for it with the settings as shipped."""
    if set(options.only) != {"live"}:
        say("starting a platform")
        platform = start(folder, as_shipped=True)
        try:
            measure(platform, folder, options, found)
        finally:
            say("removing the platform")
            remove(platform.project)
    if "store" in options.only:
        say("starting a platform on a bucket")
        with a_bucket() as server:
            (folder / "bucket").mkdir()
            platform = start(folder / "bucket", as_shipped=True, **kept_in(server))
            try:
                found["store"].append(store(platform, folder, options.store_size, server, say))
            finally:
                say("removing the platform")
                remove(platform.project)
    if "live" in options.only:
        say(f"starting a platform with {GOING_ON} slots")
        (folder / "slots").mkdir()
        platform = start(folder / "slots", runs={"slots": GOING_ON})
        try:
            found["live"] = live(platform, folder, say)
        finally:
            say("removing the platform")
            remove(platform.project)


def measure(platform: Platform, folder: Path, options: argparse.Namespace, found: dict[str, Any]) -> None:
    """The parts that were asked for, each put into `found` once it is measured."""
    if "memory" in options.only and not options.state:
        say("waiting until its memory has settled")
        found["memory"] = idle_memory(platform.project)
    if "one" in options.only:
        found |= race_of(Target(platform.url, platform.admin_token), folder, options.rounds)
    if "images" in options.only:
        found["images"] = images(platform, folder, say)
    if "morning" in options.only:
        found["morning"] = morning(platform, folder, say)
    if "throughput" in options.only:
        found["throughput"] = throughput(platform, folder, options.runs, say)
    if "scale" in options.only:
        found["scale"] = scale(platform, say)
    without_platform(folder, options, found)
    if "lists" in options.only:
        found["lists"] = first_paint(platform, folder, say)
    if "pipelines" in options.only:
        found["pipelines"] = many_steps(platform, folder, say)
    if "store" in options.only:
        found["store"] = [store(platform, folder, options.store_size, None, say)]


def without_platform(folder: Path, options: argparse.Namespace, found: dict[str, Any]) -> None:
    """The parts that have a database of their own."""
    if "schedules" in options.only:
        found["schedules"] = many_schedules(folder, say)
    if "steps" in options.only:
        found["steps"] = steps_alone(folder, say)
    if "sweeps" in options.only:
        found["sweeps"] = sweep_of_two_hundred(folder, say)
    if "opening" in options.only:
        found["opening"] = large_notebook(folder, say)


def race_of(target: Target, folder: Path, rounds: int) -> dict[str, Any]:
    """One notebook at a time, by every contender in turn."""
    contenders: list[Contender] = [
        Papermill(folder, alone=True),
        Submit(target, folder),
        Rest(target),
        Papermill(folder, alone=False),
        Engine(),
    ]
    say(f"{rounds} rounds of {', '.join(one.name for one in contenders)}")
    return {"rounds": rounds, "seconds": race(contenders, rounds, say)}


def machine() -> dict[str, Any]:
    """What all of it was measured on."""
    return {"cores": os.cpu_count(), "engine": docker("version", "--format", "{{.Server.Version}}").strip()}


def running(url: str) -> Target:
    """A platform that is there. Exits with words when there is no token for it."""
    if token := os.environ.get("NIGHTDESK_TOKEN"):
        return Target(url, token)
    login = Path(sys.prefix) / "etc/nightdesk/login.json"
    held = json.loads(login.read_text("utf-8")) if login.exists() else {}
    if held.get("url") != url:
        sys.exit(f"nightdesk: no token for {url}.\n  Set NIGHTDESK_TOKEN to one made on its page /hub/token.")
    return Target(url, str(held["token"]))


def say(words: str) -> None:
    """One line for whoever waits."""
    print(f"  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
