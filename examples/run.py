"""Run the four examples as whoever is signed in, and say what each produced.

    examples/run.py [--small] [NAME…]

It needs a connection `production` to a PostgreSQL that you may write to; `make examples` sets all of it up from
nothing. Everything goes through the command `nightdesk`, so each line that is shown may be typed as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BESIDE = Path(sys.executable).with_name("nightdesk")
NIGHTDESK = str(BESIDE) if BESIDE.exists() else "nightdesk"
LOG_LINES = 6


class Failed(Exception):
    """A command did not do what the example needs; the words say why."""


def nightdesk(folder: Path, *arguments: str) -> Any:
    """One command in the example's folder, shown as it is typed; its JSON."""
    shown = " ".join(f'"{each}"' if " " in each or "*" in each else each for each in arguments)
    print(f"\n  {folder.name}$ nightdesk {shown}", flush=True)
    done = subprocess.run(
        [NIGHTDESK, *arguments, "--json"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    document = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode:
        raise Failed(told(document) or done.stderr.strip()[-2000:] or f"it ended with {done.returncode}")
    return document


def nightdesk_quietly(*arguments: str) -> Any:
    """The JSON of a command that only looks."""
    done = subprocess.run([NIGHTDESK, *arguments, "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def told(document: Any) -> str:
    """Why a run did not succeed, with the end of its log."""
    if not isinstance(document, dict) or not document.get("reason"):
        return ""
    log = subprocess.run(
        [NIGHTDESK, "logs", document["id"]], capture_output=True, text=True, check=False
    ).stdout
    return f"{document['name']} {document['status']}: {document['reason']}\n{log[-2000:]}"


def submit(folder: Path, file: str, *options: str, **parameters: object) -> dict[str, Any]:
    """A run that has succeeded, and the last lines that it printed."""
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    run: dict[str, Any] = nightdesk(folder, "submit", file, "--files", ".", *given, *options, "--watch")
    show(run)
    return run


def show(run: dict[str, Any]) -> None:
    """What the run printed last, what it logged, and what it left."""
    log = subprocess.run([NIGHTDESK, "logs", run["id"]], capture_output=True, text=True, check=False).stdout
    for line in log.splitlines()[-LOG_LINES:]:
        print(f"    {line}")
    left = [
        each["name"] for each in run.get("outputs", []) if each["name"] not in {"log.txt", "manifest.json"}
    ]
    print(f"    → {run['status']}, run {run['id']}: {', '.join(left) or 'nothing but its log'}", flush=True)


def phone_quality(folder: Path, small: bool) -> None:
    """Scripts: each day's calls update the prediction of each person's best number."""
    today = datetime.now(UTC).date()
    days = 2 if small else 4
    first = today - timedelta(days=days - 1)
    seed = {"people": 800, "days": 40} if small else {}
    submit(folder, "seed.py", until=first, **seed)
    for day in (first + timedelta(days=each) for each in range(days)):
        submit(folder, "call.py", day=day)
        submit(folder, "update.py", day=day)
    scheduled(folder, "update.py", "30 21 * * *", "day")


def scheduled(folder: Path, file: str, cron: str, parameter: str) -> None:
    """How it goes on by itself: the next times are shown, nothing is kept."""
    when = ["--cron", cron, "--zone", "America/New_York", "--time-parameter", parameter, "--dry-run"]
    along = [] if file == "pipeline.yaml" else ["--files", "."]  # a pipeline takes its folder along by itself
    found = nightdesk(folder, "schedule", "add", file, *along, *when)
    for tick in found["ticks"][:2]:
        print(f"    → due {tick['local']} {found['zone']}")


def donation_propensity(folder: Path, small: bool) -> None:
    """Notebooks all the way: each month a pipeline of five prepares, trains, predicts, validates and summarises."""
    folder = folder / "monthly"
    for month in ("2026-10", "2026-11"):
        submit(folder, "seed.py", month=month, **({"donors": 3000} if small else {}))
        pipeline = nightdesk(folder, "pipeline", "run", "pipeline.yaml", "-p", f"month={month}", "--wait")
        for step in pipeline["steps"]:
            print(f"    {step['name']:<10} {step['status']}")
            if step["run"] and step["name"] in {"train", "validate", "summarise"}:
                show(nightdesk_quietly("show", step["run"]))
        print(f"    → {pipeline['status']}, pipeline {pipeline['id']}: {pipeline['url']}")
    scheduled(folder, "pipeline.yaml", "0 3 1 * *", "month")


def issue_positions(folder: Path, small: bool) -> None:
    """A package: ten models at once, which share all but one page, as a sweep over issues."""
    submit(folder, "seed.py", **({"people": 6000} if small else {}))
    names = {each["name"] for each in nightdesk_quietly("env", "list")["environments"]}
    where = ["--env", "issue-models"] if "issue-models" in names else ["--files", "."]
    which = ["--grid", "issue=climate,taxes,wages"] if small else ["--csv", "issues.csv"]
    sweep = nightdesk(
        folder, "sweep", "run", "model.ipynb", *which, *where, "--metric", "auc", "--yes", "--wait"
    )
    for member in sweep["members"]:
        metrics = member["metrics"]
        print(
            f"    {member['parameters']['issue']:<12} {member['status']:<10} AUC {metrics.get('auc', 0):.3f}  "
            f"support {metrics.get('said', 0):.0%} of {metrics.get('answers', 0):.0f} answers"
        )
    print(f"    → sweep {sweep['id']}: {sweep['url']}")
    if any(member["status"] != "succeeded" for member in sweep["members"]):
        raise Failed("not every model came to its end")
    submit(folder, "overview.py")


def service_requests_311(folder: Path, small: bool) -> None:
    """Several tools: a text model from a notebook, retrained through the day; a new one goes live only if it is better."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    submit(folder, "seed.py", until=start.isoformat(), **({"days": 10, "hourly": 25} if small else {}))
    submit(folder, "retrain.py", at=start.isoformat())
    for hours in (6, 18) if small else (6, 18, 24, 36):
        moment = (start + timedelta(hours=hours)).isoformat()
        submit(folder, "arrive.py", until=moment)
        submit(folder, "retrain.py", at=moment)
    scheduled(folder, "retrain.py", "0 */3 * * *", "at")


EXAMPLES = {
    "phone-quality": phone_quality,
    "donation-propensity": donation_propensity,
    "issue-positions": issue_positions,
    "service-requests-311": service_requests_311,
}


def main(arguments: list[str]) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXAMPLES)} (default: all)")
    parser.add_argument("--small", action="store_true", help="with little data: a minute or two")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.names) - EXAMPLES.keys():
        parser.error(f"there is no example {sorted(unknown)[0]!r}; there is: {', '.join(EXAMPLES)}")
    for name in wanted.names or EXAMPLES:
        example = EXAMPLES[name]
        print(f"\n{name}: {example.__doc__}", flush=True)
        try:
            example(HERE / name, wanted.small)
        except Failed as problem:
            print(f"\nnightdesk: the example {name} did not succeed: {problem}", file=sys.stderr)
            return 1
    print("\nWhat stands in the production database now")
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "look.py"
        script.write_text(LOOK, "utf-8")
        run = nightdesk(Path(place), "submit", "look.py", "--watch")
    print(subprocess.run([NIGHTDESK, "logs", run["id"]], capture_output=True, text=True, check=False).stdout)
    return 0


LOOK = """\
import nightdesk
from sqlalchemy import inspect, text

engine = nightdesk.connect("production")
with engine.connect() as connection:
    for schema in inspect(engine).get_schema_names():
        for table in sorted(inspect(engine).get_table_names(schema)) if schema in SCHEMAS else ():
            count = connection.execute(text(f'select count(*) from "{schema}"."{table}"')).scalar()
            print(f"  {schema + '.' + table:<34} {count:>9,} rows")
""".replace("SCHEMAS", repr(["phone", "donations", "issues", "requests_311"]))

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
