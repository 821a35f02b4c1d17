"""Following a run to its end."""

from __future__ import annotations

from nightdesk.cli.progress import display
from nightdesk.cli.summary import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nightdesk.client.answers import Run
    from nightdesk.client.platform import Client


class Interrupted(Exception):
    """Somebody pressed Ctrl-C while following; the run goes on. `run` is its last known state."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


def watch(client: Client, run: Run) -> Run:
    """Show a run's progress and output on stderr until it ends; returns it as it ended. Raises Interrupted."""
    shown = display()
    last = run
    try:
        shown.run(run)
        for event in client.events(run["id"], waiting=shown.waiting, patient=True):
            if event.kind == "log":
                shown.log(event.data)
            elif event.kind in ("run", "end"):
                last = event.data
                shown.run(last)
    except KeyboardInterrupt:
        shown.close()
        raise Interrupted(last) from None
    except BaseException:
        shown.close()
        raise
    shown.close()
    return last


def say_interrupted(run: Run) -> None:
    """What to do about a run that one has stopped looking at."""
    say(f"\nno longer following; the run goes on. Its page: {run['url']}")
    say(f"  follow it again: nightdesk logs {run['id']} -f")
    say(f"  end it:          nightdesk cancel {run['id']}")
