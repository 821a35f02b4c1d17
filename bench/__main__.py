"""`make bench`: measure everything in turn, print one table (or, with --json, one document)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.platform import Platform, docker, remove, start

from .contenders import Contender, Engine, Papermill, Rest, Submit, Target
from .memory import idle_memory
from .report import table
from .rounds import race

ROUNDS = 12


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    options = read(arguments)
    with tempfile.TemporaryDirectory(prefix="nightdesk-bench-") as folder:
        if options.url:
            found = measure(running(options.url), Path(folder), options.rounds)
        else:
            found = on_its_own(Path(folder), options.rounds)
    print(json.dumps(found, indent=2) if options.json else table(found))
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"of each contender in turn (default {ROUNDS})"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument(
        "--url",
        help="measure the running platform at this address (…/services/nightdesk) instead of one of its "
        "own; its token comes from NIGHTDESK_TOKEN or from the login file of `make up`",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def on_its_own(folder: Path, rounds: int) -> dict[str, Any]:
    """Everything, on a platform that is started for it with the settings as shipped."""
    say("starting a platform")
    platform = start(folder, as_shipped=True)
    try:
        say("waiting until its memory has settled")
        memory = idle_memory(platform.project)
        return measure(target_of(platform), folder, rounds) | {"memory": memory}
    finally:
        say("removing the platform")
        remove(platform.project)


def measure(target: Target, folder: Path, rounds: int) -> dict[str, Any]:
    """The race."""
    contenders: list[Contender] = [
        Papermill(folder, alone=True),
        Submit(target, folder),
        Rest(target),
        Papermill(folder, alone=False),
        Engine(),
    ]
    say(f"{rounds} rounds of {', '.join(one.name for one in contenders)}")
    return {
        "machine": {
            "cores": os.cpu_count(),
            "engine": docker("version", "--format", "{{.Server.Version}}").strip(),
        },
        "rounds": rounds,
        "seconds": race(contenders, rounds, say),
    }


def target_of(platform: Platform) -> Target:
    """The platform as its admin uses it."""
    return Target(platform.url, platform.admin_token)


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
