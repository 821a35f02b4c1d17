"""nightdesk metrics"""

from __future__ import annotations

from nightdesk.cli.arguments import positive
from nightdesk.cli.connect import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from nightdesk.client.answers import MetricsOverRuns, RunMetrics

DESCRIPTION = """\
What the code of a run logged with nightdesk.log_metric, as far as it has come; or the last value of
each metric in all runs of a name."""

EXAMPLES = """\
  nightdesk metrics RUN
  nightdesk metrics RUN --metric loss
  nightdesk metrics --name training
  nightdesk metrics --name "training*" --owner all --limit 200 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", nargs="?", help="the run's id")
    parser.add_argument("--metric", metavar="METRIC", help="every value of this one, with its step")
    parser.add_argument("--name", metavar="NAME", help="over the runs of this name; * is any characters")
    parser.add_argument("--owner", metavar="WHO", help="with --name: me (default), all, or a name")
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="with --name: how many runs (default: 100)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask and show."""
    from nightdesk.client.errors import WrongUsage

    if (arguments.run_id is None) == (arguments.name is None):
        raise WrongUsage("either a RUN or --name NAME", "nightdesk metrics --help explains.")
    if arguments.name is not None and arguments.metric is not None:
        raise WrongUsage("--metric is about one run", "Leave it out: all metrics of the runs are shown.")
    with connect(arguments) as client:
        if arguments.name is not None:
            found = client.metrics.over_runs(arguments.name, arguments.owner, arguments.limit)
            _document(found) if arguments.json else _show_runs(found)
        else:
            metrics = client.metrics.of_run(arguments.run_id, arguments.metric)
            _document(metrics) if arguments.json else _show_run(metrics, arguments.metric)
    return 0


def _show_run(found: RunMetrics, metric: str | None) -> None:
    from nightdesk.cli.table import show_table
    from nightdesk.cli.terminal import plain

    if not found["metrics"]:
        from nightdesk.cli.summary import say

        say("the run has logged no metric" + ("" if metric is None else f" named {plain(metric)}"))
    elif metric is not None:
        points = found["metrics"][0]["points"]
        show_table(
            ("STEP", plain(metric).upper()), [(_number(step), _number(value)) for step, value in points]
        )
    else:
        rows = [
            (
                plain(one["name"]),
                *(_number(number) for number in (one["value"], one["step"], one["lowest"], one["highest"])),
                str(one["count"]),
            )
            for one in found["metrics"]
        ]
        show_table(("METRIC", "LAST", "AT STEP", "LOWEST", "HIGHEST", "VALUES"), rows, give=0)


def _show_runs(found: MetricsOverRuns) -> None:
    from nightdesk.cli.table import show_table
    from nightdesk.cli.terminal import plain
    from nightdesk.cli.wording import when

    if not found["metrics"]:
        from nightdesk.cli.summary import say

        say("no run of this name has logged a metric" if found["runs"] else "there is no run of this name")
        return
    rows = [
        (
            each["id"],
            when(each["created_at"]),
            each["status"],
            *(_number(each["metrics"].get(name)) for name in found["metrics"]),
        )
        for each in found["runs"]
    ]
    show_table(("RUN", "SUBMITTED", "STATUS", *(plain(name) for name in found["metrics"])), rows, give=1)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _document(data: object) -> None:
    from nightdesk.cli.document import show_json

    show_json(data)
