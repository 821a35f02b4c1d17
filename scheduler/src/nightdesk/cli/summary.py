"""How a run went, in a few lines."""

from __future__ import annotations

import sys

from nightdesk.cli import wording
from nightdesk.cli.table import show_facts
from nightdesk.cli.terminal import mark, paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Run

_OUTPUTS_SHOWN = 12


def show_submitted(run: Run) -> None:
    """What one needs after handing a run over."""
    usual = run.get("expected_seconds")
    print(f"run {run['id']} is {wording.status_words(run['status'])}: {plain(run['name'])}")
    show_facts(
        [
            ("in", f"{plain(wording.environment(run))}, size {plain(run['size'])}"),
            ("waits", plain(run.get("waiting") or "")),
            ("takes", f"usually {wording.duration(usual)}" if usual is not None else ""),
            ("page", run["url"]),
            ("follow", f"nightdesk logs {run['id']} -f"),
        ]
    )
    show_notes(run)


def show_notes(run: Run) -> None:
    """What the platform wants said about a run."""
    for note in run.get("notes") or []:
        print(f"  {paint('note', 'yellow')}  {plain(note)}")


def show_ending(run: Run) -> None:
    """A finished run: how it ended and why, where, and what it left."""
    taken = wording.run_duration(run)
    ended = f"{plain(run['name'])} {_ended(run['status'])}"
    if taken is not None:
        ended += f" {'in' if run['status'] == 'succeeded' else 'after'} {wording.duration(taken)}"
    print(f"{mark(run['status'] == 'succeeded')} {ended}")
    show_facts(
        [
            ("why", plain(run.get("reason") or "") if run["status"] != "succeeded" else ""),
            ("error", error_words(run)),
            ("outputs", _outputs(run)),
            ("page", run["url"]),
            ("fetch", f"nightdesk download {run['id']}" if run["outputs"] else ""),
        ]
    )


def error_words(run: Run) -> str:
    """`ValueError: no such column (cell 4)`, empty where no code failed."""
    error = run.get("error")
    if not error:
        return ""
    lines = error["message"].strip().splitlines()
    message = plain(lines[0]) if lines else ""
    # A message often begins with its own type, as in the last line of a traceback.
    words = message if message.startswith(error["type"]) else f"{plain(error['type'])}: {message}"
    return paint(words, "red") + (f" (cell {error['cell']})" if error.get("cell") else "")


def _ended(status: str) -> str:
    return {"cancelled": "was cancelled", "lost": "was lost"}.get(status, wording.status_words(status))


def _outputs(run: Run) -> str:
    shown = [f"{plain(output['name'])} ({wording.size(output['size'])})" for output in run["outputs"]]
    if len(shown) > _OUTPUTS_SHOWN:
        shown = [*shown[:_OUTPUTS_SHOWN], f"and {len(shown) - _OUTPUTS_SHOWN} more"]
    return ", ".join(shown)


def say(text: str) -> None:
    """A remark for a person, on stderr, where it disturbs no pipe."""
    print(text, file=sys.stderr, flush=True)
