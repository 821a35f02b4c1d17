"""How schedules and their ticks are said."""

from __future__ import annotations

from nightdesk.cli.table import show_facts, show_table
from nightdesk.cli.terminal import plain
from nightdesk.cli.wording import duration, moment, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from nightdesk.client.schedule_answers import NextTick, Schedule, SchedulePreview, Tick

_MISSED = {
    "skip": "times at which the platform was away are skipped",
    "once": "one run for all times at which the platform was away",
    "all": "a run for each time at which the platform was away, at most the last {}",
}
_OVERLAP = {
    "skip": "a time is left out while the run before is not over",
    "queue": "a time waits while the run before is not over",
    "replace": "the run before is cancelled when the next is due",
}
_NOTIFY = {
    None: "as its owner said: nightdesk notify",
    "never": "of no run's end",
    "failure": "of runs that do not succeed",
    "always": "of each run's end",
}
_VERSION = {"pinned": "always this version", "followed": "the version that is current when it is due"}


def show_list(found: Sequence[Schedule], *, owners: bool) -> None:
    """One a line."""
    if not found:
        print('no schedules; make one: nightdesk schedule add FILE --cron "30 6 * * *"')
        return
    rows = []
    for each in found:
        last = each["last"]
        row = [each["name"], each["when"], "paused" if each["paused"] else here(each["next_at"])]
        row.append("-" if last is None else f"{last['state'].replace('_', ' ')}, {here(last['at'])}")
        rows.append([*([each["owner"]] if owners else []), *row, each["id"]])
    show_table((*(("OWNER",) if owners else ()), "NAME", "WHEN", "NEXT", "LAST", "ID"), rows)


def show_schedule(found: Schedule) -> None:
    """All of one."""
    paused, record, last = found["paused"], found.get("record"), found["last"]
    print(f"schedule {found['id']}: {plain(found['name'])}, {found['url']}")
    source = found["source"]
    files = f", with {source['files']} files along" if source["files"] else ""
    show_facts(
        [
            ("when", found["when"]),
            ("paused", f"since {here(paused['at'])}: {plain(paused['why'])}" if paused else ""),
            ("owner", plain(found["owner"])),
            (
                "runs",
                f"a snapshot of {plain(found['file'])}, taken on {here(source['taken_at'])} "
                f"({size(source['bytes'])}){files}"
                if source["kind"] == "snapshot"
                else plain(source["words"]),
            ),
            ("pushes", "start a run" if source.get("hook") else ""),
            (
                "environment",
                f"{found['environment']} ({_VERSION[found['version_is']]})",
            ),
            ("size", found["size"] or "the platform's default"),
            ("parameters", ", ".join(f"{plain(k)}={plain(str(v))}" for k, v in found["parameters"].items())),
            ("time given as", found["time_parameter"] or ""),
            ("if missed", _MISSED[found["missed"]].format(found["catch_up"])),
            ("if it overlaps", _OVERLAP[found["overlap"]]),
            (
                "if it fails",
                (f"paused after {found['pause_after']} in a row" if found["pause_after"] else "goes on")
                + (", its owner is told" if found["alert"] else ""),
            ),
            ("notifies", _NOTIFY.get(found.get("notify"), "")),
            ("last", f"{last['state'].replace('_', ' ')}, {here(last['at'])}" if last else ""),
            ("record", _record(found) if record else ""),
        ]
    )
    if found.get("next_ticks"):
        show_next(found["next_ticks"], found["zone"])


def show_preview(preview: SchedulePreview) -> None:
    """When it would be due."""
    print(preview["when"])
    show_next(preview["ticks"], preview["zone"])


def show_next(ticks: Sequence[NextTick], zone: str) -> None:
    """The next times, as clocks there show them."""
    print(f"due next ({zone}):")
    for tick in ticks:
        print(f"  {tick['local'][:16].replace('T', ' ')} {tick['local'][19:]}")


def show_ticks(found: Sequence[Tick]) -> None:
    """One a line."""
    rows = []
    for tick in found:
        took = "-" if tick["took_seconds"] is None else duration(tick["took_seconds"])
        words = tick["words"] or (f"asked for by {tick['by']}" if tick["by"] else "")
        rows.append((here(tick["at"]), tick["state"].replace("_", " "), took, tick["run"] or "-", words))
    show_table(("DUE", "BECAME", "TOOK", "RUN", ""), rows, give=4)


def here(text: str | None) -> str:
    """A time on this machine's clock."""
    import time

    at = moment(text)
    return "-" if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _record(found: Schedule) -> str:
    record = found["record"]
    if record["success_rate"] is None:
        return f"nothing in {record['days']} days"
    parts = [f"{count} {state.replace('_', ' ')}" for state, count in record["ticks"].items()]
    return f"{record['success_rate']:.0%} good in {record['days']} days ({', '.join(parts)})"
