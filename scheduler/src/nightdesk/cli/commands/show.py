"""nightdesk show"""

from __future__ import annotations

import time

from nightdesk.cli import wording
from nightdesk.cli.connect import connect
from nightdesk.cli.failure import show_failure
from nightdesk.cli.progress import state_words
from nightdesk.cli.summary import error_words
from nightdesk.cli.table import show_facts
from nightdesk.cli.terminal import paint, plain
from nightdesk.client.status import FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import History, Run
    from nightdesk.client.platform import Client

DESCRIPTION = """\
Show one run: how it is or ended and why, what it runs in, its parameters, limits, attempts and
outputs; of one that failed the cell it failed in and the end of its log."""

EXAMPLES = """\
  nightdesk show RUN
  nightdesk show RUN --history
  nightdesk show RUN --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="the run's id")
    parser.add_argument(
        "--history", action="store_true", help="every change since it was submitted, with times"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the details."""
    with connect(arguments) as client:
        one = client.run(arguments.run_id)
        history = client.history(one["id"]) if arguments.history or one["attempt"] > 1 else None
        if arguments.json:
            from nightdesk.cli.document import show_json

            show_json({"run": one, **(history or {})} if arguments.history else one)
            return 0
        print(paint(plain(one["name"]), "bold"))
        show_facts(_facts(one, _used(client, one)))
        for output in one["outputs"]:
            print(f"    {wording.size(output['size']).rjust(8)}  {plain(output['name'])}")
        if history is not None:
            _show_attempts(one, history)
        if arguments.history and history is not None:
            _show_history(history)
        show_failure(client, one, with_log=True)
    return 0


def _show_attempts(one: Run, history: History) -> None:
    if one["attempt"] == 1:
        return
    print(f"  {paint('attempts', 'grey')}  (their logs and outputs: nightdesk logs, download --attempt N)")
    for attempt in history["attempts"]:
        words = f"    {attempt['attempt']}  {wording.status_words(attempt['status'])}"
        started, ended = wording.moment(attempt["started_at"]), wording.moment(attempt["finished_at"])
        if started is not None and ended is not None:
            words += f" after {wording.duration(ended - started)}"
        print(words + (f": {plain(attempt['reason'])}" if attempt["reason"] else ""))


def _show_history(history: History) -> None:
    print(f"  {paint('history', 'grey')}")
    for change in history["changes"]:
        reason = f": {plain(change['reason'])}" if change["reason"] else ""
        print(f"    {_local(change['at'])}  {plain(change['what'])}{reason}")


def _used(client: Client, one: Run) -> str:
    """What it takes now, or the most that it took."""
    if one.get("usage"):
        return wording.usage(client.usage(one["id"]))
    peak = one.get("peak_memory_bytes")
    return f"at most {wording.memory(peak)} of memory" if peak else ""


def _facts(one: Run, used: str) -> list[tuple[str, str]]:
    import json

    taken = wording.run_duration(one)
    rest = wording.left(one.get("expected_seconds"), taken) if one["status"] == "running" else ""
    parameters = [f"{plain(name)}={plain(json.dumps(value))}" for name, value in one["parameters"].items()]
    image = one["environment"]
    return [
        ("run", one["id"]),
        ("owner", plain(one["owner"])),
        ("status", " · ".join(part for part in (state_words(one), rest) if part)),
        ("why", plain(one.get("reason") or "") if one["status"] in FINAL else ""),
        ("error", error_words(one)),
        ("file", plain(one.get("file") or "")),
        ("environment", f"{plain(wording.environment(one))} ({image['digest']})"),
        ("kernel", plain(one.get("kernel") or "")),
        ("size", plain(one["size"])),
        ("parameters", ", ".join(parameters)),
        ("submitted", _local(one["created_at"])),
        ("started", _local(one["started_at"])),
        ("finished", _local(one["finished_at"])),
        ("took" if one["status"] in FINAL else "so far", "" if taken is None else wording.duration(taken)),
        ("used" if one["status"] in FINAL else "using", used),
        ("limits", _limits(one)),
        ("notes", "; ".join(plain(note) for note in one.get("notes") or [])),
        ("page", one["url"]),
        ("kept", _kept(one)),
        (
            "inputs",
            ", ".join(
                f"{plain(each['name'])} = {each['run']}/{plain(each['output'])}"
                for each in one.get("inputs") or []
            ),
        ),
        ("commit", _commit(one)),
        ("outputs", f"fetch them with: nightdesk download {one['id']}" if one["outputs"] else ""),
    ]


def _kept(one: Run) -> str:
    if removed := one.get("outputs_removed"):
        what = f"its outputs ({wording.size(removed['bytes'])}) were removed"
        return f"no: {what} on {_local(removed['at'])[:10]}, {plain(removed['why'])}"
    kept = one.get("kept")
    return f"yes, by {plain(kept['by'])}" if kept else ""


def _commit(one: Run) -> str:
    """`1a2b3c4d5e6f on main, with changes; https://git.example.org/team/models`"""
    git = one.get("git")
    if not git:
        return ""
    words = str(git["commit"])[:12] + (f" on {plain(git['branch'])}" if git.get("branch") else "")
    words += ", with changes" if git.get("dirty") else ""
    words += f"; {plain(git['remote'])}" if git.get("remote") else ""
    return words + (f", {plain(git['path'])}, fetched by the platform" if git.get("path") else "")


def _limits(one: Run) -> str:
    """`12h 00m, 30m 00s for a cell; retries: 2, after 10s; priority: high`"""
    parts = []
    if one.get("timeout_seconds"):
        parts.append(wording.duration(one["timeout_seconds"]))
    if cell := one.get("cell_timeout_seconds"):
        parts.append(f"{wording.duration(cell)} for a cell")
    words = [", ".join(parts)] if parts else []
    if one.get("retries"):
        words.append(
            f"retries: {one['retries']}, after {wording.duration(one.get('retry_wait_seconds') or 0)}"
        )
    if one.get("priority", "normal") != "normal":
        words.append(f"priority: {one['priority']}")
    return "; ".join(words)


def _local(text: str | None) -> str:
    at = wording.moment(text)
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
